"""How the answerer without a language model does: questions whose right answers were written down beforehand.

    python benchmarks/offline_answers.py --redis redis://localhost:6379 [--show]

Each question goes through the chat as a user of its own, behind what that user said before it, in the sample world or
beside documents of other fields. The second set was written, and first run, after the answerer had been fitted to the
first. "right": all that was expected is there and nothing of what must not be; "unknown": it says that it does not
know; "wrong": the rest, and any answer to a question that nothing answers.
"""

from __future__ import annotations

import argparse
import json
import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import redis

from semcache import samples
from semcache.chat import Answer, ChatEngine
from semcache.chat.stores import Stores
from semcache.embed.opening import default_embedder
from semcache.knowledge import Upsert
from semcache.llm import open_llm
from semcache.settings import load_settings

DATA = Path(__file__).parents[1] / "tests" / "data" / "answering"


def documents(world: str) -> list[Upsert]:
    """The documents of the sample world, or those of another field."""
    if world == "sample":
        return [Upsert(d.document, d.text, d.title, d.version) for d in samples.documents()]
    rows = map(json.loads, (DATA / "documents.jsonl").read_text("utf-8").splitlines())
    return [Upsert(row["id"], row["text"], row["title"]) for row in rows if row["world"] == world]


def opened(url: str, world: str) -> ChatEngine:
    """A chat without a model, in a namespace of its own."""
    embedder = default_embedder()
    settings = load_settings(namespace=f"answers-{uuid.uuid4().hex[:8]}", redis_url=url, llm_calls_per_minute=0)
    client = redis.Redis.from_url(url)
    Stores(client, embedder, settings).knowledge.apply(documents(world))
    return ChatEngine(client, llm=open_llm(settings.llm, embedder=embedder), embedder=embedder, settings=settings)


def asked(engine: ChatEngine, row: Mapping[str, Any], *, user: str) -> Answer:
    """The answer to a question behind what was said before it."""
    for said in row.get("before", ()):
        engine.ask(said, user=user, session="only")
    return engine.ask(row["question"], user=user, session="only")


def verdict(row: Mapping[str, Any], text: str, *, known: bool) -> str:
    """right, unknown or wrong. What is expected may be written in several ways: `one|1`."""
    found = all(any(way in text for way in part.split("|")) for part in row["right"])
    right = found and not any(part in text for part in row["never"])
    if not row["right"]:
        return "wrong" if known else "right"
    return "right" if right else "unknown" if not known else "wrong"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--redis", default="redis://localhost:6379")
    arguments.add_argument("--show", action="store_true", help="list what is not right")
    arguments.add_argument("--set", choices=["first", "second", "third", "fourth"], help="one of the sets alone")
    arguments.add_argument("--world", help="one world alone")
    given = arguments.parse_args()
    rows = [json.loads(line) for line in (DATA / "judged.jsonl").read_text("utf-8").splitlines()]
    rows = [row for row in rows if given.set in (None, row["set"]) and given.world in (None, row["world"])]
    engines = {world: opened(given.redis, world) for world in sorted({row["world"] for row in rows})}
    verdicts: dict[str, Counter[str]] = {}
    for number, row in enumerate(rows):
        found = asked(engines[row["world"]], row, user=f"user-{number}")
        judged = verdict(row, found.text, known=found.known)
        verdicts.setdefault(row["set"], Counter())[judged] += 1
        if given.show and judged != "right":
            print(f"{judged}: {row['question']}\n    {found.text!r}", flush=True)
    for name, counted in verdicts.items():
        total = sum(counted.values())
        print(name, total, "questions:", ", ".join(f"{v} {n} ({n / total:.2f})" for v, n in counted.items()))


if __name__ == "__main__":
    main()
