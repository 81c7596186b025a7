"""Every file in examples/ runs, against a server that speaks the OpenAI API, and does what it says."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.llm.server import FakeOpenAi, serving

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TWICE = "You said: How do I renew a library card?"
ADAPTERS = pytest.mark.adapters


@pytest.fixture
def api() -> Iterator[FakeOpenAi]:
    with serving() as server:
        yield server


@pytest.fixture
def surroundings(api: FakeOpenAi, redis_url: str) -> dict[str, str]:
    told = {"SEMCACHE_REDIS_URL": redis_url, "OPENAI_BASE_URL": api.base_url, "OPENAI_API_KEY": "k"}
    return {**os.environ, **told}


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("name", "says", "calls"),
    [
        ("openai_app", [f"asked: {TWICE}", f"served: {TWICE}"], 1),
        ("redisvl_app", [f"library, asked: {TWICE}", f"library, served: {TWICE}", "4 messages"], 1),
        pytest.param("langchain_app", ["the model is asked", TWICE, TWICE], 1, marks=ADAPTERS),
        pytest.param("langgraph_app", ["4 messages, the last: You said: Which bike do I have?"], 2, marks=ADAPTERS),
        pytest.param("claude_session", ["4 entries", "My bike is a Brompton."], 2, marks=ADAPTERS),
        pytest.param("openai_agents_app", ["You said: Which bike do I have?", "4 items"], 2, marks=ADAPTERS),
        pytest.param(
            "llama_index_app", ["nothing is known", "- My bike is a Brompton.", "4 messages"], 2, marks=ADAPTERS
        ),
    ],
)
def test_an_example(surroundings: dict[str, str], api: FakeOpenAi, name: str, says: list[str], calls: int) -> None:
    """With the calls of the model that it needs, and no more."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py"],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert [line for line in printed if line in says] == says, done.stdout
    assert len(api.requests) == calls


def test_the_fastapi_example(surroundings: dict[str, str], api: FakeOpenAi, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and piece by piece: one call."""
    from starlette.testclient import TestClient

    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("fastapi_app", EXAMPLES / "fastapi_app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with TestClient(module.app) as client:
        asked = {"question": "How do I renew a library card?"}
        first = client.get("/ask", params=asked).json()
        assert first == {"answer": TWICE, "served": None}
        assert client.get("/stream", params=asked).text == TWICE
        assert client.get("/ask", params=asked).json()["served"]["kind"] == "exact"
    assert len(api.requests) == 1


def test_each_example_has_a_test() -> None:
    """A file that is added is run."""
    source = Path(__file__).read_text()
    assert [file.name for file in EXAMPLES.glob("*.py") if file.stem not in source] == []
