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
    assert not any("redisvl" in str(row["policy"]) for row in data["comparison"])  # this Redis has no search module


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


def test_a_plain_log_is_judged_by_its_responses(tmp_path: Path) -> None:
    """Without ids, another figure in the response is wrong and other words are not; the output says how it was told."""
    said = {
        "How long may I return a bike?": "You have 30 days from delivery.",
        "how long may i return a bike": "You have thirty days from delivery!",
        "How long may I return a helmet?": "You have 14 days from delivery.",
    }
    lines = [json.dumps({"query": query, "response": response}) for query, response in said.items()]
    (tmp_path / "plain.jsonl").write_text("\n".join(lines))
    data = as_json(str(tmp_path / "plain.jsonl"), "--policy", "static:0.7")
    assert (data["kind"], data["hits"], data["wrong_hits"], data["unjudged_hits"]) == ("responses", 2, 1, 0)
    assert "no answer ids" in run(str(tmp_path / "plain.jsonl"))[1]


def test_a_question_with_two_answers_is_pointed_out(tmp_path: Path) -> None:
    """If the same question has another answer now and then, the output says that no budget can tell."""
    (tmp_path / "two.csv").write_text("prompt,answer_id\n" + "continue,a\ncontinue,b\n" * 5)
    data = as_json(str(tmp_path / "two.csv"))
    assert (data["exact_hits"], data["wrong_exact_hits"]) == (9, 5)
    assert "the same question with another answer" in " ".join(run(str(tmp_path / "two.csv"))[1].split())


def test_pairs_with_named_columns(tmp_path: Path) -> None:
    """--pair-columns names the texts and the label; other than three are refused."""
    path = tmp_path / "pairs.csv"
    path.write_text("links,rechts,gleich\nhow do I pay,How do I pay?,1\nhow do I pay,where am I,0\n")
    assert as_json(str(path), "--pair-columns", "links,rechts,gleich")["hits"] == 1
    with pytest.raises(ValueError, match="are three"):
        run(str(path), "--pair-columns", "links,rechts")


def test_nothing_is_left_in_redis(log: Path, redis: redis_py.Redis) -> None:
    """The measurement cleans up after itself."""
    before = set(redis.keys("*"))
    as_json(str(log), "--limit", "10")
    assert set(redis.keys("*")) <= before


@pytest.mark.parametrize("words", [["--policy", "static:2"], ["--policy", "guess"], []])
def test_wrong_calls_say_what_to_do(log: Path, words: list[str]) -> None:
    """A policy that is not known, or no file at all, is refused with what is needed."""
    with pytest.raises(ValueError, match=r"policy is|give a file"):
        run(*([str(log), *words] if words else []))


def test_what_cannot_be_judged_asserts_nothing(tmp_path: Path) -> None:
    """--assert-error fails where too few hits are judged, and says how many are enough."""
    (tmp_path / "p.csv").write_text("prompt\n" + "where are you?\n" * 30)
    assert as_json(str(tmp_path / "p.csv"))["wrong_hit_rate"] is None
    result = CliRunner().invoke(build_app("hit-rate"), ["hit-rate", str(tmp_path / "p.csv"), "--assert-error", "0.5"])
    assert result.exit_code == 1
    assert "0 of 29 hits were judged" in " ".join(result.stderr.split())


def test_one_answer_in_two_phrasings_is_right(tmp_path: Path) -> None:
    """A log whose answers are one text with and without a courtesy has no wrong hits, under one question or two."""
    said = ["The pool is on deck 9 and open until ten.", "Of course! The pool is on deck 9 and open until ten."]
    for name, questions in {
        "one": ["Where is the pool?"],
        "two": ["Where is the pool?", "Where do I find the pool?"],
    }.items():
        rows = [{"prompt": question, "response": text} for text in said for question in questions] * 4
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
        data = as_json(str(tmp_path / f"{name}.jsonl"))
        assert data["wrong_hits"] == 0
        assert data["judged_hits"] == data["hits"] > 0
        assert data["compared_by"]["meaning"] > 0


def test_prices_and_vectors_on_disk(log: Path, tmp_path: Path) -> None:
    """--price is one price or two; with --embedder-cache the vectors are there for the next run."""
    one = as_json(str(log), "--price", "10", "--latency", "2", "--embedder-cache", str(tmp_path / "vectors"))
    two = as_json(str(log), "--price", "0,0", "--embedder-cache", str(tmp_path / "vectors"))
    assert one["saved"]["usd"] > two["saved"]["usd"] == 0
    assert one["saved"]["seconds"] == pytest.approx(2 * one["hits"], rel=0.1)
    assert (tmp_path / "vectors" / "vectors.sqlite").exists()
    with pytest.raises(ValueError, match="--price is US"):
        run(str(log), "--price", "cheap")


def test_the_page_answers_on_one_screen(log: Path, tmp_path: Path) -> None:
    """The report begins with the answer and shows budgets and examples; text of the log is escaped."""
    log.write_text(log.read_text() + "<script>alert(1)</script>,x\n" * 3)
    data = as_json(str(log), "--policy", "static:0.9", "--report", str(tmp_path / "report"), "--keep-order")
    page = (tmp_path / "report" / "index.html").read_text()
    assert f"Of {data['requests']} requests" in page
    assert [row["budget"] for row in data["by_budget"]] == [0.005, 0.01, 0.02, 0.05]
    assert "By budget" in page
    assert "Hits that were wrong" in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
