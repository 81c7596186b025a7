"""How well questions are told apart: shared, personal, volatile, follow-up. The questions kept aside come first.

    python benchmarks/question_classes.py [--model bge-small-en-v1.5-q] [--cuts 0.2 0.3 0.4 0.5]

"leaked": personal or volatile questions taken for shared (the dangerous mistake), "follow-ups": the same of follow-ups
without their conversation, "lost": shared questions kept from sharing (which costs a call). Questions of the domains
kept aside were not read when rules, features and weights were chosen; those written later were first run when all else
stood.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from semcache.embed import CachedEmbedder, Embedder
from semcache.embed.opening import open_model
from semcache.questions import SHARE_ABOVE, classify
from semcache.settings import EmbedSettings, load_settings
from semcache.text.questions import QuestionClass
from semcache.text.questions import classify as by_rules

DATA = Path(__file__).parents[1] / "tests" / "data"
Row = dict[str, str]


def labelled() -> dict[str, list[Row]]:
    """The sets, the unseen one first."""
    rows = [json.loads(line) for line in (DATA / "questions_by_domain.jsonl").read_text("utf-8").splitlines()]
    aside, later = ([row for row in rows if row["part"] == part] for part in ("aside", "aside 2"))
    own = [
        {"text": row["question"], "kind": row["class"], "lang": "en"}
        for name in ("questions_classes.jsonl", "questions_classes_other.jsonl")
        for row in map(json.loads, (DATA / name).read_text("utf-8").splitlines())
    ]
    return {
        "aside, written later, English": [row for row in later if row["lang"] == "en"],
        "aside, written later, de es fr nl": [row for row in later if row["lang"] != "en"],
        "aside, English": [row for row in aside if row["lang"] == "en"],
        "aside, de es fr nl": [row for row in aside if row["lang"] != "en"],
        "fitted to, English": [row for row in rows if row["part"] == "tune" and row["lang"] == "en"],
        "older, rules' own": own,
    }


def share(taken: Sequence[bool]) -> str:
    """How many of these, as a share."""
    return f"{sum(taken) / len(taken):.3f} ({sum(taken)} of {len(taken)})" if taken else "-"


def measured(rows: Sequence[Row], shared: Sequence[bool]) -> str:
    """The three shares, for the rows that were taken for shared."""
    pairs = list(zip((row["kind"] for row in rows), shared, strict=True))
    leaked = [taken for kind, taken in pairs if kind in (QuestionClass.PERSONAL, QuestionClass.VOLATILE)]
    follow_ups = [taken for kind, taken in pairs if kind == QuestionClass.FOLLOW_UP]
    lost = [not taken for kind, taken in pairs if kind == QuestionClass.SHARED]
    return f"leaked {share(leaked)} | follow-ups {share(follow_ups)} | lost {share(lost)}"


def learned(rows: Sequence[Row], embedder: Embedder | None, cut: float) -> list[bool]:
    """Which are taken for shared at a cut."""
    return [classify(row["text"], embedder=embedder, share_above=cut).kind is QuestionClass.SHARED for row in rows]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--model", default="bge-small-en-v1.5-q")
    arguments.add_argument("--cuts", nargs="+", type=float, default=[0.2, SHARE_ABOVE, 0.4, 0.5])
    arguments.add_argument("--set", default="", help="only the sets whose name begins so")
    arguments.add_argument("--show", action="store_true", help="list what is taken for another at the usual cut")
    given = arguments.parse_args()
    embedder = CachedEmbedder(open_model(EmbedSettings(model=given.model), model_dir=load_settings().model_dir))
    for name, rows in labelled().items():
        if not name.startswith(given.set):
            continue
        print(f"## {name}: {len(rows)} questions")
        print("rules alone      ", measured(rows, [by_rules(r["text"]).kind is QuestionClass.SHARED for r in rows]))
        print(f"words at {SHARE_ABOVE}     ", measured(rows, learned(rows, None, SHARE_ABOVE)))
        for cut in given.cuts:
            print(f"vector at {cut:<4}   ", measured(rows, learned(rows, embedder, cut)), flush=True)
        if given.show:
            for row, shared in zip(rows, learned(rows, embedder, SHARE_ABOVE), strict=True):
                if shared != (row["kind"] == QuestionClass.SHARED):
                    print("   ", row["kind"], row["text"])


if __name__ == "__main__":
    main()
