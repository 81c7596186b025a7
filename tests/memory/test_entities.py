"""Entities: what a memory mentions, under one name each."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.memory import AgentMemory
from semcache.memory.entities.gather import Gatherer
from semcache.memory.entities.mentions import mentions
from semcache.memory.entities.types import Kind, Reading
from semcache.memory.facts.types import Fact
from semcache.memory.readings import reading_of
from semcache.memory.types import Turn


def readings(*texts: str) -> list[Reading]:
    return [reading_of(Turn(f"t{n}", "s", "user", text, float(n))) for n, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("Write to kim.lee@mail.example please", Kind.EMAIL, "kim.lee@mail.example"),
        ("call me at +44 20 7946 0958 tonight", Kind.PHONE, "+44 20 7946 0958"),
        ("my IBAN is DE89 3704 0044 0532 0130 00", Kind.NUMBER, "DE89 3704 0044 0532 0130 00"),
        ("it cost 4,690 euros with the tent", Kind.AMOUNT, "4,690 euros"),
        ("the wedding is on 12 September", Kind.DATE, "on 12 September"),
        ("my sister Clara visits", Kind.PERSON, "Clara"),
        ("we flew to Lisbon", Kind.PLACE, "Lisbon"),
        ("she works at Siemens now", Kind.ORGANISATION, "Siemens"),
        ("I bought a Badger L1 yesterday", Kind.PRODUCT, "Badger L1"),
        ("I studied at Leeds University", Kind.ORGANISATION, "Leeds University"),
    ],
)
def test_mentions_have_a_kind(text: str, kind: Kind, name: str) -> None:
    """Each kind of thing is found with the words that name it."""
    assert (kind, name) in [(mention.kind, mention.text) for mention in mentions(text)]


@pytest.mark.parametrize("text", ["Thanks, that helps.", "I think so. Maybe On Monday?", "WHAT IS THIS", "ok 12345"])
def test_ordinary_words_are_nobody(text: str) -> None:
    """Capitals that start a sentence, shouting and common words name no one."""
    assert [m for m in mentions(text) if m.kind not in (Kind.DATE, Kind.NUMBER, Kind.PHONE)] == []


@given(st.text(max_size=200))
def test_mentions_lie_in_the_text(text: str) -> None:
    """Any text: mentions do not overlap and are quotations."""
    found = mentions(text)
    for mention in found:
        assert mention.text.strip() in text[mention.start : mention.end]
    assert all(one.end <= other.start for one, other in pairwise(found))


def test_a_short_name_is_the_same_person() -> None:
    """ "Mel" is Melanie, if no other name could be meant."""
    melanie = Gatherer()(readings("Hi Melanie, how are you?", "Thanks Mel!", "Hey Mel, see you"))[0]
    assert (melanie.kind, melanie.name, melanie.mentions, melanie.aliases) == (Kind.PERSON, "Melanie", 3, ("Mel",))
    assert melanie.turns == ("t0", "t1", "t2")
    two = Gatherer()(readings("Hi Melanie", "Hi Melissa", "Hi Mel"))
    assert sorted(entity.name for entity in two) == ["Mel", "Melanie", "Melissa"]


def test_what_is_called_before_a_name_is_no_part_of_it() -> None:
    """ "Woohoo Melanie" is Melanie, and does not keep "Mel" from being her."""
    said = [
        "Hi Melanie!",
        "Melanie said so.",
        "Ask Melanie.",
        "I met Melanie.",
        "Melanie came.",
        "Woohoo Melanie! Bye Mel!",
    ]
    found = Gatherer()(readings(*said))
    assert [(one.name, one.mentions) for one in found] == [("Melanie", 7)]
    assert found[0].aliases == ("Mel", "Woohoo Melanie")


def test_a_word_that_is_mostly_written_small_is_no_name() -> None:
    """At the start of a sentence every word looks like a name."""
    said = ["Appreciate it, Tim.", "I appreciate that.", "We appreciate you, Tim."]
    assert [one.name for one in Gatherer()(readings(*said))] == ["Tim"]


_SAID = st.sampled_from(
    ["Hi Melanie!", "Thanks Mel.", "Mel Roth lives in Lisbon.", "my sister Mel visits", "I met Tim in Roth", "a roth"]
)


@given(st.lists(st.lists(_SAID, max_size=4), min_size=1, max_size=5), st.data())
def test_what_is_gathered_step_by_step_is_what_all_at_once_gives(steps: list[list[str]], data: st.DataObject) -> None:
    """Readings are added, or fall away, or come in between; persons and facts become known: the result is the same."""
    step_by_step = Gatherer()
    known: list[Reading] = []
    for added in steps:
        known = known + [replace(one, turn=f"t{len(known) + n}") for n, one in enumerate(readings(*added))]
        if known and data.draw(st.integers(0, 3)) == 0:
            known = [one for one in known if one.turn != data.draw(st.sampled_from(known)).turn]
        value = data.draw(st.sampled_from(["Mel", "Lisbon", ""]))
        facts = [Fact("f", "sister", "name", value, True, 0.0, None, 0.9, 0.0)] if value else []
        assert step_by_step(known, facts) == Gatherer()(known, facts)


def test_a_memory_lists_its_entities(memory: AgentMemory) -> None:
    """The most mentioned first, with the turns and facts that name them."""
    first = memory.append("s", "user", "My sister Clara lives in Lisbon.", at=1.0)
    second = memory.append("s", "user", "I fly to Lisbon in May to see Clara and visit Sintra.", at=2.0)
    found = {entity.name: entity for entity in memory.entities()}
    assert found["Clara"].turns == (first, second)
    assert found["Clara"].kind is Kind.PERSON
    assert found["Lisbon"].kind is Kind.PLACE
    family = next(fact for fact in memory.facts() if fact.attribute == "family")
    assert found["Clara"].facts == (family.id,)
    assert {entity.mentions for entity in memory.entities()[:2]} == {2}
