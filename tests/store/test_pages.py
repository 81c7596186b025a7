"""Large hashes are read in pages."""

from __future__ import annotations

from semcache.store.clients.client import Client
from semcache.store.pages import hash_fields, hash_names


def test_all_of_a_large_hash_comes_once(redis: Client) -> None:
    """Each field with its value, though no single command reads them all."""
    known = {f"field {n}".encode(): f"value {n}".encode() for n in range(3_000)}
    redis.hset("large", mapping=known)  # type: ignore[arg-type]
    pages = redis.info("commandstats").get("cmdstat_hscan", {"calls": 0})["calls"]
    found = list(hash_fields(redis, "large"))
    assert len(found) == len(known)
    assert dict(found) == known
    assert redis.info("commandstats")["cmdstat_hscan"]["calls"] - pages >= 3
    assert hash_names(redis, "large") == set(known)


def test_what_stays_is_found_while_fields_come_and_go(redis: Client) -> None:
    """A page that was read is not read again, and nothing that was there from beginning to end is missed."""
    stays = {f"stays {n}" for n in range(2_000)}
    redis.hset("changing", mapping=dict.fromkeys(stays, 1))
    found = set()
    for n, (field, _) in enumerate(hash_fields(redis, "changing")):
        found.add(field.decode())
        if n < 3_000:
            redis.hset("changing", f"new {n}", 1)
            redis.hdel("changing", f"new {n // 2}")
    assert stays <= found


def test_a_hash_that_is_not_there_is_empty(redis: Client) -> None:
    """Neither a field nor an error."""
    assert list(hash_fields(redis, "nowhere")) == []
    assert hash_names(redis, "nowhere") == set()
