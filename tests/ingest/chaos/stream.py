"""What flows: records in a random order, good ones and all that can be wrong with a log."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

from semcache.settings import Settings
from tests.ingest.chaos.odd import odd_record
from tests.ingest.producing import as_record, delete, message, upsert

ODD_SHARE = 0.01
USERS, SESSIONS, DOCUMENTS = 12, 6, 15
# Few texts: each pair of turns is embedded too, and the embedding model is not what is tried here.
TOPICS = ("weather", "trains", "cooking", "chess", "gardens", "music", "bicycles", "maps")


def stream(random_: random.Random, number: int, settings: Settings) -> Iterator[dict[str, Any]]:
    """So many records: mostly messages and documents, some duplicates, stale versions, erasures, tombstones, poison.

    One in a hundred is odd.
    """
    said: list[dict[str, Any]] = []
    versions: Counter[str] = Counter()
    for n in range(number):
        if random_.random() < ODD_SHARE:
            yield odd_record(random_, settings, n)
            continue
        kind = random_.random()
        if kind < 0.72 or not said:
            event = message(
                n,
                user=f"u{random_.randrange(USERS)}",
                session=f"s{random_.randrange(SESSIONS)}",
                text=f"About {random_.choice(TOPICS)}.",
            )
            said.append(event)
            yield as_record(settings, event)
        elif kind < 0.77:
            yield as_record(settings, random_.choice(said[-400:]))
        elif kind < 0.93:
            yield as_record(settings, _changed(random_, versions))
        elif kind < 0.95:
            document = f"d{random_.randrange(DOCUMENTS)}"
            yield {"topic": settings.kafka.knowledge_topic, "key": document, "value": None}
        elif kind < 0.955:
            erased = message(max(0, n - 50), user=f"u{random_.randrange(USERS)}")
            event = {"type": "user_erased", "id": f"x{n}", "user": erased["user"], "at": erased["at"]}
            yield as_record(settings, event)
        else:
            yield _poison(random_, settings, n)


def _changed(random_: random.Random, versions: Counter[str]) -> dict[str, Any]:
    """The next version of a document, or a stale one, or its deletion."""
    document = f"d{random_.randrange(DOCUMENTS)}"
    if versions[document] > 2 and random_.random() < 0.15:
        return upsert(document, random_.randint(1, versions[document]), "Long outdated.")
    versions[document] += 1
    if random_.random() < 0.15:
        return delete(document, versions[document])
    text = f"{document}: {random_.choice(TOPICS)}, {random_.choice(TOPICS)} and {versions[document]}."
    return upsert(document, versions[document], text)


def _poison(random_: random.Random, settings: Settings, n: int) -> dict[str, Any]:
    bad = random_.choice([b"{", b"\xff", b"[]", json.dumps(message(n) | {"type": "x"}).encode(), b'{"type": "message"'])
    topic = random_.choice([settings.kafka.conversations_topic, settings.kafka.knowledge_topic])
    return {"topic": topic, "key": f"u{n % USERS}", "value": bad}
