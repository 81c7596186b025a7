"""Facts read by a language model: numbered turns, validated answers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from semcache.errors import InvalidInput, LlmUnavailable
from semcache.llm import open_llm
from semcache.llm.openai import OpenAiLlm
from semcache.memory import AgentMemory, Turn
from semcache.memory.facts.model import facts_by_model, facts_request
from semcache.memory.facts.reader import AT_ONCE, FactsRead
from semcache.memory.facts.timeline import facts_of
from semcache.settings import LlmSettings
from tests.llm.server import FakeOpenAi, serving

TURNS = [
    Turn("a", "s", "user", "I live in Lyon.", 1_700_000_000.0),
    Turn("b", "s", "user", "We packed everything and Porto is home since March.", 1_710_000_000.0),
]


@pytest.fixture
def api() -> Iterator[FakeOpenAi]:
    with serving() as server:
        yield server


@pytest.fixture
def llm(api: FakeOpenAi) -> OpenAiLlm:
    return OpenAiLlm(LlmSettings(model="test-model", base_url=api.base_url, max_retries=0))


def answer(*facts: dict[str, object]) -> str:
    return json.dumps({"facts": list(facts)})


def test_turns_are_numbered_and_their_ids_stay_here() -> None:
    """The model sees small numbers and days, and no turn id."""
    request = facts_request(TURNS)
    assert request.question.splitlines()[0] == "1. (2023-11-14) I live in Lyon."
    assert TURNS[1].id not in request.question.split("\n")[1].split(" ")


def test_a_valid_answer_becomes_facts(api: FakeOpenAi, llm: OpenAiLlm) -> None:
    """Claims come back with the turn that told them, in a code fence or not, and settle as those of the rules."""
    home = {"attribute": "home"}
    both = answer({"turn": 1, "value": "Lyon", **home}, {"turn": 2, "value": "Porto", "since": "2024-03-01", **home})
    api.reply = lambda _: f"```json\n{both}\n```"
    facts = facts_of(facts_by_model(llm, TURNS))
    assert [(fact.value, fact.turns) for fact in facts] == [("Lyon", ("a",)), ("Porto", ("b",))]
    assert facts[0].valid_to == facts[1].valid_from


def test_what_no_turn_says_is_left_out(api: FakeOpenAi, llm: OpenAiLlm) -> None:
    """A turn that was not asked about, and a value that is not in the turn, are no facts."""
    api.reply = lambda _: answer(
        {"turn": 7, "attribute": "home", "value": "Lyon"}, {"turn": 1, "attribute": "home", "value": "Paris"}
    )
    assert facts_by_model(llm, TURNS) == []


def test_an_invalid_answer_is_asked_for_again(api: FakeOpenAi, llm: OpenAiLlm) -> None:
    """One answer in prose is forgiven; a second one is an error that says so."""
    replies = iter(["Sure! Here you go.", answer({"turn": 1, "attribute": "home", "value": "Lyon"})])
    api.reply = lambda _: next(replies)
    assert [told.claim.value for told in facts_by_model(llm, TURNS)] == ["Lyon"]
    api.reply = lambda _: "I would rather not."
    with pytest.raises(LlmUnavailable, match="form"):
        facts_by_model(llm, TURNS)


def test_a_memory_has_its_turns_read_once(api: FakeOpenAi, llm: OpenAiLlm, memory: AgentMemory) -> None:
    """Only the user's turns that no model has read are asked about; what was read takes the place of the rules'."""
    said = ["I live in Lyon.", "Boxes, boxes. Porto it is!", "Nice weather."]
    for n, text in enumerate(said):
        memory.append("s", "user", text, at=1_000.0 + n)
    memory.append("s", "assistant", "I live in a data centre.", at=1_004.0)
    asked: list[str] = []
    api.reply = lambda request: (
        asked.append(json.dumps(request))
        or answer({"turn": 1, "attribute": "home", "value": "Lyon"}, {"turn": 2, "attribute": "home", "value": "Porto"})
    )
    assert [fact.value for fact in memory.facts()] == ["Lyon"]
    assert memory.read_facts(llm) == FactsRead(turns=3, claims=2)
    assert [fact.value for fact in memory.facts()] == ["Porto"]
    assert memory.read_facts(llm) == FactsRead(turns=0, claims=0)
    assert len(asked) == 1
    assert "data centre" not in asked[0]


def test_an_outage_loses_nothing_that_was_read(api: FakeOpenAi, llm: OpenAiLlm, memory: AgentMemory) -> None:
    """The turns of the answers that came are kept, and the next run asks about the others alone."""
    for n in range(AT_ONCE + 2):
        memory.append("s", "user", f"Number {n}.", at=1_000.0 + n)
    replies = iter([answer()])
    api.reply = lambda _: next(replies, "no JSON")
    with pytest.raises(LlmUnavailable):
        memory.read_facts(llm)
    api.reply = lambda _: answer()
    assert memory.read_facts(llm, most=1).turns == 1
    assert memory.read_facts(llm).turns == 1


def test_without_a_language_model_nothing_is_asked() -> None:
    """The answerer that quotes cannot read facts, and says what to do."""
    with pytest.raises(InvalidInput, match="configure"):
        facts_by_model(open_llm(LlmSettings(model="extractive")), TURNS)
