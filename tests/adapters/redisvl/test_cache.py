"""redisvl's SemanticCache by another import: the same calls, the same dicts."""

from __future__ import annotations

import asyncio
import warnings
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import pytest
import redis as redis_py
from pydantic import ValidationError
from redisvl.query.filter import Num, Tag, Text
from redisvl.utils.vectorize import CustomVectorizer

from semcache.adapters.redisvl import SemanticCache
from semcache.errors import InvalidInput, RedisUnavailable
from semcache.store import keys
from semcache.store.clients.client import Client
from tests.waiting import wait_until

Opened = Callable[..., SemanticCache]
PROMPT, RESPONSE = "How do I renew a library card?", "At the desk, with an identity card."
LABEL = [{"name": "label", "type": "tag"}]
WHOLE = {"key", "entry_id", "prompt", "response", "vector_distance", "inserted_at", "updated_at"}


def both(cache: SemanticCache, name: str, *args: Any, **options: Any) -> Any:
    """What a method gives, which its asynchronous form gives too."""
    asynchronous = asyncio.run(getattr(cache, f"a{name}")(*args, **options))
    assert asynchronous == getattr(cache, name)(*args, **options)
    return asynchronous


def test_an_answer_is_stored_and_found(cache: SemanticCache, vectorizer: CustomVectorizer) -> None:
    """By its prompt, by its vector, and by a vector that is nearly it."""
    assert both(cache, "check", PROMPT) == []
    key = both(cache, "store", PROMPT, RESPONSE)
    vector = vectorizer.embed(PROMPT)
    for asked in ({"prompt": PROMPT}, {"vector": vector}, {"vector": [0.99 * value for value in vector]}):
        [hit] = both(cache, "check", **asked)
        assert set(hit) == WHOLE
        assert (hit["response"], hit["key"], hit["vector_distance"]) == (RESPONSE, key, pytest.approx(0, abs=1e-6))


def test_another_wording_within_the_threshold(cache: SemanticCache) -> None:
    """The threshold is a cosine distance: set, given for one call, or zero, which wants the same vector."""
    cache.store(PROMPT, RESPONSE)
    other = "How can I renew my library card?"
    assert cache.check(other)
    assert not cache.check(other, distance_threshold=0)
    assert cache.check(PROMPT, distance_threshold=0)
    cache.set_threshold(0.001)
    assert not cache.check(other)
    assert not cache.check("Who won the match?", distance_threshold=0.2)


def test_only_wanted_fields_come_back(cache: SemanticCache) -> None:
    """And the key."""
    cache.store(PROMPT, RESPONSE)
    assert set(both(cache, "check", PROMPT, return_fields=["updated_at"])[0]) == {"updated_at", "key"}
    with pytest.raises(TypeError):
        cache.check(PROMPT, return_fields="response")  # type: ignore[arg-type]


@pytest.mark.parametrize("metadata", [{"source": "test", "deep": [1, {"ü": None}]}, {}])
def test_metadata_comes_back(cache: SemanticCache, metadata: dict[str, Any]) -> None:
    """As it was, an empty one too."""
    cache.store(PROMPT, RESPONSE, metadata=metadata)
    assert cache.check(PROMPT)[0]["metadata"] == metadata


def test_metadata_is_a_dict(cache: SemanticCache) -> None:
    """Anything else is refused as redisvl refuses it."""
    with pytest.raises(ValidationError):
        cache.store(PROMPT, RESPONSE, metadata=namedtuple("Told", "source")("test"))  # type: ignore[arg-type]
    key = cache.store(PROMPT, RESPONSE)
    with pytest.raises(TypeError):
        cache.update(key, metadata="text")


def test_several_answers(cache: SemanticCache) -> None:
    """The nearest comes first, and no more than asked for."""
    prompts = [f"How do I renew a library card, counter {n}?" for n in range(5)]
    for prompt in prompts:
        cache.store(prompt, f"to {prompt}")
    found = cache.check(prompts[3], num_results=3, distance_threshold=1)
    assert found[0]["prompt"] == prompts[3]
    assert [hit["vector_distance"] for hit in found] == sorted(hit["vector_distance"] for hit in found)
    assert len(found) == 3
    assert len(cache.check(prompts[0], num_results=50, distance_threshold=1)) == 5


