"""Two namespaces compared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from semcache.errors import InvalidInput
from semcache.memory import TurnWriter
from semcache.memory.facts.kept import keep_claims
from semcache.memory.facts.types import Claim
from semcache.memory.stored.layout import UserKeys
from semcache.memory.types import NewTurn, turn_id
from semcache.store import keys
from semcache.store.checks import compare
from tests.checks.conftest import START, Installation
from tests.sealing.conftest import ring


@pytest.fixture
def copy(redis: Redis, installation: Installation) -> Iterator[str]:
    """A second namespace to which the same events have come."""
    made = Installation(redis, f"{installation.namespace}y")
    made.fill()
    yield made.namespace
    made.remove()


def test_equal_namespaces_are_equal(redis: Redis, installation: Installation, copy: str) -> None:
    """The same events leave the same turns, postings, counters, documents, versions and vectors; all are compared."""
    found = compare(redis, installation.namespace, copy)
    assert found.differences == []
    kinds = {"turn", "turn vectors", "turn stem", "turn corpus", "document", "document versions", "chunk vectors"}
    assert kinds <= found.equal.keys()


def test_rows_count_by_kind(redis: Redis, installation: Installation, copy: str) -> None:
    """What only one of them has is counted for each kind of key, whichever comes first."""
    installation.memory("bob").append("s", "user", "Hello.", at=START)
    row = next(row for row in compare(redis, installation.namespace, copy).rows() if row["kind"] == "turn")
    assert row == {
        "kind": "turn", "equal": 8, "other value": 0, "only in the first": 1, "only in the second": 0
    }  # fmt: skip
    row = next(row for row in compare(redis, copy, installation.namespace).rows() if row["kind"] == "turn")
    assert (row["only in the first"], row["only in the second"]) == (0, 1)


def test_each_difference_is_named(redis: Redis, installation: Installation, copy: str) -> None:
    """A word, a vector, a count, a version, a turn too few and one too many: each at its key, and no other."""
    mine = {"namespace": installation.namespace, "user": "ann"}
    other = mine | {"namespace": copy}
    first, second = turn_id("ann0"), turn_id("ann1")
    redis.hset(keys.TURN.build(**other, turn=first), "text", "I live in Porto.")
    redis.delete(keys.TURN.build(**other, turn=second))
    redis.hset(keys.TURN.build(**other, turn="more"), "text", "?")
    vectors = keys.TURN_VECTORS.build(**other, fingerprint="turning~1")
    redis.execute_command("VADD", vectors, "VALUES", 16, *[1] * 16, first, "Q8")
    redis.hincrby(keys.TURN_CORPUS.build(**other), "terms", 1)
    redis.hset(keys.DOCUMENT_VERSIONS.build(namespace=copy), "faq", 4)
    found = {(d.key, d.how) for d in compare(redis, installation.namespace, copy).differences}
    assert found == {
        (keys.TURN.build(**mine, turn=first), "other value"),
        (keys.TURN.build(**mine, turn=second), "only in the first"),
        (keys.TURN.build(**mine, turn="more"), "only in the second"),
        (keys.TURN_VECTORS.build(**mine, fingerprint="turning~1"), "other value"),
        (keys.TURN_CORPUS.build(**mine), "other value"),
        (keys.DOCUMENT_VERSIONS.build(namespace=mine["namespace"]), "other value"),
    }


def test_sealed_namespaces_are_compared_by_what_they_say(redis: Redis, installation: Installation) -> None:
    """Sealed twice, the same turns are equal though no byte of their texts is; another word is a difference."""
    names, sealer = [f"{installation.namespace}{n}" for n in "pqr"], ring("k1")
    for name, text in zip(names, ("I live in Lyon.", "I live in Lyon.", "I live in Rome."), strict=True):
        writer = TurnWriter(redis, installation.embedder, sealer=sealer)  # type: ignore[arg-type]
        new = NewTurn("ann", "s", "user", text, 1e9, "e", name)
        writer.append([new])
        keep_claims(redis, UserKeys(name, "ann"), new.id, [Claim("home", text[10:14])], sealer=sealer)
    try:
        assert compare(redis, names[0], names[1], sealer=sealer).differences == []
        assert {"turn", "turn vectors", "claims"} <= {
            d.kind for d in compare(redis, names[0], names[2], sealer=sealer).differences
        }
    finally:
        for name in names:
            for key in redis.scan_iter(match=f"sc:{{?:{name}*", count=1_000):
                redis.delete(key)


def test_a_namespace_is_not_compared_with_itself(redis: Redis) -> None:
    """Twice the same name is a mistake of the caller."""
    with pytest.raises(InvalidInput):
        compare(redis, "a", "a")
