"""Scopes: hard walls between answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import redis as redis_py
from hypothesis import given
from hypothesis import strategies as st

from semcache.cache.scope import Scope, make_scope
from semcache.embed import Embedder, Kind, Vectors
from semcache.errors import InvalidInput
from semcache.store import keys
from tests.cache.conftest import MakeCache

PASSWORD = "How do I reset my password?"
ITEMS = st.dictionaries(st.text(min_size=1, max_size=5), st.text(min_size=1, max_size=5), max_size=3)


class Renamed:
    """The same vectors under another fingerprint: a model that was retrained, as far as keys are concerned."""

    def __init__(self, inner: Embedder, fingerprint: str) -> None:
        self._inner = inner
        self.dim = inner.dim
        self.fingerprint = fingerprint

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        return self._inner.embed(texts, kind=kind)


@pytest.mark.parametrize(
    "other",
    [{"tenant": "b", "model": "m"}, {"tenant": "a", "model": "n"}, {"tenant": "a"}, {}, {"tenant": "a:model=m"}],
)
def test_another_scope_sees_nothing(make_cache: MakeCache, other: dict[str, str]) -> None:
    """No other tenant, model or set of items gets an answer, exactly or semantically."""
    make_cache(scope={"tenant": "a", "model": "m"}).store(PASSWORD, "secret of a")
    assert not make_cache(scope=other).lookup(PASSWORD)
    assert not make_cache(scope=other).lookup("How can I reset my password?")
    assert make_cache(scope={"model": "m", "tenant": "a"}).lookup(PASSWORD), "the order of items does not matter"


def test_a_nearer_entry_of_another_model_hides_nothing(make_cache: MakeCache) -> None:
    """The same prompt under two models keeps two answers; each model gets its own."""
    big, small = make_cache(scope={"model": "big"}), make_cache(scope={"model": "small"})
    big.store(PASSWORD, "from big")
    for n in range(15):
        small.store(f"How can I reset my password, try {n}?", "noise")
    small.store(PASSWORD, "from small")
    assert [cache.lookup("How can I reset my password?").response for cache in (big, small)] == [  # type: ignore[union-attr]
        "from big",
        "from small",
    ]


def test_another_namespace_sees_nothing(make_cache: MakeCache, namespace: str) -> None:
    """Installations on one Redis are apart."""
    make_cache().store(PASSWORD, "answer")
    assert not make_cache(namespace=namespace + "x").lookup(PASSWORD)


def test_another_embedder_of_the_same_dimension_sees_nothing(make_cache: MakeCache, embedder: Embedder) -> None:
    """A changed model starts afresh: vectors of two fingerprints are never compared."""
    make_cache().store(PASSWORD, "answer")
    assert not make_cache(embedder=Renamed(embedder, "retrained")).lookup(PASSWORD)
    assert make_cache(embedder=Renamed(embedder, embedder.fingerprint)).lookup(PASSWORD)


@pytest.mark.parametrize(
    "wrong",
    [{"tenant": 7}, {"tenant": None}, {"tenant": ""}, {"": "x"}, {7: "x"}, {"t": "\ud800"}, ["tenant"], "tenant"],
)
def test_a_wrong_item_is_refused(make_cache: MakeCache, wrong: dict[str, str]) -> None:
    """Items are non-empty strings: a None that stands for 'no tenant' would put all such tenants together."""
    with pytest.raises(InvalidInput, match="scope"):
        make_cache(scope=wrong)


def test_a_missing_item_fails_closed(make_cache: MakeCache) -> None:
    """With required names, a scope that lacks one, or has one more, is an error that names it."""
    with pytest.raises(InvalidInput, match="lacks model, user"):
        make_cache(scope={"tenant": "a"}, required_scope=["tenant", "model", "user"])
    with pytest.raises(InvalidInput, match="unknown scope item tenent"):
        make_cache(scope={"tenent": "a", "tenant": "a"}, required_scope=["tenant"])
    with pytest.raises(InvalidInput, match="lacks tenant"):
        make_cache(required_scope=["tenant"])
    make_cache(scope={"tenant": "a"}, required_scope=["tenant"])


@given(a=ITEMS, b=ITEMS, n=st.text(min_size=1, max_size=4), m=st.text(min_size=1, max_size=4))
def test_ids_are_equal_for_equal_walls_only(a: dict[str, str], b: dict[str, str], n: str, m: str) -> None:
    """However items and namespaces are spelt, two scopes share an id if and only if they are the same."""
    one, two = make_scope(n, a, embedder="e"), make_scope(m, b, embedder="e")
    assert (one.id == two.id) == ((n, a) == (m, b))


@given(items=ITEMS)
def test_the_catalogue_keeps_a_scope_whole(items: dict[str, str]) -> None:
    """A scope read back from its JSON is the scope."""
    scope = make_scope("n", items, embedder="e:1")
    assert Scope.from_json("n", scope.to_json()) == scope


def test_storing_registers_the_scope(make_cache: MakeCache, redis: redis_py.Redis, namespace: str) -> None:
    """The catalogue of a namespace lists the scopes that ever held an answer."""
    cache = make_cache(scope={"tenant": "a"})
    cache.store(PASSWORD, "answer")
    catalogue = redis.hgetall(keys.CACHE_SCOPES.build(namespace=namespace))
    assert [Scope.from_json(namespace, text) for text in catalogue.values()] == [cache.scope]