@pytest.mark.parametrize("by", ["ids", "keys"])
def test_entries_are_dropped(cache: SemanticCache, by: str) -> None:
    """By their ids or keys; the others stay."""
    key, other = cache.store(PROMPT, RESPONSE), cache.store("Who won the match?", "We did.")
    asyncio.run(cache.adrop(**{by: [key if by == "keys" else cache.check(PROMPT)[0]["entry_id"]]}))
    assert not cache.check(PROMPT)
    assert cache.check("Who won the match?")[0]["key"] == other
    with pytest.raises(ValueError, match="ids or keys"):
        cache.drop()
    with pytest.raises(InvalidInput, match="no key"):
        cache.drop(keys=["other:1"])


def test_an_entry_is_updated(cache: SemanticCache) -> None:
    """In the fields given; the time of its last change moves."""
    key = cache.store(PROMPT, RESPONSE)
    before = cache.check(PROMPT)[0]
    asyncio.run(cache.aupdate(key, metadata={"foo": "bar"}, response="Online."))
    after = cache.check(PROMPT)[0]
    assert (after["metadata"], after["response"]) == ({"foo": "bar"}, "Online.")
    assert after["inserted_at"] == before["inserted_at"] < after["updated_at"]
    with pytest.raises(ValueError, match="not a valid field"):
        cache.update(key, colour="red")


def test_an_entry_that_is_gone_is_not_brought_back(cache: SemanticCache, redis: Client) -> None:
    """An update of it writes nothing."""
    key = cache.store(PROMPT, RESPONSE)
    cache.drop(keys=[key])
    cache.update(key, response="x")
    assert not redis.exists(key)


def test_an_entry_ends_and_leaves_nothing(opened: Opened, redis: Client) -> None:
    """Its vector goes with it, at the next look."""
    cache = opened(ttl=1)
    key = cache.store(PROMPT, RESPONSE)
    vectors = keys.records.RECORD_VECTORS.build(kind="cache", name=cache.name)
    assert redis.execute_command("VCARD", vectors) == 1
    wait_until("the entry has ended", lambda: not redis.exists(key))
    wait_until("its vector is gone", lambda: not cache.check(PROMPT) and not redis.exists(vectors))


def test_a_hit_begins_the_entrys_own_lifetime_anew(opened: Opened, redis: Client) -> None:
    """That is the one it was stored with, not the cache's; other calls leave it alone."""
    cache = opened(ttl=100)
    key, own = cache.store(PROMPT, RESPONSE), cache.store("Who won the match?", "We did.", ttl=1_000)
    for name in (key, own):
        redis.pexpire(name, 50_000)
    cache.check("Who won the match?")
    assert 990 < redis.ttl(own) <= 1_000
    cache.check(PROMPT)
    assert 90 < redis.ttl(key) <= 100
    assert cache.ttl == 100


def test_a_lifetime_may_be_absolute(opened: Opened, redis: Client) -> None:
    """With refresh_ttl_on_hit=False a hit changes nothing; expire does."""
    cache = opened(ttl=100, refresh_ttl_on_hit=False)
    key = cache.store(PROMPT, RESPONSE)
    redis.pexpire(key, 50_000)
    cache.check(PROMPT)
    assert redis.ttl(key) <= 50
    cache.expire(key)
    assert redis.ttl(key) > 90
    asyncio.run(cache.aexpire(key, 7))
    assert redis.ttl(key) <= 7


def test_the_default_lifetime(opened: Opened) -> None:
    """It can be set and taken back, in whole seconds."""
    cache = opened(ttl=2)
    cache.set_ttl(5)
    assert cache.ttl == 5
    cache.set_ttl()
    assert cache.ttl is None
    with pytest.raises(ValueError, match="integer"):
        cache.set_ttl(2.5)  # type: ignore[arg-type]


