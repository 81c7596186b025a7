"""`semcache migrate redisvl`: hashes as redisvl writes them, brought to the drop-in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from redisvl.query.filter import Tag
from redisvl.redis.utils import array_to_buffer
from typer.testing import CliRunner

from semcache.adapters.redisvl import SemanticCache
from semcache.cli.main import build_app
from semcache.embed import Embedder
from semcache.store.clients.client import Client

Opened = Callable[..., SemanticCache]
LABEL = [{"name": "label", "type": "tag"}]


@pytest.fixture
def index(namespace: str, redis: Client, embedder: Embedder) -> Iterator[str]:
    """Three entries of a redisvl cache: plain, with metadata, filter and lifetime, and in other words; and no entry."""
    for n, prompt in enumerate(("How do I renew a card?", "Where is the library?", "When do you open?")):
        vector = array_to_buffer(embedder.embed([prompt])[0].tolist(), "float32")
        told: dict[str, Any] = {"entry_id": f"e{n}", "prompt": prompt, "response": f"answer {n}", "inserted_at": 1.5}
        more = {"metadata": json.dumps({"n": 1}), "label": "group 0"} if n == 1 else {}
        redis.hset(f"{namespace}:e{n}", mapping={**told, "updated_at": 2.5, "prompt_vector": vector, **more})
    redis.expire(f"{namespace}:e1", 500)
    redis.hset(f"{namespace}:other", mapping={"x": b"\xff"})
    yield namespace
    redis.delete(*(f"{namespace}:{name}" for name in ("e0", "e1", "e2", "other")))


@pytest.fixture
def migrate(redis_url: str, index: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Runs the command on the test's Redis; what it prints as JSON."""
    monkeypatch.setenv("SEMCACHE_REDIS_URL", redis_url)
    monkeypatch.chdir(tmp_path)

    def run(*options: str) -> Any:
        result = CliRunner().invoke(build_app("migrate"), ["migrate", "redisvl", "--index", index, "--json", *options])
        if result.exception is not None:
            raise result.exception
        return json.loads(result.stdout)

    return run


def test_entries_are_found_after_it(migrate: Callable[..., Any], opened: Opened, redis: Client, index: str) -> None:
    """With their vectors, filters, metadata, times and lifetimes; a second run changes nothing."""
    assert migrate() == {"index": index, "into": index, "copied": 3, "there": 0, "unreadable": 1}
    cache = opened(filterable_fields=LABEL)
    [hit] = cache.check("Where is the library?", filter_expression=Tag("label") == "group 0")
    assert (hit["response"], hit["metadata"], hit["inserted_at"]) == ("answer 1", {"n": 1}, 1.5)
    assert 400 < redis.ttl(hit["key"]) <= 500
    assert redis.ttl(cache.check("When do you open?")[0]["key"]) == -1
    cache.update(hit["key"], response="another")
    assert migrate()["there"] == 3
    assert cache.check("Where is the library?")[0]["response"] == "another"


def test_what_changed_since_is_copied_again(migrate: Callable[..., Any], opened: Opened, redis: Client) -> None:
    """By the time of the last change."""
    migrate()
    name = opened().name
    redis.hset(f"{name}:e0", mapping={"response": "newer", "updated_at": 9.0})
    assert migrate()["copied"] == 1
    assert opened().check("How do I renew a card?")[0]["response"] == "newer"


def test_prompts_are_embedded_anew(migrate: Callable[..., Any], redis_url: str, index: str) -> None:
    """For the settings' model, and for the budget, which then serves the same question."""
    assert migrate("--vectors", "embed", "--budget", "--into", f"{index}-b")["copied"] == 3
    cache = SemanticCache(f"{index}-b", redis_url=redis_url, decision="budget")
    assert cache.check("When do you open?")[0]["response"] == "answer 2"
    cache.delete()


def test_vectors_of_another_dtype(
    migrate: Callable[..., Any], opened: Opened, redis: Client, embedder: Embedder
) -> None:
    """Are told by name; as another they are refused or of another dimension."""
    name, prompt = opened().name, "How do I renew a card?"
    for n in (1, 2):
        redis.delete(f"{name}:e{n}")
    redis.hset(f"{name}:e0", "prompt_vector", embedder.embed([prompt])[0].astype(np.float16).tobytes())
    assert migrate("--dtype", "float16")["copied"] == 1
    assert opened().check(prompt)[0]["vector_distance"] < 0.01


def test_an_index_that_is_not_there(migrate: Callable[..., Any]) -> None:
    """Is said; --budget wants vectors of the settings' model."""
    with pytest.raises(ValueError, match="no hash begins with"):
        migrate("--index", "nothing*")
    with pytest.raises(ValueError, match="--vectors embed"):
        migrate("--budget")
