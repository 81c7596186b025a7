"""Sealing in the chat: what users told is nowhere readable, also not in cached answers."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from semcache.app import App, open_app
from semcache.embed import CachedEmbedder
from semcache.settings import load_settings
from semcache.store import keys
from tests.sealing.conftest import everything, secret


def seal(**more: Any) -> dict[str, Any]:
    encoded = {name: base64.b64encode(secret(name)).decode() for name in ("k1", "words")}
    return {"active": "k1", "keys": {"k1": encoded["k1"]}, "words": encoded["words"], **more}


def opened(redis_url: str, namespace: str, embedder: CachedEmbedder, **more: Any) -> Iterator[App]:
    settings = load_settings(namespace=namespace, redis={"url": redis_url}, seal=seal(**more))
    with open_app(settings, embedder=embedder, sweep=False) as app:
        app.knowledge.upsert("returns", "You can return a lamp within 30 days of delivery.", title="Returns")
        yield app


@pytest.fixture
def app(redis_url: str, namespace: str, embedder: CachedEmbedder) -> Iterator[App]:
    """An app with sealing on."""
    yield from opened(redis_url, namespace, embedder)


@pytest.fixture
def keeping(redis_url: str, namespace: str, embedder: CachedEmbedder) -> Iterator[App]:
    """The same, allowed to cache personal answers."""
    yield from opened(redis_url, namespace, embedder, cache_personal=True)


def cached(redis: Redis, namespace: str) -> list[bytes]:
    """Everything in the caches of a namespace."""
    scopes = redis.hkeys(keys.CACHE_SCOPES.build(namespace=namespace))
    return [value for scope in scopes for value in everything(redis, scope.decode())]


def converse(app: App) -> list[str]:
    outcomes = []
    for said in ("My violin teacher is called Quentin.", "Who is my violin teacher?", "Who is my violin teacher?"):
        outcomes.append(app.engine.ask(said, user="ann", session="s").outcome)
    return outcomes


def test_what_a_user_told_is_nowhere_readable(redis: Redis, app: App, namespace: str) -> None:
    """After telling and asking twice the chat knows the answer, and no value in Redis contains it."""
    assert "hit" not in converse(app)
    answer = app.engine.ask("Who is my violin teacher?", user="ann", session="t")
    assert "Quentin" in answer.text
    assert "sealed" in answer.reason
    stored = [*everything(redis, namespace), *cached(redis, namespace)]
    assert len(stored) > 30
    assert [value for value in stored if b"quentin" in value.lower()] == []


def test_shared_answers_are_cached_all_the_same(app: App) -> None:
    """What rests on documents alone is kept for everybody."""
    outcomes = [app.engine.ask("Can I return a lamp?", user=user, session="s").outcome for user in ("ann", "bob")]
    assert outcomes == ["miss", "hit"]


def test_personal_answers_are_cached_where_that_is_allowed(redis: Redis, keeping: App, namespace: str) -> None:
    """`cache_personal` brings back the hit, and with it the words in the cache."""
    converse(keeping)
    assert keeping.engine.ask("Who is my violin teacher?", user="ann", session="s").outcome == "hit"
    assert any(b"quentin" in value.lower() for value in cached(redis, namespace))