def test_wrong_arguments_are_refused(cache: SemanticCache, vectorizer: CustomVectorizer) -> None:
    """As the exceptions that redisvl raises."""
    vector = vectorizer.embed(PROMPT)
    for call in (
        cache.check,
        lambda: cache.check(vector=vector[:-1]),
        lambda: cache.check(vector=[1, 2, 3]),
        lambda: cache.store(PROMPT, RESPONSE, vector=vector[:-1]),
        lambda: cache.set_threshold(-1),
        lambda: cache.set_threshold(2.1),
        lambda: cache.check(PROMPT, num_results=0),
    ):
        with pytest.raises(ValueError):  # noqa: PT011
            call()


def test_filters_choose_among_entries(opened: Opened) -> None:
    """One, several, all of them or none; the nearest that is wanted comes, however many others are nearer."""
    cache = opened(filterable_fields=LABEL, distance_threshold=0.6)
    for n in range(60):
        cache.store(f"test prompt {n}", f"test response {n}", filters={"label": f"group {n % 4}"})
    label = Tag("label")
    [hit] = cache.check("test prompt 1", filter_expression=label == "group 0")
    assert hit["label"] == "group 0"
    assert len(cache.check("test prompt 1", filter_expression=label == "group 1", num_results=100)) == 15
    union = (Tag("label") == "group 0") | (Tag("label") == "group 1")
    assert len(cache.check("test prompt 1", filter_expression=union, num_results=100)) == 30
    assert len(cache.check("test prompt 1", num_results=100)) == 60
    assert cache.check("test prompt 1", filter_expression=Tag("label") == "bad tag") == []


def test_one_prompt_with_other_filters_is_another_entry(opened: Opened) -> None:
    """And a number is compared as one; an entry without it is unlike every number."""
    cache = opened(filterable_fields=[{"name": "user", "type": "tag"}, {"name": "zip", "type": "numeric"}])
    cache.store(PROMPT, "one", filters={"user": "gabs"})
    cache.store(PROMPT, "two", filters={"user": "cerioni", "zip": 90210})
    cache.store(PROMPT, "three", filters={"user": "bart"})
    assert len(cache.check(PROMPT, num_results=5)) == 3
    assert len(cache.check(PROMPT, num_results=5, filter_expression=Num("zip") != 90210)) == 2
    assert [hit["response"] for hit in cache.check(PROMPT, filter_expression=Num("zip") > 90000)] == ["two"]


def test_entries_are_filtered_by_their_times(cache: SemanticCache) -> None:
    """Those of the insertion and of the last change."""
    first = cache.check(cache.store(PROMPT, "one") and PROMPT)[0]["inserted_at"]
    cache.store("How can I renew my library card?", "two")
    found = cache.check(PROMPT, num_results=5, filter_expression=Num("inserted_at") <= first)
    assert [hit["response"] for hit in found] == ["one"]
    with pytest.raises(ValueError, match="search index"):
        cache.check(PROMPT, filter_expression=Text("prompt") % "*pt 1")


@pytest.mark.parametrize(
    "fields",
    [[*LABEL, {"name": "x", "type": "nothing"}], [*LABEL, *LABEL], [*LABEL, {"name": "metadata", "type": "tag"}]],
)
def test_fields_are_declared_rightly(opened: Opened, fields: list[dict[str, str]]) -> None:
    """No unknown type, nothing twice, no reserved name."""
    with pytest.raises(ValueError):  # noqa: PT011
        opened(filterable_fields=fields)


def test_a_name_is_opened_as_before(opened: Opened) -> None:
    """Or overwritten, which keeps the entries; filters stored before they were declared can then be used."""
    cache = opened()
    cache.store(PROMPT, RESPONSE, filters={"label": "abc"})
    with pytest.raises(ValueError, match="Unknown field"):
        cache.check(PROMPT, filter_expression=Tag("label") == "abc")
    with pytest.raises(ValueError, match="does not match"):
        opened(filterable_fields=LABEL)
    again = opened(filterable_fields=LABEL, overwrite=True)
    assert len(again.check(PROMPT, filter_expression=Tag("label") == "abc")) == 1
    assert "label" in again.index.schema.fields


