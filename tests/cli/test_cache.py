"""`semcache cache` on a real Redis."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py
from typer.testing import CliRunner, Result

from semcache.cache import SemanticCache
from semcache.cli.cache import commands
from semcache.embed import CachedEmbedder
from semcache.errors import InvalidInput
from tests.cache.test_lineage import set_version

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
        assert cache._runtime.flush(20)
    return made


def output(result: Result, *, exit_code: int = 0) -> Any:
    assert result.exit_code == exit_code, result.output
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


FAQ = """question,answer,sources,tags,ttl
How do I reset my password?,Use the link.,faq:3,help,60
When are you open?,9 to 5.,,,
"""


def test_warm_fills_a_scope_and_goes_on_where_it_stopped(run: Run, tmp_path: Path, redis: redis_py.Redis) -> None:
    """Known answers are served from then on, with their sources, tags and lifetime; a second run stores nothing."""
    file = tmp_path / "faq.csv"
    file.write_text(FAQ)
    arguments = ("warm", str(file), "--scope", "tenant=acme", "--tag", "faq", "--json")
    nothing = {"stored": 0, "known": 0, "replaced": 0, "clash": 0, "outdated": 0, "invalid": 0, "rows": []}
    assert output(run(*arguments)) == nothing | {"stored": 2}
    assert output(run(*arguments)) == nothing | {"known": 2}
    file.write_text(FAQ.replace("9 to 5.", "9 to 6."))
    detail = "another answer was stored: 9 to 5."
    row = {"row": 2, "outcome": "replaced", "question": "When are you open?", "detail": detail}
    assert output(run(*arguments), exit_code=1) == nothing | {"known": 1, "replaced": 1, "rows": [row]}
    rows = {row["prompt"]: row for row in output(run("list", "--scope", "tenant=acme", "--json"))}
    assert rows["When are you open?"]["response"] == "9 to 6."
    first = rows[PASSWORD]
    assert (first["sources"], first["tags"]) == ({"faq": 3}, ["faq", "help"])
    assert round(first["expires_at"] - first["created_at"]) == 60
    assert output(run("explain", "How can I reset my password?", "--json"))["served"] == first["entry_id"]


def test_warm_names_the_rows_that_it_does_not_keep(
    run: Run, tmp_path: Path, redis: redis_py.Redis, namespace: str
) -> None:
    """Of two answers to one question the first stays, in every run; a row from an old version is named too."""
    set_version(redis, namespace, "faq", 4)
    file = tmp_path / "faq.csv"
    file.write_text(FAQ + "When are you open?,9 to 7.,,,\nWhen are you open?,9 to 5.,,,\n")
    for first in (True, False):
        found = output(run("warm", str(file), "--json"), exit_code=1)
        assert (found["stored"], found["known"], found["clash"], found["outdated"]) == (int(first), 2 - first, 1, 1)
        assert [(row["row"], row["outcome"]) for row in found["rows"]] == [(1, "outdated"), (3, "clash")]
        assert "row 2" in found["rows"][1]["detail"]
        assert output(run("explain", "When are you open?", "--json"))["served"]
    shown = run("warm", str(file))
    assert shown.exit_code == 1
    assert "9 to 7." not in shown.output
    assert "row 2 has another answer" in " ".join(shown.output.replace("│", " ").split())


def test_warm_keeps_questions_in_any_script(run: Run, tmp_path: Path) -> None:
    """Rows that are all kept end with exit code 0."""
    file = tmp_path / "faq.csv"
    file.write_text(
        "question,answer\nWann öffnet ihr?,Um 9.\n几点开门？,9点。\nمتى تفتحون؟,في التاسعة\n", encoding="utf-8"
    )
    assert output(run("warm", str(file), "--json"))["stored"] == 3


def test_warm_takes_json_lines(run: Run, tmp_path: Path) -> None:
    """Sources and tags may be JSON values of their own."""
    file = tmp_path / "faq.jsonl"
    row = {"prompt": PASSWORD, "response": "Use the link.", "sources": {"faq:1": 3}, "tags": ["a,b"], "ttl": 5}
    file.write_text(json.dumps(row))
    assert output(run("warm", str(file), "--json"))["stored"] == 1
    (entry,) = output(run("list", "--json"))
    assert (entry["sources"], entry["tags"]) == ({"faq:1": 3}, ["a,b"])


def test_warm_keeps_the_good_rows_and_names_the_bad_ones(run: Run, tmp_path: Path) -> None:
    """A row without a question, with half a character or an endless lifetime costs no other row its answer."""
    file = tmp_path / "faq.csv"
    file.write_text("question,answer,ttl\nOne?,Yes.,\n ,x,\nTwo?,No.,\nThree?,Maybe.,1e12\n")
    found = output(run("warm", str(file), "--json"), exit_code=1)
    assert (found["stored"], found["invalid"]) == (2, 2)
    assert [(row["row"], row["outcome"]) for row in found["rows"]] == [(2, "invalid"), (4, "invalid")]
    assert "ttl" in found["rows"][1]["detail"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("text,category\nhow,x\n", "an answer"),
        ("question,answer,sources\nWhy?,So.,faq\n", "doc-42:7"),
        ("question,answer,ttl\nWhy?,So.,-5\n", "ttl"),
        ("question,answer,ttl\nWhy?,So.,soon\n", "ttl"),
        ("question,answer,ttl\nWhy?,So.,9223372036854775807\n", "line 2: ttl"),
        ("question,answer,ttl\nWhy?,So.,nan\n", "line 2: ttl"),
        ("", "faq.csv"),
    ],
)
def test_warm_says_which_row_is_wrong_before_it_stores_any(run: Run, tmp_path: Path, text: str, message: str) -> None:
    """A file that cannot be used is refused whole, with its row and what is wanted."""
    file = tmp_path / "faq.csv"
    file.write_text(text)
    if not text:
        file.unlink()
    with pytest.raises(InvalidInput, match=message):
        run("warm", str(file))
    assert output(run("list", "--json")) == []


def test_learn_takes_pairs(run: Run, tmp_path: Path) -> None:
    """Labelled pairs become labels; a wrong label is an error with its line."""
    file = tmp_path / "pairs.tsv"
    file.write_text(f"text_a\ttext_b\tlabel\n{PASSWORD}\tHow can I reset my password?\t1\n{PASSWORD}\t{HOURS}\t0\n")
    learned = output(run("learn", str(file), "--scope", "tenant=acme", "--json"))
    assert (learned["pairs"], learned["used"]) == (2, 2)
    assert "2 of 100" in learned["summary"]
    file.write_text("text_a\ttext_b\tlabel\na\tb\tmaybe\n")
    with pytest.raises(InvalidInput, match="maybe"):
        run("learn", str(file))
    file.write_text("a\tb\n1\t2\n")
    with pytest.raises(InvalidInput, match="text_a"):
        run("learn", str(file))


def test_status_tells_how_far_the_learning_is(run: Run, caches: dict[str, SemanticCache]) -> None:
    """One row a scope with its labels and a sentence; for one scope what other budgets would give."""
    rows = output(run("status", "--json"))
    assert [row["items"]["tenant"] for row in rows] == ["acme", "globex"]
    assert all("answers compared" in row["summary"] for row in rows)
    assert "labels needed" in run("status", "--scope", "tenant=acme").stdout
    assert "answers compared" in run("status").stdout
