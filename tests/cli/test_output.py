"""What the command line prints."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import typer

from semcache.cli import main
from semcache.cli.output import emit_rows, plain
from semcache.cli.runner import run
from semcache.errors import RedisUnavailable


@dataclass
class Point:
    x: int
    tags: set[str]


def test_plain_values_are_json() -> None:
    """Dataclasses, sets and odd objects become what JSON knows."""
    value = plain({"p": Point(1, {"a"}), 2: (1.5, None), "o": ValueError("no")})
    assert json.loads(json.dumps(value)) == {"p": {"x": 1, "tags": ["a"]}, "2": [1.5, None], "o": "no"}


def test_rows_as_json_keep_all_keys(capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints every key of a row, not only the table's columns."""
    emit_rows([{"a": 1, "b": 2}], columns=["a"], as_json=True)
    assert json.loads(capsys.readouterr().out) == [{"a": 1, "b": 2}]


def test_large_numbers_are_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    """No exponents in tables; small numbers have four digits."""
    emit_rows([{"a": 14_941.7, "b": 0.123456}], columns=["a", "b"], as_json=False)
    printed = capsys.readouterr().out
    assert "14,942" in printed
    assert "0.1235" in printed


def failing(error: Exception) -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise error

    return app


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of ours is one line on standard error and exit code 1, never a traceback."""
    monkeypatch.setattr(sys, "argv", ["semcache"])
    with pytest.raises(SystemExit) as stopped:
        run(failing(RedisUnavailable("Redis at [x]:1 does not answer; start it with `semcache up`")))
    assert stopped.value.code == 1
    printed = capsys.readouterr().err.strip()
    assert printed == "error Redis at [x]:1 does not answer; start it with `semcache up`"


def test_ctrl_c_is_no_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends with exit code 130 and a word."""
    monkeypatch.setattr(sys, "argv", ["semcache"])
    with pytest.raises(SystemExit) as stopped:
        run(failing(KeyboardInterrupt()))  # type: ignore[arg-type]
    assert stopped.value.code == 130


def test_import_is_light() -> None:
    """`import semcache` loads no heavy library; they load where they are used."""
    heavy = {"numpy", "redis", "onnxruntime", "tokenizers", "redisvl", "streamlit", "confluent_kafka", "openai"}
    code = "import sys, semcache; print(','.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert heavy.isdisjoint(loaded.strip().split(","))


class Broken:
    """An entry point whose package is broken."""

    name, value = "theirs", "theirs.cli:register"

    def load(self) -> Callable[[object], None]:
        raise ModuleNotFoundError("No module named 'theirs.cli'")


def test_a_broken_plugin_takes_no_command_with_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`semcache --help` works, and says whose commands are missing."""
    monkeypatch.setattr(main, "entry_points", lambda group: [Broken()])
    names = {command.callback.__name__ for command in main.build_app().registered_commands if command.callback}
    assert {"ask", "up", "doctor"} <= names
    assert "the commands of 'theirs' cannot be loaded" in capsys.readouterr().err
