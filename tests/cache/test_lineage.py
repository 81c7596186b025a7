"""Lineage: an answer dies with the version of a document that it was built from."""

from __future__ import annotations

from typing import Any

import pytest
import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semcache.cache import Hit, Miss, Reason, SemanticCache, invalidate_source
from semcache.store import keys
from semcache.store.clients.client import is_cluster
from tests.cache.conftest import MakeCache
from tests.cache.test_counting import nothing_counted

PASSWORD = "How do I reset my password?"
PARAPHRASE = "How can I reset my password?"


def set_version(redis: redis_py.Redis, namespace: str, document: str, version: int) -> None:
    """What the knowledge base does when a document changes; negative when it is deleted."""
    redis.hset(keys.DOCUMENT_VERSIONS.build(namespace=namespace), document, version)


def test_an_answer_from_the_current_version_is_served(
    cache: SemanticCache, redis: redis_py.Redis, namespace: str
) -> None:
    """Sources at the version they were read at, and sources nobody knows, leave the answer alone."""
    set_version(redis, namespace, "faq", 3)
    cache.store(PASSWORD, "answer", sources={"faq": 3, "elsewhere": 1})
    assert cache.lookup(PASSWORD)
    assert cache.lookup(PARAPHRASE)


def test_a_changed_source_makes_a_stale_miss(cache: SemanticCache, redis: redis_py.Redis, namespace: str) -> None:
    """The miss names the document and both versions; the answer is removed and not found again."""
    set_version(redis, namespace, "faq", 3)
    cache.store(PASSWORD, "answer", sources={"faq": 3})
    set_version(redis, namespace, "faq", 4)
    miss = cache.lookup(PARAPHRASE)
    assert isinstance(miss, Miss)
    assert miss.reason is Reason.STALE_SOURCE
    assert "faq" in miss.detail
    assert "4" in miss.detail
    assert (cache.stats().stale, cache.stats().entries) == (1, 0)
    again = cache.lookup(PASSWORD)
    assert isinstance(again, Miss)
    assert again.reason is Reason.EMPTY


def test_an_exact_question_is_checked_too(cache: SemanticCache, redis: redis_py.Redis, namespace: str) -> None:
    """The same words do not get a stale answer either."""
    cache.store(PASSWORD, "answer", sources={"faq": 3})
    set_version(redis, namespace, "faq", 4)
    miss = cache.lookup(PASSWORD)
    assert isinstance(miss, Miss)
    assert miss.reason is Reason.STALE_SOURCE
    assert cache.stats().entries == 0


def test_a_deleted_source_makes_a_stale_miss(cache: SemanticCache, redis: redis_py.Redis, namespace: str) -> None:
    """An answer from a document that is gone is not served, and the miss says that it was deleted."""
    cache.store(PASSWORD, "answer", sources={"faq": 3})
    set_version(redis, namespace, "faq", -3)
    miss = cache.lookup(PARAPHRASE)
    assert isinstance(miss, Miss)
    assert miss.reason is Reason.STALE_SOURCE
    assert "deleted" in miss.detail


def test_a_fresh_second_is_served_past_a_stale_first(
    cache: SemanticCache, redis: redis_py.Redis, namespace: str
) -> None:
    """When the nearest answer is stale, the next one that may be served is."""
    cache.store(PARAPHRASE, "stale", sources={"faq": 3})
    set_version(redis, namespace, "faq", 4)
    cache.store(PASSWORD, "fresh", sources={"faq": 4})
    hit = cache.lookup(PARAPHRASE)
    assert isinstance(hit, Hit)
    assert hit.response == "fresh"


def test_an_answer_that_is_outdated_when_it_comes_is_not_stored(
    cache: SemanticCache, redis: redis_py.Redis, namespace: str
) -> None:
    """The document changed while the answer was computed: it is refused and counted, not stored."""
    set_version(redis, namespace, "faq", 4)
    assert cache.store(PASSWORD, "too late", sources={"faq": 3}) is None
    assert not cache.lookup(PASSWORD)
    assert (cache.stats().refused, cache.stats().stored) == (1, 0)


def test_an_answer_stored_after_the_event_is_never_served(
    cache: SemanticCache, redis: redis_py.Redis, namespace: str
) -> None:
    """An answer that slips in between the check and the event is found by its version at the lookup."""
    cache.store(PASSWORD, "answer", sources={"faq": 3})
    assert invalidate_source(redis, namespace, "faq", before_version=4) == 1
    cache.store(PASSWORD, "slipped in", sources={"faq": 3})
    set_version(redis, namespace, "faq", 4)
    assert not cache.lookup(PASSWORD)
    assert not cache.lookup(PARAPHRASE)


