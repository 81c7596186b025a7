"""`semcache memory` on a real Redis."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py
from typer.testing import CliRunner, Result

from semcache.cli import memory as commands
from semcache.cli.audit import audit
from semcache.embed import CachedEmbedder
from semcache.errors import InvalidInput
from semcache.memory import AgentMemory
from semcache.memory.stored.layout import UserKeys

Run = Callable[..., Result]
DAY_S = 86_400.0
MAY_1 = 1_682_899_200.0  # 2023-05-01, UTC


@pytest.fixture
def run(redis_url: str, namespace: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `semcache memory ARGUMENTS` in a namespace of its own; an error of ours is raised."""
    monkeypatch.setenv("SEMCACHE_REDIS_URL", redis_url)
    monkeypatch.setenv("SEMCACHE_NAMESPACE", namespace)

    def invoke(*arguments: str, input: str | None = None) -> Result:
        result = CliRunner().invoke(commands.app, list(arguments), input=input)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def ann(redis: redis_py.Redis, embedder: CachedEmbedder, namespace: str) -> AgentMemory:
    """A user with three turns on three days."""
    memory = AgentMemory(redis, user="ann", embedder=embedder, namespace=namespace)
    for day, text in enumerate(("I live in Lyon.", "I moved to Porto.", "My cat is called Miso.")):
        memory.append(f"s{day}", "user", text, at=MAY_1 + day * DAY_S + 3_600)
    return memory


