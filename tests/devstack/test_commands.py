"""`semcache up | down | status | doctor` as a user types them."""

from __future__ import annotations

import json

import pytest
from click.testing import Result
from typer.testing import CliRunner

from semcache.devstack import ports
from semcache.settings import Settings
from tests.devstack.command_line import app


def call(*words: str) -> Result:
    """Runs a command in this process."""
    done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_up_status_down_speak_json(settings: Settings) -> None:
    """Each prints one JSON document that a script can use, and nothing else on standard output."""
    where = ("--data-dir", str(settings.data_dir), "--json")
    port = ports.free_port()
    up = json.loads(call("up", "--only", "redis", "--redis-port", str(port), *where).stdout)
    assert up == {"redis": f"redis://127.0.0.1:{port}/0"}
    (redis, kafka) = json.loads(call("status", *where).stdout)
    assert (redis["state"], redis["address"], redis["port"]) == ("running", up["redis"], port)
    assert kafka["state"] == "stopped"
    assert json.loads(call("down", *where).stdout) == {"stopped": ["redis"]}
    assert json.loads(call("down", *where).stdout) == {"stopped": []}


def test_up_and_status_speak_to_people(settings: Settings) -> None:
    """Tables on standard output, steps on standard error."""
    where = ("--data-dir", str(settings.data_dir))
    up = call("up", "--only", "redis", "--redis-port", str(ports.free_port()), *where)
    assert "starting Redis" in up.stderr
    assert "redis://127.0.0.1" in up.stdout
    shown = call("status", *where).stdout
    assert "running" in shown
    assert "MB" in shown
    assert call("down", *where).stdout == "stopped: redis\n"


@pytest.mark.parametrize("as_json", [True, False])
def test_doctor_exits_with_1_on_a_problem(as_json: bool) -> None:
    """The problem and the line that mends it are shown, and a script sees the exit code."""
    done = call("doctor", "--data-dir", "/proc/semcache", *(["--json"] if as_json else []))
    assert done.exit_code == 1
    assert "SEMCACHE_DATA_DIR" in "".join(done.stdout.split())
    if as_json:
        told = json.loads(done.stdout)
        (found,) = (finding for finding in told["findings"] if finding["check"] == "data directory")
        assert (told["worst"], found["level"]) == ("problem", "problem")


def test_a_port_out_of_range_is_refused(settings: Settings) -> None:
    """The command line itself says what is wrong."""
    done = call("up", "--redis-port", "70000", "--data-dir", str(settings.data_dir))
    assert done.exit_code == 2
    assert "65535" in done.stderr
