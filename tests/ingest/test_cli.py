"""The `semcache-ingest` command, as people type it."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import redis as redis_py

from semcache.devstack.ports import free_port
from semcache.embed import Embedder
from semcache.memory import AgentMemory
from semcache.settings import Settings
from semcache_ingest.cli import main
from semcache_ingest.status import group_status
from tests.ingest.producing import message, read_all, send_events, upsert
from tests.llm.server import serving
from tests.waiting import wait_until


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Call = Callable[..., Done]


@pytest.fixture
def call(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command line to its end, as the console script does."""

    def run(*words: str, input: str = "", **more: str) -> Done:
        for name, value in (environment | more).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["semcache-ingest", *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(input.encode())))
        capsys.readouterr()
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        else:
            code = 0
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return run


def lines(*events: dict[str, Any] | str) -> str:
    return "".join((event if isinstance(event, str) else json.dumps(event)) + "\n" for event in events)


def test_produce_routes_each_event_and_tells_the_rate(call: Call, settings: Settings) -> None:
    """Messages go to conversations with the user as key, documents to knowledge with their id."""
    done = call("produce", "-", "--json", input=lines(message(0), "", upsert("kettle", 1, "Descale it.")))
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert (told["events"], told["bad"]) == (2, 0)
    assert told["events_per_s"] > 0
    (said,) = read_all(settings, settings.kafka.conversations_topic)
    (document,) = read_all(settings, settings.kafka.knowledge_topic)
    assert (said.key(), document.key()) == (b"ada", b"kettle")
    assert json.loads(said.value())["namespace"] == settings.namespace


def test_bad_lines_are_named_and_the_others_sent(call: Call, settings: Settings, tmp_path: Path) -> None:
    """A bad line is reported with its number and cause, does not stop the others, and makes the exit code 1."""
    file = tmp_path / "events.jsonl.gz"
    with gzip.open(file, "wt") as out:
        out.write(
            lines(message(0), '{"type": "mess', message(1) | {"type": "x"}, "[]", message(2) | {"text": ""}, message(3))
        )
    done = call("produce", str(file))
    assert done.code == 1
    for number, cause in ((2, "not JSON"), (3, "unknown event type"), (4, "JSON object"), (5, "text")):
        assert f"line {number}: " in done.err
        assert cause in done.err
    assert "Traceback" not in done.err
    assert len(read_all(settings, settings.kafka.conversations_topic)) == 2


@pytest.mark.parametrize(
    "command",
    [["produce", "-"], ["run"], ["status"], ["dlq", "list"], ["dlq", "replay"], ["topics", "--make"], ["extract"]],
)
def test_without_kafka_every_command_says_so_within_seconds(command: list[str], call: Call) -> None:
    """No broker: one line that says where it looked and how to start one, exit code 1, no traceback."""
    started = time.monotonic()
    nowhere = {"SEMCACHE_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}", "SEMCACHE_LLM_MODEL": "some-model"}
    done = call(*command, input=lines(message(0)), **nowhere)
    assert done.code == 1
    assert "does not answer" in done.err
    assert "semcache up" in done.err
    assert "Traceback" not in done.err
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        (["produce", "no/such/file"], "cannot be read"),
        (["run", "--since", "soon"], "neither a time"),
        (["run", "--since", "2h", "--from-beginning"], "not both"),
        (["dlq", "show", "nowhere"], "no position"),
        (["extract"], "SEMCACHE_LLM_MODEL"),
    ],
)
def test_wrong_argument_is_one_line(command: list[str], cause: str, call: Call) -> None:
    """A wrong argument is one line that says what is wrong, and exit code 1."""
    done = call(*command)
    assert (done.code, "Traceback" in done.err) == (1, False)
    assert cause in done.err


