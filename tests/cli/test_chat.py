"""`semcache ask` and `semcache chat` on a real Redis."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import typer
from redis import Redis
from typer.testing import CliRunner, Result

import semcache
from semcache.cli import chat as commands
from semcache.errors import InvalidInput, RedisUnavailable
from semcache.knowledge.namespaces import namespaces_with_documents

Run = Callable[..., Result]


@pytest.fixture
def run(redis_url: str, namespace: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `semcache ARGUMENTS` where one document is known; an error of ours is raised."""
    monkeypatch.setenv("SEMCACHE_REDIS_URL", redis_url)
    monkeypatch.setenv("SEMCACHE_NAMESPACE", namespace)
    with semcache.open_app() as app:
        app.knowledge.upsert("returns", "You can return a lamp within 30 days of delivery.", title="Returns")
    commands_app = typer.Typer()
    commands.register(commands_app)

    def invoke(*arguments: str, input: str | None = None) -> Result:
        result = CliRunner().invoke(commands_app, list(arguments), input=input)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def test_ask_prints_the_answer_and_where_it_comes_from(run: Run) -> None:
    """The answer, then one line with outcome, milliseconds and sources; the second time it is a hit."""
    first = run("ask", "How long can I return a lamp?")
    assert "within 30 days" in first.stdout
    assert "miss" in first.stdout
    assert "returns v1" in first.stdout
    assert "hit (the same question)" in run("ask", "How long can I return a lamp?").stdout


def test_an_empty_namespace_says_where_documents_are(run: Run, namespace: str, redis: Redis) -> None:
    """Whoever asks in the wrong namespace is told which ones have documents; --namespace asks there."""
    empty = run("ask", "How long can I return a lamp?", "--namespace", f"{namespace}-empty")
    assert "I do not know" in empty.stdout
    assert f"namespace '{namespace}-empty' has no documents" in empty.stderr
    assert "have some (--namespace" in empty.stderr or "has some (--namespace" in empty.stderr
    assert namespace in namespaces_with_documents(redis, within_s=30)
    full = run("ask", "How long can I return a lamp?", "--namespace", namespace)
    assert "within 30 days" in full.stdout
    assert not full.stderr.strip()


def test_ask_prints_json_for_machines(run: Run) -> None:
    """`--json` prints the whole Answer as one object."""
    answer = json.loads(run("ask", "How long can I return a lamp?", "--json", "--user", "ana").stdout)
    assert answer["outcome"] == "miss"
    assert answer["sources"] == {"returns": 1}
    assert answer["timings"]["total"] > 0


def test_a_session_continues(run: Run) -> None:
    """Two calls with one session are one conversation."""
    run("ask", "My dog is called Biscuit.", "--user", "ana", "--session", "s1")
    assert "Biscuit" in run("ask", "What is my dog called?", "--user", "ana", "--session", "s1").stdout


def test_an_empty_question_is_refused(run: Run) -> None:
    """Nothing to ask is the caller's error."""
    with pytest.raises(InvalidInput, match="empty"):
        run("ask", " ")


def test_without_redis_the_way_out_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to start a Redis."""
    monkeypatch.setenv("SEMCACHE_REDIS_URL", "redis://127.0.0.1:1/0")
    with pytest.raises(RedisUnavailable, match="semcache up"):
        run("ask", "How long can I return a lamp?")


def test_a_conversation_at_the_terminal(run: Run) -> None:
    """Questions are answered, the slash commands explain and drop the last answer, and the end of input leaves."""
    asked = "How long can I return a lamp?"
    lines = ["/why", asked, "/why", "/forget", asked, "/nonsense", "/wrong", "/new"]
    said = run("chat", "--user", "ana", input="\n".join(lines) + "\n")
    assert said.exit_code == 0
    assert "nothing has been asked yet" in said.stdout
    assert "understood as" in said.stdout
    assert "the stored answer is dropped" in said.stdout
    assert said.stdout.count("miss (") >= 2
    assert "you are not served it any more" in said.stdout
    assert "a new session" in said.stdout


def test_quit_leaves(run: Run) -> None:
    """/quit ends the conversation before what follows."""
    assert "30 days" not in run("chat", input="/quit\nHow long can I return a lamp?\n").stdout
