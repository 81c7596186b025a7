"""Redis' own clients of LangCache against the server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from langcache import LangCache
from langcache.errors import AuthenticationErrorResponseContent, BadRequestErrorResponseContent
from langcache.models import SearchStrategy
from redisvl.extensions.cache.llm import LangCacheSemanticCache

from tests.server.conftest import Served

PROMPT = "How do I reset my password?"


@pytest.fixture
def cache(served: Served) -> Iterator[LangCache]:
    with LangCache(server_url=served.url, cache_id="c1", api_key="key-of-alice") as client:
        yield client


def test_what_is_similar_enough_is_found(cache: LangCache, served: Served) -> None:
    """The threshold is (1 + cosine) / 2; another tenant's cache of that name is another cache."""
    stored = cache.set(prompt=PROMPT, response="like this")
    [found] = cache.search(prompt="How can I reset my password", similarity_threshold=0.9).data
    assert (found.id, found.response) == (stored.entry_id, "like this")
    assert 0.9 <= found.similarity < 1
    assert cache.search(prompt="How tall is Mount Everest?", similarity_threshold=0.9).data == []
    with LangCache(server_url=served.url, cache_id="c1", api_key="key-of-bob") as bob:
        assert bob.search(prompt=PROMPT).data == []


def test_attributes_filter_and_one_prompt_may_have_several(cache: LangCache) -> None:
    """A search finds what has all of the attributes; deleting takes the intersection."""
    cache.set(prompt=PROMPT, response="one", attributes={"team": "a", "lang": "en"})
    cache.set(prompt=PROMPT, response="two", attributes={"team": "b", "lang": "en"})
    [found] = cache.search(prompt=PROMPT, attributes={"team": "b"}).data
    assert (found.response, found.attributes) == ("two", {"team": "b", "lang": "en"})
    exact = [SearchStrategy.EXACT]
    assert len(cache.search(prompt=PROMPT, search_strategies=exact, max_results=5).data) == 2
    assert cache.search(prompt=PROMPT.lower(), search_strategies=exact).data == []
    assert cache.delete_query(attributes={"team": "a", "lang": "en"}).deleted_entries_count == 1
    assert len(cache.search(prompt=PROMPT, max_results=5).data) == 1


def test_entries_and_caches_are_removed(cache: LangCache) -> None:
    """By id, whether it is there or not, and all at once."""
    stored = cache.set(prompt=PROMPT, response="like this")
    cache.delete_by_id(entry_id=stored.entry_id)
    cache.delete_by_id(entry_id="unknown")
    assert cache.search(prompt=PROMPT).data == []
    cache.set(prompt=PROMPT, response="like this")
    cache.flush()
    assert cache.search(prompt=PROMPT).data == []


def test_errors_are_those_of_the_client(cache: LangCache, served: Served) -> None:
    """Wrong input and a wrong key have their own exceptions."""
    with pytest.raises(BadRequestErrorResponseContent):
        cache.set(prompt="", response="x")
    with pytest.raises(BadRequestErrorResponseContent):
        cache.delete_query(attributes={})
    with (
        LangCache(server_url=served.url, cache_id="c1", api_key="wrong") as stranger,
        pytest.raises(AuthenticationErrorResponseContent),
    ):
        stranger.search(prompt=PROMPT)


def test_redisvls_wrapper_works(served: Served) -> None:
    """Store, check, attributes, deletion and the asynchronous form."""
    wrapper = LangCacheSemanticCache(server_url=served.url, cache_id="c2", api_key="key-of-alice")
    wrapper.store(PROMPT, "like this", metadata={"model": "gpt 5/x"})
    [found] = wrapper.check(PROMPT, attributes={"model": "gpt 5/x"})
    assert (found["response"], found["metadata"]) == ("like this", {"model": "gpt 5/x"})
    assert wrapper.check(PROMPT, attributes={"model": "other"}) == []
    assert asyncio.run(wrapper.acheck(PROMPT))[0]["response"] == "like this"
    wrapper.delete_by_attributes({"model": "gpt 5/x"})
    assert wrapper.check(PROMPT) == []
