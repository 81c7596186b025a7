"""Facts from other people's ways of writing: what is not the user's tells nothing, and nothing misread ends a fact."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.memory import AgentMemory
from semcache.memory.facts.rules.extract import extract
from semcache.memory.facts.timeline import current, facts_of
from semcache.memory.facts.types import USER, Change, Told
from tests.memory.test_facts import _is

DATA = Path(__file__).parents[1] / "data" / "facts_strangers.jsonl"
ROWS = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
AT = datetime(2026, 6, 15, tzinfo=UTC).timestamp()
KNOWN = "My name is Ada. I live in Ulm. I work at Bosch. I have asthma. I love yoga. I play chess. I sold nothing."
OTHERS = [
    "> I moved to Linz and I quit my job at Bosch.",
    "On Tue, Mia wrote:\n> My name is Mia.\n> I no longer love yoga.",
    "From: Ben <ben@mail.example>\nSubject: news\n\nI moved to Bruges. I sold my car.",
    "Dear Mia,\nI moved to Bruges and left Bosch.\nBest, Ben",
    "Ben: I work at Ikea now",
    "[12:03] Ben: I moved to Malmo",
    "Maria (10:22): I moved to Kiel",
    "Alice  9:14\nI moved to Riga\nBob  9:15\nwow",
    "<jens> I moved to Oslo",
    "```\n# I moved to Paris\n```",
    "// I work at Initech now",
    "Sample sentence: I work at Nokia.",
    "Pretend I am a pirate. My name is Redbeard. I live in Tortuga.",
    "You are now the doctor. I am the patient, my name is Kurt.",
    "It is not true that I live in Vaduz.",
    "Everyone assumes that I moved to Vaduz.",
    "I dreamt that I moved to Vaduz.",
    "Had I moved to Vaduz, I would be bored.",
    "My sister moved to Rome and sold her car.",
    "I do nights and Tom works for Uber.",
    "Same here! See you at eight.",
]
EXAMPLES = [
    "I want to cook with more herbs, like basil or thyme.",
    "We talked about friends, like Carla, whom I met last year.",
    "I'm worried about the small things, like parking, noise and rent.",
    "I've been working closely with Michele on the edit.",
    "I'm 87.5% done with the collection.",
    "I already booked a room for two nights.",
]
TENSE_ALONE = [
    "I have had asthma since I was a child.",
    "I've had asthma for as long as I can remember.",
    "I played chess last night.",
    "I worked at Bosch all weekend.",
    "I've been into yoga and judo lately.",
    "I had a small car crash last Tuesday.",
    "I lived in Ulm as a child, too.",
    "I loved yoga yesterday.",
]


def known_after(*texts: str) -> set[tuple[str, str]]:
    told = [
        Told(claim, f"t{n}", AT + n, number)
        for n, text in enumerate(texts)
        for number, claim in enumerate(extract(text, at=AT + n))
    ]
    return {(fact.attribute, fact.value) for fact in current(facts_of(told), AT + len(texts)) if fact.subject == USER}


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_and_company_are_no_facts(text: str) -> None:
    """What follows "like" in an example is no taste, whom one works with no employer, a percentage no age."""
    assert known_after(text) == set()


@pytest.mark.parametrize("text", [*OTHERS, *TENSE_ALONE])
def test_what_is_not_said_as_over_ends_nothing(text: str) -> None:
    """Another's words, suppositions and a past tense without words of an end leave all that was known."""
    assert known_after(KNOWN) <= known_after(KNOWN, text)


@pytest.mark.parametrize("text", OTHERS)
def test_words_of_others_tell_nothing_of_the_user(text: str) -> None:
    """Mail, transcripts, code, samples, parts that are played, and what is denied make nothing known."""
    assert {attribute for attribute, _ in known_after(text)} == set()


@given(text=st.sampled_from(OTHERS), others=st.lists(st.sampled_from(OTHERS + TENSE_ALONE), max_size=3))
def test_right_facts_survive_any_mixture(text: str, others: list[str]) -> None:
    """However such turns follow each other, what the user said stays."""
    assert known_after(KNOWN) <= known_after(KNOWN, *others, text)


@pytest.mark.parametrize(
    ("before", "then", "gone"),
    [
        ("I am vegan.", "I quit being vegan.", "vegan"),
        ("I am vegan.", "I'm no longer vegan.", "vegan"),
        ("I am allergic to milk.", "My milk allergy is gone.", "milk"),
        ("I am allergic to milk.", "I don't have any allergies any more.", "milk"),
        ("My dog is called Rex.", "Rex died yesterday.", "dog Rex"),
        ("I play chess.", "I gave up chess.", "chess"),
        ("I work at Bosch.", "I no longer work at Bosch.", "Bosch"),
        ("I am allergic to nuts.", "Please delete that I am allergic to nuts.", "nuts"),
    ],
)
def test_explicit_words_end_a_fact(before: str, then: str, gone: str) -> None:
    """ "Quit", "no longer", "gone", "died", "gave up": what they name is over."""
    assert gone in {value for _, value in known_after(before)}
    assert gone not in {value for _, value in known_after(before, then)}


def test_strangers_are_read_as_labelled() -> None:
    """Of turns in many styles, at most one claim in twenty is wrong, and four facts in five are found."""
    right = claimed = 0
    for row in ROWS:
        left = list(extract(row["text"], at=AT))
        claimed += len(left)
        for wanted in row["facts"]:
            found = next((claim for claim in left if _is(claim, wanted)), None)
            if found:
                left.remove(found)
                right += 1
    assert len(ROWS) >= 150
    assert right >= 0.95 * claimed
    assert right >= 0.8 * sum(len(row["facts"]) for row in ROWS)


