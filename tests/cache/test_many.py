"""Storing many answers at once: as each in turn would be, in fewer round trips."""

from __future__ import annotations

import pytest
import redis as redis_py

from semcache.cache import Hit, SemanticCache, StoreOptions
from semcache.cache.warming import KnownAnswer
from semcache.errors import InvalidInput
from semcache.store import keys
from tests.cache.conftest import MakeCache

PAIRS = [(f"How do I open drawer number {n}?", f"Pull handle {n}.") for n in range(40)]


def test_many_answers_are_stored_as_each_in_turn(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """The entries, their indexes and their vectors are those that `store` makes."""
    together, alone = make_cache(scope={"how": "together"}), make_cache(scope={"how": "alone"})
    options = StoreOptions(sources={"manual": 2}, tags=["drawers"], ttl=60)
    ids = together.store_many(PAIRS, options=options)
    for prompt, response in PAIRS:
        alone.store(prompt, response, options=options)
    assert len(set(ids)) == len(PAIRS)
    for (prompt, response), entry_id in zip(PAIRS, ids, strict=True):
        ours, theirs = together.get(prompt), alone.get(prompt)
        assert ours is not None
        assert theirs is not None
        assert (ours.entry_id, ours.response) == (entry_id, response)
        assert (ours.sources, ours.tags, ours.expires_at) == (theirs.sources, theirs.tags, theirs.expires_at)
        assert embedding(redis, together, ours.entry_id) == embedding(redis, alone, theirs.entry_id)
    assert together.invalidate(source="manual") == len(PAIRS)


def embedding(redis: redis_py.Redis, cache: SemanticCache, entry_id: str) -> bytes:
    reply = redis.execute_command("VEMB", keys.CACHE_VECTORS.build(scope=cache.scope.id), entry_id, "RAW")
    return bytes(reply[1])


def test_the_last_answer_to_a_question_stays(cache: SemanticCache) -> None:
    """A question that comes twice, in one batch or in two, has its last answer."""
    cache.store_many([("Who has the key?", "Ann"), *PAIRS, ("Who has the key?", "Bob"), ("Who has the key?", "Cy")])
    hit = cache.lookup("Who has the key?")
    assert isinstance(hit, Hit)
    assert hit.response == "Cy"
    assert cache.stats().entries == len(PAIRS) + 1


def test_each_known_answer_brings_its_own(cache: SemanticCache) -> None:
    """Sources, tags and lifetime of a KnownAnswer come before those of the options."""
    own = KnownAnswer("Where is the manual?", "On shelf 3.", sources={"shelves": 4}, tags=("places",), ttl=10)
    cache.store_many([own, PAIRS[0]], options=StoreOptions(sources={"manual": 2}, ttl=60))
    first, second = cache.get(own.prompt), cache.get(PAIRS[0][0])
    assert first is not None
    assert second is not None
    assert (first.sources, first.tags, first.expires_at - first.created_at) == ({"shelves": 4}, ("places",), 10)
    assert (second.sources, second.tags, second.expires_at - second.created_at) == ({"manual": 2}, (), 60)


def test_what_is_outdated_or_not_shared_is_left_out(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str
) -> None:
    """Answers from a former version, and to questions about their asker, get no id; the others are stored."""
    redis.hset(keys.DOCUMENT_VERSIONS.build(namespace=namespace), "manual", 3)
    cache = make_cache(classify=True)
    ids = cache.store_many(
        [
            KnownAnswer("How do I open the drawer?", "Pull.", sources={"manual": 2}),
            ("When is my appointment with my doctor?", "On Monday."),
            KnownAnswer("How do I close the drawer?", "Push.", sources={"manual": 3}),
        ]
    )
    assert [bool(id) for id in ids] == [False, False, True]
    assert cache.stats().entries == 1
    assert cache.stats().refused == 2


@pytest.mark.parametrize("wrong", ["a string", ("only a prompt",), ("a", "b", "c"), ("", "b"), ("a", 3), None])
def test_nothing_is_stored_if_one_is_wrong(cache: SemanticCache, wrong: object) -> None:
    """One invalid answer refuses all of them before anything is written."""
    with pytest.raises(InvalidInput):
        cache.store_many([PAIRS[0], wrong])  # type: ignore[list-item]
    assert cache.stats().entries == 0


def test_the_cap_holds_for_many(make_cache: MakeCache) -> None:
    """Many answers at once evict as many as one after the other."""
    cache = make_cache(max_entries=10)
    cache.store_many(PAIRS)
    assert cache.stats().entries == 10
    assert cache.stats().evicted == len(PAIRS) - 10


def test_the_search_grows_with_the_set(cache: SemanticCache, redis: redis_py.Redis) -> None:
    """Among some hundred entries the search finds the ten that a comparison with all of them finds."""
    cache.store_many([(f"How do I open {kind} number {n}?", "x") for kind in ("drawer", "box") for n in range(120)])
    asked = "How can I open box number 7?"
    shown = cache.explain(asked).candidates
    vectors = {entry.prompt: cache.embedder.embed([entry.prompt])[0] for entry in cache.entries()}
    vector = cache.embedder.embed([asked])[0]
    best = sorted((float(vector @ other) for other in vectors.values()), reverse=True)[:10]
    assert [near.similarity for near in shown] == pytest.approx(best, abs=1e-4)


def test_what_says_nothing_is_not_written(cache: SemanticCache, redis: redis_py.Redis) -> None:
    """A field takes some 65 bytes whatever its value; entries of earlier versions, with all of them, are read too."""
    entry_id = str(cache.store(PAIRS[0][0], "Pull it. " * 30))
    key = keys.CACHE_ENTRY.build(scope=cache.scope.id, entry=entry_id)
    written = {name.decode() for name in redis.hkeys(key)}
    assert written == {"prompt", "response", "asked", "ttl", "tokens", "created", "expires"}
    (entry,) = cache.entries()
    former = {
        "context": "", "sources": "{}", "tags": "[]", "indexes": "[]", "metadata": "{}", "cost": "", "compute_s": "",
        "format": "text", "hits": 0, "confirmed": 0, "rejected": 0, "verbatim": 0,
    }  # fmt: skip
    redis.hset(key, mapping=former)
    assert list(cache.entries()) == [entry]
    assert cache.lookup(PAIRS[0][0])
