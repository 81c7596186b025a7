"""The documented patterns type-check, under mypy --strict and pyright; what is wrong does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RIGHT = """
from semcache import Hit, Miss, SemanticCache
from semcache.aio import AsyncSemanticCache


def answered(cache: SemanticCache, question: str) -> str:
    found = cache.lookup(question)
    if found:
        return found.response
    why: Miss = found
    return f"{why.reason}: {why.detail}"


def told(found: Hit | Miss) -> float:
    return found.similarity if isinstance(found, Hit) else 0.0


async def asked(cache: AsyncSemanticCache, question: str) -> str:
    if hit := await cache.lookup(question):
        return hit.response
    await cache.store(question, "an answer")
    return "an answer"
"""
WRONG = """
from semcache import SemanticCache


def answered(cache: SemanticCache, question: str) -> str:
    return cache.lookup(question).response
"""
CHECKERS = {
    "mypy": ["mypy", "--strict", "--no-incremental"],
    "pyright": ["basedpyright", "--level", "error", "--pythonpath", sys.executable],
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize(("source", "passes"), [(RIGHT, True), (WRONG, False)], ids=["right", "wrong"])
def test_hits_and_misses_are_told_apart(tmp_path: Path, checker: str, source: str, passes: bool) -> None:
    """By `if`, because a hit is true and a miss is false as their types say."""
    (tmp_path / "application.py").write_text(source)
    name, *options = CHECKERS[checker]
    command = [str(Path(sys.executable).with_name(name)), *options, "application.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode == 0) is passes, done.stdout + done.stderr
    assert passes or "response" in done.stdout