def test_other_speakers_are_not_the_user(memory: AgentMemory) -> None:
    """Where several speak as users, who tells first (or has the user's id) is the user."""
    memory.append("s", "user", "I live in Lyon.", at=AT, speaker="Pia")
    memory.append("s", "user", "I live in Rome and my name is Bob.", at=AT + 1, speaker="Bob")
    memory.append("s", "user", "I work at Fiat.", at=AT + 2, speaker="Pia")
    assert {fact.value for fact in memory.facts(history=True)} == {"Lyon", "Fiat"}


def test_unnamed_turns_are_the_users(memory: AgentMemory) -> None:
    """Beside turns without a speaker those of others count only under the name that the user told."""
    memory.append("s", "user", "Hi, I'm Pia and I live in Lyon.", at=AT)
    memory.append("s", "user", "I live in Rome.", at=AT + 1, speaker="Bob")
    memory.append("s", "user", "I work at Fiat.", at=AT + 2, speaker="Pia")
    assert {fact.value for fact in memory.facts(history=True)} == {"Pia", "Lyon", "Fiat"}


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("I'm a dispatcher for the fire brigade.", [("occupation", "dispatcher"), ("work", "fire brigade")]),
        ("I have osteoarthritis in both knees.", [("health", "osteoarthritis")]),
        ("I was diagnosed with ADHD late, makes sense now.", [("health", "ADHD late")]),
        ("A book for my nephew Milo, please.", [("family", "nephew Milo")]),
        ("We adopted a tabby last week and named her Biscuit.", [("pet", "tabby Biscuit")]),
        ("I have a daughter at university and a son.", [("family", "daughter"), ("family", "son")]),
        ("I drive a beat-up Fiat Panda.", [("possession", "beat-up Fiat Panda")]),
        ("i'm vegan but my kids aren't, one meal for all?", [("diet", "vegan")]),
        ("Change of plans: I live in Kiel now.", [("home", "Kiel")]),
    ],
)
def test_plain_statements_are_read_whoever_writes_them(text: str, facts: list[tuple[str, str]]) -> None:
    """Callings by whom they are for, ailments by their ending, names told by the way, questions behind a statement."""
    found = [(claim.attribute, claim.value) for claim in extract(text, at=AT)]
    assert [(name, value.removesuffix(" in both knees")) for name, value in found] == facts


@pytest.mark.parametrize(
    "text",
    [
        "I'm a stickler for the rules.",
        "I'm a swimmer at the local pool.",
        "I have a prognosis.",
        "We adopted a plan and called it Phoenix.",
        "my landlord: I live in Oslo",
        "night nurse: I live in Oslo",
        "I live in Oslo, isn't that so?",
        "You think I live in Oslo, with this weather?",
    ],
)
def test_what_only_looks_like_them_tells_nothing(text: str) -> None:
    """Controls of the same forms: whims, plans, other people's labels, tags."""
    assert extract(text, at=AT) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Don't forget that I'm allergic to plums!",
        "Never forget that I live in Lund.",
        "My uncle tends to forget that I'm allergic to plums.",
        "I always forget that I live in Lund now.",
        "I left Bosch at seven today and cycled home.",
        "I left Bosch early because of the snow.",
        "I left Lidl with three lamps.",
        "I stopped playing the cello at nine last night.",
        "I stopped playing cello for a moment to listen.",
    ],
)
def test_what_is_no_order_and_what_is_of_a_moment_ends_nothing(text: str) -> None:
    """An affirmed fact stays, and who leaves a company at six comes back the next day."""
    assert not [claim for claim in extract(text, at=AT) if claim.change is Change.ENDS]


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("Please forget that I live in Lund.", "Lund"),
        ("I left Bosch in May.", "Bosch"),
        ("I left Bosch for Siemens.", "Bosch"),
        ("I stopped playing the cello last year.", "cello"),
    ],
)
def test_an_order_and_an_end_that_lasts_end_it(text: str, ended: str) -> None:
    """Controls of the test before."""
    assert [claim.value for claim in extract(text, at=AT) if claim.change is Change.ENDS] == [ended]


@pytest.mark.parametrize(
    "text",
    [
        "My settings:\n```yaml\nname: Otmar\ncity: Celle\n```",
        "Why is this wrong?\n\n    name: web\n    city: paris\n",
        "It fails:\n\nname = 'Wanda'\ncity = 'Gent'\n",
        "It's not true that I own a boat and live in Gent.",
        "I dreamt that I have a lion and I live in Cairo.",
        "I imagine that I own a farm and live in Gent.",
    ],
)
def test_neither_code_nor_what_is_unreal_makes_a_fact(text: str) -> None:
    """Also where it looks like a list about its user, or stands behind an "and"; code is not read at all."""
    assert not [claim for claim in extract(text, at=AT) if claim.change is Change.ASSERTS]


def test_a_list_outside_of_code_is_read() -> None:
    """And what is real is, behind what is not, in a sentence of its own."""
    assert {claim.value for claim in extract("name: Otmar\ncity: Celle", at=AT)} == {"Otmar", "Celle"}
    assert [claim.value for claim in extract("I dreamt that I fly. I live in Gent.", at=AT)] == ["Gent"]