def test_an_event_removes_dependants_in_every_scope(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str
) -> None:
    """A document's change takes its answers out of all scopes, and leaves answers built from others."""
    caches = [make_cache(scope={"tenant": tenant}) for tenant in "abc"]
    for cache in caches:
        cache.store(PASSWORD, "from faq", sources={"faq": 3, "manual": 1})
        cache.store("What are your opening hours?", "from hours", sources={"hours": 1})
    assert invalidate_source(redis, namespace, "faq") == 3
    assert invalidate_source(redis, namespace, "faq") == 0
    for cache in caches:
        assert not cache.lookup(PASSWORD)
        assert cache.lookup("What are your opening hours?")
        assert cache.stats().invalidated == 1
    assert not redis.exists(keys.CACHE_DEPENDANTS.build(namespace=namespace, source="faq"))


def test_only_older_answers_are_removed(make_cache: MakeCache, redis: redis_py.Redis, namespace: str) -> None:
    """An event that comes again, or late, leaves answers from its own version and later ones."""
    old, new = make_cache(scope={"t": "old"}), make_cache(scope={"t": "new"})
    old.store(PASSWORD, "from 3", sources={"faq": 3})
    new.store(PASSWORD, "from 4", sources={"faq": 4})
    assert invalidate_source(redis, namespace, "faq", before_version=4) == 1
    assert invalidate_source(redis, namespace, "faq", before_version=4) == 0
    assert new.lookup(PASSWORD)
    assert not old.lookup(PASSWORD)
    assert invalidate_source(redis, namespace, "faq", before_version=5) == 1


def test_another_namespace_is_not_touched(make_cache: MakeCache, redis: redis_py.Redis, namespace: str) -> None:
    """The same document id elsewhere is another document."""
    cache = make_cache()
    cache.store(PASSWORD, "answer", sources={"faq": 3})
    assert invalidate_source(redis, namespace + "x", "faq") == 0
    set_version(redis, namespace + "x", "faq", 9)
    assert cache.lookup(PASSWORD)


CHANGES = [("set", 1), ("set", 2), ("delete", 2), ("store", 1), ("store", 2), ("forget", 0), ("exact", 0), ("near", 0)]


@given(st.lists(st.sampled_from(CHANGES), max_size=20))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_answer_outlives_the_version_of_its_source(
    cache: SemanticCache, redis: redis_py.Redis, namespace: str, did: list[tuple[str, int]]
) -> None:
    """However documents change while answers are stored and asked for: what is served is of the version there is."""
    cache.clear()
    redis.delete(keys.DOCUMENT_VERSIONS.build(namespace=namespace))
    known: dict[str, int] = {}
    for what, version in did:
        if what in ("set", "delete"):
            known["faq"] = version if what == "set" else -version
            set_version(redis, namespace, "faq", known["faq"])
        elif what == "forget":
            known.clear()
            redis.delete(keys.DOCUMENT_VERSIONS.build(namespace=namespace))
        elif what == "store":
            stored = cache.store(PASSWORD, f"of {version}", sources={"faq": version, "elsewhere": 1})
            assert (stored is not None) == (known.get("faq", version) == version)
        else:
            found = cache.lookup(PASSWORD if what == "exact" else PARAPHRASE)
            if isinstance(found, Hit):
                assert found.sources["faq"] == known.get("faq", found.sources["faq"])


class Told(redis_py.Redis):
    """A client that notes the commands it sends one by one."""

    commands: list[str]

    def execute_command(self, *args: Any, **options: Any) -> Any:
        self.commands.append(str(args[0]))
        return super().execute_command(*args, **options)


def test_whether_a_source_has_changed_costs_no_round_trip(
    make_cache: MakeCache, redis: redis_py.Redis, redis_url: str, namespace: str
) -> None:
    """The same question is one command, another wording two: on one server the versions come with the answers."""
    if is_cluster(redis):
        pytest.skip("on a cluster the documents are in another slot")
    set_version(redis, namespace, "faq", 3)
    client = Told.from_url(redis_url)
    client.commands = []
    cache = make_cache(client=client)
    cache.store(PASSWORD, "answer", sources={"faq": 3})
    assert cache.lookup(PARAPHRASE)
    cache._runtime.counted()
    client.commands.clear()
    with nothing_counted(cache):
        assert cache.lookup(PASSWORD)
        assert client.commands == ["EVALSHA"]
        assert cache.lookup(PARAPHRASE)
        assert client.commands == ["EVALSHA"] * 3
    client.close()
