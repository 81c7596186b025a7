"""`semcache cache` on a real Redis."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis as redis_py
from typer.testing import CliRunner, Result

from semcache.cache import SemanticCache
from semcache.cli import cache as commands
from semcache.embed import CachedEmbedder
from semcache.errors import InvalidInput

PASSWORD = "How do I reset my password?"
HOURS = "What are your opening hours?"
Run = Callable[..., Result]


@pytest.fixture
def run(redis_url: str, namespace: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `semcache cache ARGUMENTS` in a namespace of its own; an error of ours is raised."""
    monkeypatch.setenv("SEMCACHE_REDIS_URL", redis_url)
    monkeypatch.setenv("SEMCACHE_NAMESPACE", namespace)

    def invoke(*arguments: str, input: str | None = None) -> Result:
        result = CliRunner().invoke(commands.app, list(arguments), input=input)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def caches(redis: redis_py.Redis, embedder: CachedEmbedder, namespace: str) -> dict[str, SemanticCache]:
    """Two tenants, with two answers each, one of them asked twice."""
    made = {
        tenant: SemanticCache(redis, embedder=embedder, namespace=namespace, scope={"tenant": tenant})
        for tenant in ("acme", "globex")
    }
    for tenant, cache in made.items():
        cache.store(HOURS, f"{tenant}: 9 to 5", tags=["en"])
        cache.store(PASSWORD, f"{tenant}: use the link", sources={"faq": 1})
        assert cache.lookup(PASSWORD)
        assert cache.lookup("How can I reset my password?")
    return made


def output(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_stats_of_each_scope(run: Run, caches: dict[str, SemanticCache]) -> None:
    """One row a scope, with its items, counts and rates."""
    rows = output(run("stats", "--json"))
    assert [row["items"] for row in rows] == [{"tenant": "acme"}, {"tenant": "globex"}]
    assert {(row["entries"], row["hits"], row["hit_rate"], row["hits_exact"]) for row in rows} == {(2, 2, 1.0, 1)}
    assert len(output(run("stats", "--scope", "tenant=acme", "--json"))) == 1
    assert "tenant=acme" in run("stats").stdout
    assert "hits exact" in run("stats", "--scope", "tenant=acme").stdout


def test_list_is_paged_and_filtered(run: Run, caches: dict[str, SemanticCache]) -> None:
    """The most used first; pages, tags, sources, text and scope narrow it."""
    rows = output(run("list", "--json"))
    assert [row["prompt"] for row in rows] == [PASSWORD, HOURS] * 2
    assert output(run("list", "--offset", "1", "--limit", "2", "--json")) == rows[1:3]
    assert {row["prompt"] for row in output(run("list", "--tag", "en", "--json"))} == {HOURS}
    assert {row["prompt"] for row in output(run("list", "--source", "faq", "--json"))} == {PASSWORD}
    assert output(run("list", "--source", "faq", "--tag", "en", "--json")) == []
    assert {row["prompt"] for row in output(run("list", "--contains", "OPENING", "--json"))} == {HOURS}
    assert {row["items"]["tenant"] for row in output(run("list", "--scope", "tenant=acme", "--json"))} == {"acme"}
    assert "9 to 5" in run("list").stdout


def test_explain_names_the_decision(run: Run, caches: dict[str, SemanticCache]) -> None:
    """A hit and a miss are told apart, with candidates; nothing is counted."""
    before = caches["acme"].stats()
    hit = output(run("explain", "How can I reset my password?", "--scope", "tenant=acme", "--json"))
    assert hit["served"] == hit["candidates"][0]["entry_id"]
    miss = output(run("explain", "How do I cancel my order?", "--scope", "tenant=acme", "--json"))
    assert (miss["served"], miss["reason"]) == (None, "not_similar")
    assert "misses" in run("explain", "How do I cancel my order?", "--scope", "tenant=acme").stdout
    assert caches["acme"].stats() == before


def test_explain_needs_one_scope(run: Run, caches: dict[str, SemanticCache]) -> None:
    """With several scopes and none named, it says which there are."""
    with pytest.raises(InvalidInput, match="tenant=acme; tenant=globex"):
        run("explain", PASSWORD)


def test_invalidate_in_all_scopes_or_one(run: Run, caches: dict[str, SemanticCache]) -> None:
    """By source everywhere, by tag in one scope, by id; each says how many."""
    assert output(run("invalidate", "--source", "faq", "--json")) == {"removed": 2}
    assert output(run("invalidate", "--tag", "en", "--scope", "tenant=acme", "--json")) == {"removed": 1}
    (left,) = output(run("list", "--json"))
    assert left["items"] == {"tenant": "globex"}
    assert output(run("invalidate", "--id", left["entry_id"], "--json")) == {"removed": 1}
    assert output(run("list", "--json")) == []


def test_invalidate_needs_one_criterion(run: Run) -> None:
    """None, or two at once, is an error."""
    for arguments in ([], ["--tag", "a", "--source", "b"]):
        with pytest.raises(InvalidInput, match="one of"):
            run("invalidate", *arguments)


def test_clear_asks_first(run: Run, caches: dict[str, SemanticCache]) -> None:
    """It needs scopes or --all, asks unless told not to, and takes no for an answer."""
    with pytest.raises(InvalidInput, match="--all"):
        run("clear")
    assert run("clear", "--all", input="n\n").exit_code == 1
    assert caches["acme"].stats().entries == 2
    assert output(run("clear", "--scope", "tenant=acme", "--yes", "--json")) == {"removed": 2}
    assert output(run("clear", "--all", "--yes", "--json")) == {"removed": 2}


def test_an_unknown_scope_is_an_error_that_lists_the_known(run: Run, caches: dict[str, SemanticCache]) -> None:
    """A misspelt name or value does not look like an empty cache."""
    with pytest.raises(InvalidInput, match="tenant=acme, tenant=globex"):
        run("stats", "--scope", "tenent=acme")
    with pytest.raises(InvalidInput, match="NAME=VALUE"):
        run("stats", "--scope", "acme")


def test_an_empty_namespace_prints_nothing_wrong(run: Run) -> None:
    """Without a single answer the tables are empty, and no error."""
    assert output(run("stats", "--json")) == []
    assert output(run("list", "--json")) == []
    assert run("list").exit_code == 0
