"""Laws of the knowledge base: whatever the order and however often changes arrive, the highest version decides."""

from __future__ import annotations

import uuid
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from semcache.embed import CachedEmbedder
from semcache.knowledge import Change, Delete, KnowledgeBase, Upsert
from semcache.store import keys

SENTENCES = [
    "The shop opens at nine.",
    "A bike may be returned within thirty days.",
    "# Warranty\nThe frame is covered for five years.",
    "# Costs\nCollection is free of charge.\n\n# Warranty\nThe frame is covered for five years.",
]
DOCUMENTS = ["a", "b:c}"]

changes = st.dictionaries(
    st.tuples(st.sampled_from(DOCUMENTS), st.integers(1, 5)),
    st.one_of(st.none(), st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=3)),
    max_size=8,
).map(lambda chosen: [_change(document, version, parts) for (document, version), parts in chosen.items()])


def _change(document: str, version: int, parts: list[str] | None) -> Change:
    if parts is None:
        return Delete(document, version)
    return Upsert(document, "\n".join(parts), title=f"Title {version % 2}", version=version, at=float(version))


def _everything(redis: Redis, namespace: str) -> dict[str, Any]:
    """All keys of a namespace with what they hold, whatever the order in which it was written."""
    prefix = f"sc:{{k:{namespace}}}:"
    found: dict[str, Any] = {}
    for key in redis.scan_iter(match=prefix + "*", count=1000):
        name = key.decode()
        assert keys.kind_of(name) is not None
        kind = redis.type(key)
        if kind == b"hash":
            found[name] = redis.hgetall(key)
        elif kind == b"zset":
            found[name] = dict(redis.zrange(key, 0, -1, withscores=True))
        else:
            found[name] = redis.execute_command("VCARD", key)
    return {name.removeprefix(prefix): value for name, value in found.items()}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes, st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_order_and_any_repetition_end_the_same(
    redis: Redis, embedder: CachedEmbedder, wanted: list[Change], dice: Any, batch: int
) -> None:
    """Shuffled, repeated and cut into batches at random, changes leave the very keys that only the last ones leave."""
    arriving = [*wanted, *dice.sample(wanted, dice.randint(0, len(wanted)))]
    dice.shuffle(arriving)
    arrived = KnowledgeBase(redis, embedder=embedder, namespace=f"t{uuid.uuid4().hex[:12]}")
    for start in range(0, len(arriving), batch):
        arrived.apply(arriving[start : start + batch])

    last = {change.document: change for change in sorted(wanted, key=lambda change: change.version or 0)}
    direct = KnowledgeBase(redis, embedder=embedder, namespace=f"t{uuid.uuid4().hex[:12]}")
    direct.apply(list(last.values()))
    assert _everything(redis, arrived.namespace) == _everything(redis, direct.namespace)
