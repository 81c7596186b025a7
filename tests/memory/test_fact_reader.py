"""Facts read by a language model behind the calls that tell them; rules where it is slow, away, or makes no sense."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

import semcache
from semcache.embed import CachedEmbedder
from semcache.errors import InvalidInput
from semcache.llm import open_llm
from semcache.llm.openai import OpenAiLlm
from semcache.memory import AgentMemory, FactReader
from semcache.memory.facts import reader as readers
from semcache.settings import LlmSettings
from tests.llm.server import FakeOpenAi, Messages, Trouble, serving
from tests.memory.conftest import OpenMemory
from tests.waiting import wait_until

SAID = "Boxes everywhere. Porto it is!"  # the rules read nothing in it
NOT_NOW = Trouble("status", status=429, headers={"retry-after": "0"})


def reads(messages: Messages) -> str:
    """Finds a home in "Porto it is", nothing else; answers in prose as soon as a riddle is among the turns."""
    text = messages[-1]["content"]
    if "riddle" in text:
        return "I would rather not."
    numbers = re.findall(r"^(\d+)\. .*Porto it is", text, re.MULTILINE)
    return json.dumps({"facts": [{"turn": int(n), "attribute": "home", "value": "Porto"} for n in numbers]})


@pytest.fixture
def api() -> Iterator[FakeOpenAi]:
    with serving() as server:
        server.reply = reads
        yield server


@pytest.fixture
def reader(api: FakeOpenAi) -> Iterator[FactReader]:
    reader = FactReader(OpenAiLlm(LlmSettings(model="test-model", base_url=api.base_url, max_retries=0)))
    yield reader
    api.released.set()
    reader.close()


@pytest.fixture
def memory(open_memory: OpenMemory, reader: FactReader) -> AgentMemory:
    return open_memory(fact_reader=reader)


def homes(memory: AgentMemory) -> list[str]:
    return [fact.value for fact in memory.facts() if fact.attribute == "home"]


def test_what_is_told_is_read_behind_the_call(memory: AgentMemory, reader: FactReader, api: FakeOpenAi) -> None:
    """The model's reading of the user's words follows by itself; nobody else's are shown to it, nor a turn twice."""
    memory.append("s", "user", SAID, event_id="a")
    memory.append("s", "user", SAID, event_id="a")
    memory.append("s", "assistant", "Berlin it is!")
    assert reader.flush(60)
    assert homes(memory) == ["Porto"]
    assert len(api.requests) == 1


def test_rules_count_until_a_slow_model_has_answered(memory: AgentMemory, reader: FactReader, api: FakeOpenAi) -> None:
    """Nobody waits for the model; what was told while it answered is read together."""
    api.then(Trouble("silence"))
    memory.append("s", "user", "I live in Lyon.")
    wait_until("the model is asked", lambda: len(api.requests) == 1)
    memory.append("s", "user", "I live in Lyon, near the river.")
    memory.append("s", "user", "Good night.")
    assert homes(memory) == ["Lyon"]
    api.reply = lambda _: json.dumps({"facts": [{"turn": 1, "attribute": "city", "value": "Lyon"}]})
    api.released.set()
    assert reader.flush(60)
    assert homes(memory) == []
    assert len(api.requests) == 2


def test_turns_wait_for_a_model_that_is_away(memory: AgentMemory, reader: FactReader, api: FakeOpenAi) -> None:
    """After an outage the next turn that is told brings the earlier ones with it."""
    api.then(NOT_NOW)
    memory.append("s", "user", SAID)
    assert not reader.flush(60)
    assert homes(memory) == []
    memory.append("s", "user", "Good night.")
    assert reader.flush(60)
    assert homes(memory) == ["Porto"]
    assert len(api.requests) == 2


def test_a_turn_that_the_model_cannot_read_is_left_to_the_rules(
    memory: AgentMemory, reader: FactReader, api: FakeOpenAi
) -> None:
    """One that it answers with prose takes none of those beside it along, and is not asked about for ever."""
    api.then(NOT_NOW)
    memory.append("s", "user", "I live in Lyon, and here is a riddle.", at=1.0)
    reader.flush(60)
    memory.append("s", "user", SAID, at=2.0)
    assert reader.flush(60)
    assert homes(memory) == ["Porto"]
    assert [fact.value for fact in memory.facts(history=True)] == ["Lyon", "Porto"]
    asked = len(api.requests)
    memory.append("s", "user", "Good night.")
    assert reader.flush(60)
    assert len(api.requests) == asked + 1


def test_no_more_turns_wait_than_may(
    memory: AgentMemory,
    reader: FactReader,
    api: FakeOpenAi,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Beyond the bound the oldest are given up, the log says how many, and a later run reads them."""
    monkeypatch.setattr(readers, "MOST_WAITING", 3)
    api.then(*[NOT_NOW] * 20)
    for n in range(6):
        memory.append("s", "user", f"Number {n}. {SAID}")
        reader.flush(60)
    assert "`semcache memory read-facts`" in caplog.text
    api.troubles.clear()
    memory.append("s", "user", "Good night.")
    assert reader.flush(60)
    assert 0 < memory.read_facts(reader._llm).turns <= 4


def test_what_was_forgotten_meanwhile_stays_forgotten(memory: AgentMemory, reader: FactReader, api: FakeOpenAi) -> None:
    """A reading that comes after its turn has left is refused."""
    api.then(NOT_NOW)
    turn = memory.append("s", "user", SAID)
    reader.flush(60)
    memory.forget(turn)
    memory.append("s", "user", "Good night.")
    assert reader.flush(60)
    assert memory.facts(history=True) == []


def test_the_answerer_that_quotes_reads_nothing() -> None:
    """It follows no instructions: the error says what to configure."""
    with pytest.raises(InvalidInput, match="configure"):
        FactReader(open_llm(LlmSettings(model="extractive")))


@pytest.mark.parametrize(("fact_reader", "calls"), [("llm", 1), ("rules", 0)])
def test_an_application_with_a_model_reads_with_it(
    redis_url: str, namespace: str, embedder: CachedEmbedder, api: FakeOpenAi, fact_reader: str, calls: int
) -> None:
    """Where a model is configured it reads by default; one setting turns it off."""
    given = {"llm_model": "test-model", "llm_base_url": api.base_url, "memory_fact_reader": fact_reader}
    with semcache.open_app(redis_url=redis_url, namespace=namespace, embedder=embedder, **given) as app:
        app.memory(user="ann").append("s", "user", SAID)
        assert app.fact_reader is None or app.fact_reader.flush(60)
    assert len(api.requests) == calls
    with semcache.open_app(redis_url=redis_url, namespace=namespace, embedder=embedder) as app:
        assert homes(app.memory(user="ann")) == ["Porto"] * calls


def test_what_is_told_in_the_chat_is_read_too(
    redis_url: str, namespace: str, embedder: CachedEmbedder, api: FakeOpenAi
) -> None:
    """A turn of the chat that goes straight into memory is read by the model that answered it."""
    with semcache.open_app(
        redis_url=redis_url, namespace=namespace, embedder=embedder, llm_model="test-model", llm_base_url=api.base_url
    ) as app:
        app.engine.ask(SAID, user="ann", session="s")
        assert app.fact_reader
        assert app.fact_reader.flush(60)
        assert homes(app.memory(user="ann")) == ["Porto"]