def test_vectors_of_another_model_are_not_compared(opened: Opened) -> None:
    """Overwriting with a model of other dimensions removes the entries."""
    opened().store(PROMPT, RESPONSE)
    small = CustomVectorizer(embed=lambda text, **_: [1.0, float(len(text))])
    with pytest.raises(ValueError, match="does not match"):
        opened(vectorizer=small)
    assert opened(vectorizer=small, overwrite=True).check(PROMPT, distance_threshold=2) == []


def test_clear_and_delete(opened: Opened, redis: Client) -> None:
    """Clearing leaves the name open, deleting leaves nothing."""
    cache = opened()
    cache.store(PROMPT, RESPONSE)
    asyncio.run(cache.aclear())
    assert cache.check(PROMPT) == []
    assert cache.index.exists()
    cache.store(PROMPT, RESPONSE)
    asyncio.run(cache.adelete())
    assert not cache.index.exists()
    assert [key for key in redis.scan_iter(f"*{cache.name}*")] == []  # noqa: C416
    with pytest.raises(ValueError, match="create_index"):
        opened(create_index=False).delete()


def test_the_clients_of_callers(opened: Opened, redis_url: str) -> None:
    """A client that decodes responses is left as it is; an asynchronous one is refused."""
    decoding = redis_py.Redis.from_url(redis_url, decode_responses=True)
    cache = opened(redis_client=decoding)
    cache.store(PROMPT, RESPONSE)
    assert cache.check(PROMPT)[0]["response"] == RESPONSE
    assert decoding.ping() is True
    with pytest.raises(InvalidInput):
        opened(redis_client=redis_py.asyncio.Redis.from_url(redis_url))


def test_the_context_manager_closes_its_own_connection(opened: Opened) -> None:
    """Synchronous and not."""
    with opened() as cache:
        cache.store(PROMPT, RESPONSE)

    async def ask() -> int:
        async with opened() as again:
            return len(await again.acheck(PROMPT))

    assert asyncio.run(ask()) == 1


def test_who_cannot_be_reached(vectorizer: CustomVectorizer) -> None:
    """The constructor asks Redis, and says that it does not answer; with create_index=False the first call does."""
    away = {"redis_url": "redis://localhost:1", "vectorizer": vectorizer, "decision": "threshold"}
    with pytest.raises(RedisUnavailable):
        SemanticCache(**away)  # type: ignore[arg-type]
    later = SemanticCache(**away, create_index=False)  # type: ignore[arg-type]
    with pytest.raises(RedisUnavailable):
        later.check(PROMPT)


def test_vectorizers_are_checked(opened: Opened, vectorizer: CustomVectorizer) -> None:
    """What is none, or of another dtype; giving a dtype is deprecated."""
    with pytest.raises(TypeError):
        opened(vectorizer="invalid")
    with pytest.warns(DeprecationWarning, match="dtype"), pytest.raises(ValueError, match="float16"):
        opened(dtype="float16")


def test_the_default_rule_is_said_to_be_unsafe(redis_url: str, namespace: str, vectorizer: CustomVectorizer) -> None:
    """Once it is chosen, nothing is said any more."""
    with pytest.warns(UserWarning, match="budget"):
        SemanticCache(namespace, redis_url=redis_url, vectorizer=vectorizer).delete()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        SemanticCache(namespace, redis_url=redis_url, vectorizer=vectorizer, decision="threshold").delete()


def test_the_default_model_is_semcaches(redis_url: str, namespace: str) -> None:
    """Nothing is downloaded from elsewhere."""
    cache = SemanticCache(namespace, redis_url=redis_url, decision="threshold")
    cache.store(PROMPT, RESPONSE)
    assert cache.check(PROMPT)
    cache.delete()
