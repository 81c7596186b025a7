"""Odd records: what other people's systems send by mistake, anything at any place. Each is applied or a dead letter."""

from __future__ import annotations

import json
import random
from typing import Any

from semcache.settings import Settings
from tests.ingest.producing import AT, message, upsert

ODD = "chaos.odd"
"""Header of an odd record: what becomes of it is compared between runs, not with the reference."""
_FAR = ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2999-01-01T00:00:00Z", "", 17, None, ["now"]]
_HEADERS: list[tuple[str, bytes | None]] = [
    ("dlq.first_failed_at", b"\xff"),
    ("dlq.attempts", b"9" * 5_000),
    ("dlq.replays", None),
    ("__connect.errors.topic", b"\xfe\xff"),
    ("ce_specversion", b"1.0"),
    ("ce_type", b"\xff"),
    ("CE_Type", b"message"),
    ("content-type", b"application/cloudevents-batch+json"),
    ("__value_schema_id", b"\x00"),
]


def odd_record(random_: random.Random, settings: Settings, n: int) -> dict[str, Any]:
    """A record that somebody should not have sent; users and documents are its own."""
    make = random_.choice([_event, _event, _change, _mongo, _cloud_event, _bytes])
    topic = random_.choice([settings.kafka.conversations_topic, settings.kafka.knowledge_topic])
    headers = [(ODD, b"1"), *random_.sample(_HEADERS, random_.choice([0, 0, 0, 1, 3]))]
    value, key = make(random_, n), random_.choice([f"odd-{n}", "", b"\xff\xfe", None])
    if key is None and topic == settings.kafka.knowledge_topic:
        key = "odd"  # the brokers refuse records without a key where they compact
    return {"topic": topic, "key": key, "value": value, "headers": headers}


def anything(random_: random.Random, depth: int = 2) -> Any:
    """Any JSON."""
    scalars = [None, True, 0, -1, 2**70, 1e308, "", "u", "message", "\u0000", "é", "\ud800", {"$oid": "65f0"}]
    kind = random_.random()
    if depth and kind < 0.15:
        return [anything(random_, depth - 1) for _ in range(random_.randrange(3))]
    if depth and kind < 0.3:
        return {random_.choice(["id", "type", "after", "x"]): anything(random_, depth - 1) for _ in range(2)}
    return random_.choice(scalars)


def _event(random_: random.Random, n: int) -> bytes:
    """One of ours with something else in one field, or a time from nowhere.

    Its id and its document stay its own: of two of one name in two partitions, whichever is read last is the last.
    """
    event = random_.choice([message(n, user="odd"), upsert(f"odd-{n}", 1, "Odd."), _erasure(n)])
    field = random_.choice([*event, "metadata", "speaker"])
    value = random_.choice(_FAR) if field == "at" else anything(random_)
    if field in ("id", "document") and isinstance(value, str | int | float):
        value = f"{value}-{n}"
    return _json(event | {field: value})


def _erasure(n: int) -> dict[str, Any]:
    return {"type": "user_erased", "id": f"odd-{n}", "user": "odd-erased", "at": AT}


def _change(random_: random.Random, _: int) -> bytes:
    change = {"op": random_.choice(["c", "u", "d", ["c"], {}]), "source": {"table": "t"}, "before": None, "after": {}}
    return _json(change | {random_.choice([*change, "ts_ms", "payload"]): anything(random_)})


def _mongo(_: random.Random, n: int) -> bytes:
    after = json.dumps({"_id": {"$oid": f"{n:024x}"}, "body": "text"})
    return _json({"op": "c", "before": None, "after": after, "source": {"connector": "mongodb", "collection": "c"}})


def _cloud_event(random_: random.Random, n: int) -> bytes:
    event = {"specversion": "1.0", "id": f"odd-{n}", "source": "/odd", "type": "message", "data_base64": "é"}
    return _json(event | {random_.choice([*event, "data", "subject", "time"]): anything(random_)})


def _bytes(random_: random.Random, _: int) -> bytes:
    return random_.choice(
        [b"", b"null", b"\x00\x00\x00\x00\x01{}", random_.randbytes(40), b"[" * 300, b'"x"', b"1e999"]
    )


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")