def test_run_until_caught_up_then_status(call: Call, settings: Settings) -> None:
    """`run --until-caught-up` applies what is there and ends; `status` knows the lag without a worker."""
    send_events(settings, [message(n) for n in range(5)])
    assert json.loads(call("status", "--json", "--interval", "0").out)["lag"] == 5
    done = call("run", "--until-caught-up")
    assert done.code == 0, done.err
    assert "caught up: 5 applied" in done.out
    status = json.loads(call("status", "--json", "--interval", "0.2").out)
    assert (status["lag"], status["workers"], status["applied_per_s"]) == (0, 0, 0.0)
    assert {p["topic"] for p in status["partitions"]} == {
        settings.kafka.conversations_topic,
        settings.kafka.knowledge_topic,
    }


def test_sigterm_finishes_what_is_in_flight_and_commits(
    environment: dict[str, str], call: Call, settings: Settings
) -> None:
    """SIGTERM ends the worker in order, exit code 0: all it has applied is committed, none of it is done again."""
    send_events(settings, [message(n, session=f"s{n}", text=f"Remark {n % 20}.") for n in range(2_000)])
    worker = subprocess.Popen(
        [sys.executable, "-m", "semcache_ingest.cli", "run"], env=os.environ | environment, stderr=subprocess.DEVNULL
    )
    try:
        wait_until("it works", lambda: group_status(settings).lag < 2_000, timeout_s=60)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    finally:
        worker.kill()
    left = group_status(settings).lag
    rest = call("run", "--once")
    assert f"caught up: {left:,} applied\n" in rest.out if left else "nothing was there" in rest.out


def test_run_has_the_language_model_read_facts(
    environment: dict[str, str], settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder
) -> None:
    """Where one is configured it reads what users say beside the worker; what it reads becomes facts."""
    found = json.dumps({"facts": [{"turn": 1, "attribute": "home", "value": "Porto"}]})
    with serving() as model:
        model.reply = lambda _: found
        llm = {"SEMCACHE_LLM_MODEL": "test-model", "SEMCACHE_LLM_BASE_URL": model.base_url}
        group = {"SEMCACHE_EXTRACT_GROUP": f"x-{settings.namespace}"}
        command = [sys.executable, "-m", "semcache_ingest.cli", "run"]
        send_events(settings, [message(0, text="Boxes everywhere. Porto it is!")])
        worker = subprocess.Popen(command, env=os.environ | environment | llm | group, stderr=subprocess.DEVNULL)
        memory = AgentMemory(redis, user="ada", embedder=fast_embedder, namespace=settings.namespace)
        try:
            wait_until("it is a fact", lambda: [f.value for f in memory.facts()] == ["Porto"], timeout_s=120)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
        finally:
            worker.kill()


def test_dead_letters_on_the_command_line(call: Call, settings: Settings) -> None:
    """list counts them by kind, show tells everything about one, replay tells what it would do, and does it."""
    send_events(settings, [message(0) | {"role": "boss"}])
    assert call("run", "--once").code == 0
    listed = json.loads(call("dlq", "list", "--json").out)
    assert (listed["letters"], listed["kinds"][0]["error_class"]) == (1, "schema")
    shown = json.loads(call("dlq", "show", listed["newest"][0]["position"], "--json").out)
    assert json.loads(shown["value"])["role"] == "boss"
    assert shown["headers"]["__connect.errors.topic"] == settings.kafka.conversations_topic
    assert json.loads(call("dlq", "replay", "--dry-run", "--json").out)["would_replay"] == 1
    assert json.loads(call("dlq", "replay", "--json").out)["replayed"] == 1
    assert "1" in call("dlq", "list").out


def test_topics_lists_what_has_to_be_made(call: Call, settings: Settings) -> None:
    """`topics` shows each topic with its partitions and configuration, also without a broker."""
    rows = json.loads(call("topics", "--json", SEMCACHE_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1").out)
    configs = {row["topic"]: row["config"] for row in rows}
    assert configs[settings.kafka.knowledge_topic]["cleanup.policy"] == "compact"
    assert len(rows) == 4


def test_schema_accepts_events_and_nothing_else(call: Call) -> None:
    """`schema` prints a JSON Schema that any validator understands."""
    schema = json.loads(call("schema").out)
    jsonschema.validate(message(0), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(message(0) | {"type": "mesage"}, schema)