def output(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def texts(rows: list[dict[str, Any]]) -> list[str]:
    return [row["text"] for row in rows]


def test_recall_finds_and_says_why(run: Run, ann: AgentMemory) -> None:
    """The best turn first, with its score and parts; limits of time, session and as-of are understood."""
    rows = output(run("recall", "What is my cat called?", "--user", "ann", "--json"))
    assert rows[0]["text"] == "My cat is called Miso."
    assert sum(rows[0]["parts"].values()) == pytest.approx(rows[0]["score"])
    assert texts(output(run("recall", "home", "-u", "ann", "--at", "2023-05-01", "--json"))) == ["I live in Lyon."]
    since = output(run("recall", "home", "-u", "ann", "--since", "2023-05-02", "--until", "2023-05-02", "--json"))
    assert texts(since) == ["I moved to Porto."]
    assert texts(output(run("recall", "home", "-u", "ann", "--session", "s2", "--json"))) == ["My cat is called Miso."]
    assert "turn +" in " ".join(run("recall", "home", "-u", "ann").stdout.split())


def test_recall_says_what_a_turn_states(run: Run, ann: AgentMemory) -> None:
    """The fact with its time, as JSON and in words; asked as of an earlier time, as it was known then."""
    rows = output(run("recall", "Where is my home?", "-u", "ann", "--json"))
    facts = {row["text"]: row["fact"] for row in rows}
    assert (facts["I live in Lyon."]["value"], facts["I live in Lyon."]["valid_to"]) == (
        "Lyon",
        "2023-05-02T01:00:00+00:00",
    )
    (then,) = output(run("recall", "Where is my home?", "-u", "ann", "--at", "2023-05-01", "--json"))
    assert then["fact"]["valid_to"] is None
    shown = "".join(run("recall", "Where is my home?", "-u", "ann").stdout.split())
    assert "home:" in shown


def test_facts_now_and_then(run: Run, ann: AgentMemory) -> None:
    """The home is Porto now, was Lyon at an earlier time, and both are in the history."""

    def homes(*options: str) -> list[str]:
        rows = output(run("facts", "--user", "ann", "--json", *options))
        return [row["value"] for row in rows if row["attribute"] == "home"]

    assert homes() == ["Porto"]
    assert homes("--at", "2023-05-01") == ["Lyon"]
    assert sorted(homes("--history")) == ["Lyon", "Porto"]


def test_a_memory_goes_through_a_file_and_through_a_pipe(run: Run, ann: AgentMemory, tmp_path: Path) -> None:
    """An export, imported by another user from a file or from standard input, has the same turns."""
    file = tmp_path / "ann.json"
    assert run("export", "--user", "ann", str(file)).exit_code == 0
    assert output(run("import", "--user", "bob", str(file), "--json")) == {"written": 3, "known": 0, "refused": 0}
    piped = run("export", "--user", "bob").stdout
    assert output(run("import", "--user", "bob", "--json", input=piped)) == {"written": 0, "known": 3, "refused": 0}
    assert texts(output(run("turns", "--user", "bob", "--json"))) == texts(output(run("turns", "-u", "ann", "--json")))


def test_old_memories_are_made_new(run: Run, ann: AgentMemory, redis: redis_py.Redis, namespace: str) -> None:
    """Turns without today's layout are written again, the others kept; of one user, or of all."""
    redis.hdel(UserKeys(namespace, "ann").turn(ann.turns()[0].id), "layout")
    assert output(run("reindex", "--user", "ben", "--json")) | {"why": 0} == {
        "changed": 0, "kept": 0, "refused": 0, "removed_keys": 0, "why": 0,
    }  # fmt: skip
    assert output(run("reindex", "--json"))["changed"] == 1
    again = run("reindex", "--user", "ann")
    assert again.exit_code == 0
    assert "kept" in again.output


def test_forgetting_shows_before_it_removes(run: Run, ann: AgentMemory) -> None:
    """A dry run changes nothing; without --yes nobody is surprised; with it the turns are gone, pinned ones not."""
    ann.pin(ann.turns()[0].id)
    planned = output(run("forget", "--user", "ann", "--until", "2023-05-02", "--dry-run", "--json"))
    assert (texts(planned["turns"]), texts(planned["pinned"])) == (["I moved to Porto."], ["I live in Lyon."])
    with pytest.raises(InvalidInput, match="--yes"):
        run("forget", "--user", "ann", "--until", "2023-05-02")
    assert len(ann.turns()) == 3
    done = output(run("forget", "--user", "ann", "--until", "2023-05-02", "--yes", "--json"))
    assert done == planned | {"dry_run": False}
    assert [turn.text for turn in ann.turns()] == ["I live in Lyon.", "My cat is called Miso."]


def test_an_erasure_is_confirmed_and_leaves_a_receipt(run: Run, ann: AgentMemory) -> None:
    """Without --yes nothing goes; then the receipt counts what went, and a second run finds nothing."""
    with pytest.raises(InvalidInput, match="--yes"):
        run("erase", "--user", "ann", "--json")
    assert len(ann.turns()) == 3
    receipt = output(run("erase", "--user", "ann", "--yes", "--json"))
    assert (receipt["user"], receipt["turns"], receipt["derived"]) == ("ann", 3, {"answers": 0})
    assert output(run("erase", "--user", "ann", "--yes", "--json"))["total"] == 0
    assert ann.turns() == []


def test_erasing_and_forgetting_are_in_the_audit_trail(
    run: Run, ann: AgentMemory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who did what to whom is there afterwards; what only looks leaves no trace, and no text is in it."""
    run("turns", "--user", "ann")
    run("forget", "--user", "ann", "--until", "2023-05-02", "--yes")
    run("erase", "--user", "ann", "--yes")
    capsys.readouterr()
    audit(most=10, namespace=None, as_json=True)
    shown = capsys.readouterr().out
    assert [(row["action"], row["target"], row["via"]) for row in json.loads(shown)] == [
        ("erased a user", "ann", "command line"),
        ("forgot turns", "ann", "command line"),
    ]
    assert "Lyon" not in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("recall", "x", "-u", "ann", "--since", "tomorrow-ish"), "no time"),
        (("import", "-u", "ann", "/nowhere/at/all.json"), "cannot be read"),
        (("export", "-u", "ann", "/nowhere/at/all.json"), "cannot be written"),
        (("forget", "-u", "ann"), "say what to forget"),
        (("turns", "-u", ""), "user"),
    ],
)
def test_mistakes_are_named(run: Run, arguments: tuple[str, ...], said: str) -> None:
    """What cannot be done is refused with an error that says what is wrong."""
    with pytest.raises(InvalidInput, match=said):
        run(*arguments)


def test_what_is_no_json_is_named(run: Run) -> None:
    """Damaged input on a pipe is refused."""
    with pytest.raises(InvalidInput, match="no JSON"):
        run("import", "--user", "ann", input="{")
