"""`semcache kb` on a real Redis."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from semcache.cache import SemanticCache
from semcache.cli import kb as commands
from semcache.errors import InvalidInput

RETURNS = "# Returns\nYou may send back what you bought within thirty days."
HOURS = "The shop in Oslo is open from nine to five."


@pytest.fixture
def run(redis_url: str, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `semcache kb ARGUMENTS` in a folder and a namespace of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMCACHE_REDIS_URL", redis_url)
    monkeypatch.setenv("SEMCACHE_NAMESPACE", namespace)

    def invoke(*arguments: str, input: str | bytes | None = None) -> Result:
        return CliRunner().invoke(commands.app, list(arguments), input=input)

    return invoke


def _rows(result: Result) -> list[dict[str, Any]]:
    rows = json.loads(result.stdout)
    assert isinstance(rows, list)
    return rows


def test_add_search_show_list_delete(run: Any) -> None:
    """A folder of documents goes in, is found, shown and listed, and goes out again."""
    Path("docs").mkdir()
    Path("docs/returns.md").write_text(RETURNS)
    Path("docs/hours.txt").write_text(HOURS)
    Path("docs/logo.png").write_bytes(b"\x89PNG")
    added = _rows(run("add", "docs", "--json"))
    assert [(row["document"], row["result"], row["version"]) for row in added] == [
        ("docs/hours.txt", "added", 1),
        ("docs/returns.md", "added", 1),
    ]
    best = _rows(run("search", "when is the shop open?", "-k", "1", "--json"))[0]
    assert (best["document"], best["text"]) == ("docs/hours.txt", HOURS)
    assert json.loads(run("show", "docs/returns.md", "--json").stdout)["text"] == RETURNS
    assert [row["title"] for row in _rows(run("list", "--json"))] == ["docs/hours.txt", "Returns"]
    assert _rows(run("delete", "docs/hours.txt", "--json"))[0]["result"] == "deleted"
    assert [row["document"] for row in _rows(run("list", "--json"))] == ["docs/returns.md"]


def test_tables_are_for_people(run: Any) -> None:
    """Without --json each command prints a table that names the document."""
    Path("hours.txt").write_text(HOURS)
    for arguments in (["add", "hours.txt"], ["search", "opening hours"], ["list"], ["show", "hours.txt"]):
        result = run(*arguments)
        assert result.exit_code == 0
        assert "hours.txt" in result.stdout


def test_json_lines_and_bad_records(run: Any) -> None:
    """Good records are added, each bad one is named with its line, and the exit code is 1."""
    lines = [
        json.dumps({"document": "a", "text": HOURS, "title": "Hours", "version": 7}),
        "{not json",
        json.dumps({"text": "no id"}),
        json.dumps({"id": "b", "text": ""}),
        json.dumps({"id": "c", "text": RETURNS}),
    ]
    Path("in.jsonl").write_text("\n".join(lines))
    Path("latin.txt").write_bytes("caf\xe9".encode("latin-1"))
    result = run("add", "in.jsonl", "latin.txt", "missing.txt", "--json")
    assert result.exit_code == 1
    shown = {row["document"]: row["result"] for row in _rows(result)}
    assert shown == {
        "a": "added",
        "in.jsonl:2": "refused",
        "in.jsonl:3": "refused",
        "b": "refused",
        "c": "added",
        "latin.txt": "refused",
        "missing.txt": "refused",
    }
    assert {row["document"]: row["version"] for row in _rows(run("list", "--json"))} == {"a": 7, "c": 1}


def test_standard_input_needs_a_name(run: Any) -> None:
    """`-` reads one text; --id says what it is called."""
    assert isinstance(run("add", "-", input=HOURS).exception, InvalidInput)
    assert run("add", "-", "--id", "hours", "--title", "Opening hours", "--version", "3", input=HOURS).exit_code == 0
    shown = json.loads(run("show", "hours", "--json").stdout)
    assert (shown["title"], shown["version"], shown["text"]) == ("Opening hours", 3, HOURS)


def test_an_older_version_is_said_to_have_no_effect(run: Any) -> None:
    """The row says so; it is no error."""
    run("add", "-", "--id", "d", "--version", "3", input=HOURS)
    result = run("add", "-", "--id", "d", "--version", "2", "--json", input=RETURNS)
    assert result.exit_code == 0
    assert [(row["result"], row["version"]) for row in _rows(result)] == [("not newer", 3)]


def test_a_change_takes_the_answers_built_from_it(run: Any, redis_url: str, namespace: str) -> None:
    """Cached answers from an older version of the document, or from a deleted one, go with the change."""
    run("add", "-", "--id", "hours", input=HOURS)
    cache = SemanticCache(redis_url, namespace=namespace, scope={"tenant": "t"})
    cache.store("When do you open?", "At nine.", sources={"hours": 1})
    assert _rows(run("add", "-", "--id", "hours", "--json", input=RETURNS))[0]["answers_removed"] == 1
    cache.store("When do you open?", "At ten.", sources={"hours": 2})
    assert _rows(run("delete", "hours", "--json"))[0]["answers_removed"] == 1
    assert list(cache.entries()) == []


def test_what_is_not_there(run: Any) -> None:
    """Showing it is an error that says so; deleting it exits with 1; searching an empty base finds nothing."""
    assert isinstance(run("show", "nothing").exception, InvalidInput)
    assert run("delete", "nothing").exit_code == 1
    assert _rows(run("search", "anything", "--json")) == []
    assert _rows(run("list", "--json")) == []


def test_another_model_is_reindexed(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`reindex` embeds again with the model of the settings, once."""
    run("add", "-", "--id", "hours", input=HOURS)
    monkeypatch.setenv("SEMCACHE_EMBED_MODEL", "all-minilm-l6-v2-q")
    assert _rows(run("reindex", "--json")) == [{"document": "hours"}]
    assert _rows(run("reindex", "--json")) == []
    assert _rows(run("search", "opening hours", "--json"))[0]["document"] == "hours"
