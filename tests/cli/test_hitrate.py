"""`semcache hit-rate` on small logs, on a real Redis."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py
from typer.testing import CliRunner

from semcache.cli.main import build_app

KEYS = {
    "requests", "hits", "hit_rate", "wrong_hits", "wrong_hit_rate", "wrong_hit_interval", "shadow_calls", "policy",
    "embedder", "latency_ms", "comparison",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _on_the_tests_redis(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMCACHE_REDIS_URL", redis_url)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Thirty requests: each question is asked again letter by letter, and once with another number."""
    rows = [f"how do I reset device number {n}?,reset-{n}" for n in range(10) for _ in range(3)]
    random.Random(1).shuffle(rows)
    path = tmp_path / "log.csv"
    path.write_text("question,answer_id\n" + "\n".join(rows) + "\n")
    return path


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(build_app("hit-rate"), ["hit-rate", *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def as_json(*words: str) -> dict[str, Any]:
    code, printed = run(*words, "--json")
    assert code == 0
    return dict(json.loads(printed))


def test_repeats_are_served_and_other_numbers_are_not(log: Path) -> None:
    """Exact repeats are hits, none of them wrong, though the questions differ by a digit only."""
    data = as_json(str(log), "--max-error-rate", "0.02")
    assert set(data) >= KEYS
    assert (data["requests"], data["hits"] + data["shadow_calls"], data["wrong_hits"]) == (30, 20, 0)
    assert data["latency_ms"]["hit"]["p50"] > 0
    assert data["comparison"][0]["policy"] == data["policy"]


def test_a_static_threshold_reproduces_a_set_up(log: Path) -> None:
    """--policy static:T replays with a plain threshold, which confuses the numbers."""
    data = as_json(str(log), "--policy", "static:0.9")
    assert data["policy"] == "static:0.9"
    assert data["wrong_hits"] > 0


def test_a_broken_budget_fails_the_command(log: Path) -> None:
    """--assert-error gives exit code 1 when more is wrong, so that it can stand in CI."""
    assert run(str(log), "--policy", "static:0.9", "--assert-error", "0.02")[0] == 1
    assert run(str(log), "--assert-error", "0.02")[0] == 0


def test_a_report_is_written(log: Path, tmp_path: Path) -> None:
    """--report writes a page with its plots, and the result as data."""
    data = as_json(str(log), "--report", str(tmp_path / "report"))
    page = (tmp_path / "report" / "index.html").read_text()
    assert page.count("<svg") >= 3
    assert json.loads((tmp_path / "report" / "result.json").read_text())["hits"] == data["hits"]


def test_nothing_is_left_in_redis(log: Path, redis: redis_py.Redis) -> None:
    """The measurement cleans up after itself."""
    before = set(redis.keys("*"))
    as_json(str(log), "--limit", "10")
    assert set(redis.keys("*")) == before


@pytest.mark.parametrize("words", [["--policy", "static:2"], ["--policy", "guess"], []])
def test_wrong_calls_say_what_to_do(log: Path, words: list[str]) -> None:
    """A policy that is not known, or no file at all, is refused with what is needed."""
    with pytest.raises(ValueError, match=r"policy is|give a file"):
        run(*([str(log), *words] if words else []))
