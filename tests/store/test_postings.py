"""BM25 on sorted sets: what it returns, and that adding and removing leaves no trace."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from semcache.errors import InvalidInput
from semcache.store import keys
from semcache.store.postings import Corpus, Postings, Weighting, Within

WEIGHTING = Weighting(reference_length=4)
WORDS = st.sampled_from("lisbon piano tea a:b {x} naïve".split())
TEXTS = st.dictionaries(st.sampled_from("m1 m2 m3 m4 m:5 m}6".split()), st.lists(WORDS, max_size=8), min_size=1)


def make(redis: Redis, namespace: str) -> Postings:
    return Postings(
        redis,
        stem_key=lambda stem: keys.CHUNK_STEM.build(namespace=namespace, stem=stem),
        corpus_key=keys.CHUNK_CORPUS.build(namespace=namespace),
        weighting=WEIGHTING,
    )


def wipe(redis: Redis, namespace: str) -> None:
    for key in keys_of(redis, namespace):
        redis.delete(key)


def keys_of(redis: Redis, namespace: str) -> list[bytes]:
    return list(redis.scan_iter(f"*{{k:{namespace}}}*", count=1000))


def bm25(texts: dict[str, list[str]], query: list[str]) -> dict[str, float]:
    """The formula again, straight from the texts."""
    filled = {member: text for member, text in texts.items() if text}
    scores = {}
    for member, text in filled.items():
        damping = 0.9 * (0.6 + 0.4 * len(text) / 4)
        total = 0.0
        for stem in query:
            tf, df = text.count(stem), sum(stem in other for other in filled.values())
            total += math.log(1 + (len(filled) - df + 0.5) / (df + 0.5)) * tf * 1.9 / (tf + damping)
        if total:
            scores[member] = total
    return scores


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(texts=TEXTS, query=st.lists(WORDS, max_size=5))
def test_the_score_is_okapi_bm25(redis: Redis, namespace: str, texts: dict[str, list[str]], query: list[str]) -> None:
    """Every member that shares a stem with the query is found with the score of the formula, and no other."""
    wipe(redis, namespace)
    postings = make(redis, namespace)
    for member, text in texts.items():
        postings.add(member, text)
    found = postings.top(query, count=10)
    assert dict(found) == pytest.approx(bm25(texts, query))
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(texts=TEXTS, again=st.integers(0, 3))
def test_what_is_removed_leaves_nothing(redis: Redis, namespace: str, texts: dict[str, list[str]], again: int) -> None:
    """Adding and removing, each any number of times, ends with no key at all."""
    wipe(redis, namespace)
    postings = make(redis, namespace)
    for _ in range(again + 1):
        for member, text in texts.items():
            postings.add(member, text)
    filled = [text for text in texts.values() if text]
    assert postings.corpus() == Corpus(len(filled), sum(map(len, filled)))
    for _ in range(again + 1):
        for member, text in texts.items():
            postings.remove(member, text)
    assert keys_of(redis, namespace) == []


def test_a_query_leaves_no_temporary_key(redis: Redis, namespace: str) -> None:
    """The union that a query builds on the server is gone when it returns."""
    postings = make(redis, namespace)
    postings.add("m1", ["tea", "tea"])
    redis.zadd(keys.CHUNK_STEM.build(namespace=namespace, stem="dates"), {"m1": 5})
    before = set(keys_of(redis, namespace))
    limits = Within(keys.CHUNK_STEM.build(namespace=namespace, stem="dates"), lowest=1)
    assert [member for member, _ in postings.top(["tea"], count=3, within=limits)] == ["m1"]
    assert set(keys_of(redis, namespace)) == before


def test_a_search_can_stay_within_a_range_of_another_sorted_set(redis: Redis, namespace: str) -> None:
    """Only members whose score in the other set lies in the range are found, with their score unchanged."""
    postings = make(redis, namespace)
    dates = keys.CHUNK_STEM.build(namespace=namespace, stem="dates")
    for day, member in enumerate(("m1", "m2", "m3", "m4")):
        postings.add(member, ["tea"])
        redis.zadd(dates, {member: day})
    everything = dict(postings.top(["tea"], count=9))
    found = dict(postings.top(["tea"], count=9, within=Within(dates, lowest=1, highest=2)))
    assert found == {member: everything[member] for member in ("m2", "m3")}


def test_the_server_cuts_to_the_best(redis: Redis, namespace: str) -> None:
    """`count` members come back, those with the highest scores."""
    postings = make(redis, namespace)
    for n in range(1, 30):
        postings.add(f"m{n}", ["tea"] * n + ["milk"] * (30 - n))
    assert [member for member, _ in postings.top(["tea"], count=3)] == ["m29", "m28", "m27"]


def test_adding_rides_in_the_callers_transaction(redis: Redis, namespace: str) -> None:
    """Nothing is written before the caller's MULTI is executed, and then all of it."""
    postings = make(redis, namespace)
    with redis.pipeline(transaction=True) as pipe:
        postings.add("m1", ["tea", "piano"], pipe=pipe)
        postings.add("m2", ["tea"], pipe=pipe)
        assert keys_of(redis, namespace) == []
        pipe.execute()
    assert postings.corpus() == Corpus(2, 3)
    with redis.pipeline(transaction=True) as pipe:
        postings.remove("m1", ["tea", "piano"], pipe=pipe)
        pipe.execute()
    assert [member for member, _ in postings.top(["tea", "piano"], count=9)] == ["m2"]


@given(order=st.permutations(["m1", "m2", "m3"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=6)
def test_the_order_of_writes_leaves_no_trace(redis: Redis, namespace: str, order: list[str]) -> None:
    """Postings written in any order are byte-equal."""
    texts = {"m1": ["tea"], "m2": ["tea", "milk", "milk"], "m3": ["piano", "tea"]}
    wipe(redis, namespace)
    postings = make(redis, namespace)
    for member in order:
        postings.add(member, texts[member])
    for stem in ("tea", "milk", "piano"):
        key = keys.CHUNK_STEM.build(namespace=namespace, stem=stem)
        expected = {m.encode(): WEIGHTING.weights(text)[stem] for m, text in texts.items() if stem in text}
        assert dict(redis.zrange(key, 0, -1, withscores=True)) == expected


def test_a_count_below_one_is_refused(redis: Redis, namespace: str) -> None:
    """Asking for no result at all is a mistake of the caller, and said so."""
    with pytest.raises(InvalidInput, match="count"):
        make(redis, namespace).top(["tea"], count=0)
