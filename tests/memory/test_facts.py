"""Facts: read from what users say, one value at a time where there is one, whatever the order of arrival."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from semcache.memory import AgentMemory, NewTurn, TurnWriter
from semcache.memory.dates import phrases as phrases_of
from semcache.memory.dates.phrases import find_time
from semcache.memory.facts.rules import clauses
from semcache.memory.facts.rules.extract import extract
from semcache.memory.facts.rules.values import words
from semcache.memory.facts.timeline import current, facts_of
from semcache.memory.facts.types import Change, Claim, Fact, Told
from semcache.store import keys
from semcache.text.figures.dates import MONTHS, WEEKDAYS
from semcache.text.patterns import Hint, Pattern
from tests.conftest import Clock
from tests.memory.conftest import OpenMemory

MakeTurn = Callable[..., NewTurn]
DATA = Path(__file__).parents[1] / "data" / "facts.jsonl"
LEADING_ASTRAY = (
    """
If I had a dog ... | So unless we move | Suppose I live in Rome | Imagine we had kids | Let's say I am rich |
What if we moved | Hypothetically I am a baker | When I was a kid I had a cat | Once upon a time I sang |
In my next life I am a cat | I am a star in my dreams | Just kidding | I was joking | jk | Not really |
My character lives in Rome | In the book I live in Rome | This is probably spam | Sure, and I am the pope |
I am the queen of tea | Haha I am literally dead | Say I live in Rome | In a parallel I am rich |
My boss said I am late | The letter reads I owe them | According to him I am tall | She keeps telling I am late |
Everyone thinks I am rich | He asks where I live | My mum goes I am lazy | Tom is like I am late |
I come, if I can | We move as soon as, unless they sell | I stay until we move | It looks like I am late |
I run before I eat | I sing so that they sleep | Nice, in case you come, once I am there |
Translate this text: I am Tom | Proofread my letter: I am Tom | Write a story: I am Tom | Fix grammar in this |
Rephrase the following sentence: I am Tom | Let us role-play a scene | Summarise this: I am Tom
""".strip()
    .replace("\n", " ")
    .split(" | ")
)
TIMES = (
    """
on the 5th | 3 May 2020 | May 3 | since 2019 | 2024-01-31 | in 3 days | two weeks ago | for six months |
next year | last fall | this spring | tonight | last night | tomorrow | this morning | today | within a week |
next fri | by Dec 5 | from September | back in march | a couple of days ago | 5th of sept | on Tuesday
""".strip()
    .replace("\n", " ")
    .split(" | ")
)
ROWS = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]


def day(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def values(facts: Sequence[Fact], attribute: str, subject: str = "user") -> list[str]:
    return [fact.value for fact in facts if (fact.subject, fact.attribute) == (subject, attribute)]


def told(*said: tuple[str, str]) -> list[Told]:
    """The claims of texts said on days."""
    return [
        Told(claim, f"t{place}", day(when), number)
        for place, (when, text) in enumerate(said)
        for number, claim in enumerate(extract(text, at=day(when)))
    ]


@pytest.mark.parametrize(
    ("hint", "pattern"),
    [
        (clauses._MATERIAL_HINT, clauses._MATERIAL),
        (clauses._SUPPOSED_HINT, clauses._SUPPOSED),
        (clauses._REPORTED_HINT, clauses._REPORTED),
        (clauses._IF_HINT, clauses._IF),
    ],
    ids=["material", "supposed", "reported", "if"],
)
def test_what_a_rule_matches_has_its_hint(hint: Hint, pattern: Pattern) -> None:
    """A rule is tried only where its hint is, and no match is lost by that, in labelled turns and in made-up ones."""
    matching = [text for text in [*(row["text"] for row in ROWS), *LEADING_ASTRAY] if pattern.search(text)]
    assert len(matching) >= 5
    assert [text for text in matching if not hint.within(text.lower())] == []


def test_what_names_a_time_has_its_hint() -> None:
    """The same of time phrases. A plural alone ("on Sundays") names no day."""
    phrases = [*TIMES, *(f"on {name}" for name in [*MONTHS, *WEEKDAYS] if phrases_of._WHEN.search(f"on {name}"))]
    assert all(phrases_of._WHEN.search(text) for text in TIMES)
    lost = [text for text in phrases if not phrases_of._hints_at_time(text)]
    assert lost == [f"on {name}" for name in WEEKDAYS if name.endswith("days")]


def test_labelled_turns_give_their_facts() -> None:
    """Of the labelled turns nine claims in ten are right and seven facts in ten are found, held-out ones included."""
    right = claimed = expected = 0
    for row in ROWS:
        claims = extract(row["text"], at=datetime.fromisoformat(row["at"]).timestamp())
        left = list(claims)
        for wanted in row["facts"]:
            found = next((claim for claim in left if _is(claim, wanted)), None)
            if found:
                left.remove(found)
                right += 1
        claimed += len(claims)
        expected += len(row["facts"])
    assert len(ROWS) >= 170
    assert right / claimed >= 0.9
    assert right / expected >= 0.7


def _is(claim: Claim, wanted: dict[str, Any]) -> bool:
    change = Change.CORRECTS if "replaces" in wanted else Change(wanted.get("change", "asserts"))
    return (
        (claim.subject, claim.attribute) == (wanted.get("subject", "user"), wanted["attribute"])
        and (claim.change, claim.holds) == (change, wanted.get("holds", True))
        and words(wanted["value"]) <= words(claim.value)
        and len(words(claim.value)) <= len(words(wanted["value"])) + 4
    )


@pytest.mark.parametrize(
    "text",
    [
        "If I lived in Rome I would walk to work.",
        'My sister wrote: "I live in Rome now".',
        "Do I live in a flood zone?",
        "I wish I had a boat.",
        "Maybe I'll move to Rome in May.",
        "My boss says I am 30.",
        "Let's say I live in Texas.",
        "lol I'm basically married to my coffee machine",
        "Translate into German: I live in Berlin and my name is Hans.",
        "just kidding, I don't have a yacht",
    ],
)
def test_what_is_not_meant_tells_nothing(text: str) -> None:
    """Suppositions, quotations, questions and jokes are no facts."""
    assert extract(text, at=day("2026-06-15")) == ()


def test_extraction_never_fails_on_text() -> None:
    """Odd input (empty, huge, emoji, control characters, right-to-left) gives claims or none, not an error."""
    for text in (
        "",
        " ",
        "🎉" * 500,
        "i " * 50_000,
        "I live in " + "x" * 30_000,
        "\x00I am\u202e 5",
        "I'm I'm I'm",
        "my my",
    ):
        extract(text, at=day("2026-06-15"))


@pytest.mark.parametrize("at", [-1e18, -6.3e10, 0.0, 2.5e11, 1e18, 1.7e308])
def test_any_time_can_be_said_at(at: float) -> None:
    """Turns of times outside of any calendar are read too."""
    said = (
        "I moved to Porto in March. I live in Rome since two years ago. Next year I fly to Oslo. I sold it last week."
    )
    assert facts_of([Told(claim, "t", at, number) for number, claim in enumerate(extract(said, at=at))])


@given(st.text(max_size=300), st.sampled_from(["I live in ", "my dog ", "I'm ", "we sold ", "", "no, it's "]))
def test_extraction_reads_any_text(text: str, start: str) -> None:
    """Any text after any start is read without an error, the same way twice."""
    assert extract(start + text, at=0.0) == extract(start + text, at=0.0)


def test_a_move_ends_the_home_before() -> None:
    """ "I live in Lyon", months later "I moved to Porto in March": Porto now, Lyon before March."""
    facts = facts_of(told(("2026-01-10", "I live in Lyon."), ("2026-06-01", "I moved to Porto in March.")))
    assert values(current(facts, day("2026-06-02")), "home") == ["Porto"]
    assert values(current(facts, day("2026-02-01")), "home") == ["Lyon"]
    assert values(current(facts, day("2026-03-15")), "home") == ["Porto"]
    lyon, porto = facts
    assert porto.supersedes == lyon.id


def test_a_move_to_come_counts_from_its_day() -> None:
    """What is told ahead holds from the day it names, and saying where one lives now does not undo it."""
    facts = facts_of(
        told(
            ("2026-07-02", "I'm moving to Zwolle on 1 August."),
            ("2026-07-10", "I live in Utrecht."),
        )
    )
    assert values(current(facts, day("2026-07-20")), "home") == ["Utrecht"]
    assert values(current(facts, day("2026-08-02")), "home") == ["Zwolle"]


def test_several_values_collect_until_denied() -> None:
    """Preferences and things add up; the opposite or a sale ends one of them."""
    facts = facts_of(
        told(
            ("2026-01-01", "I like jazz and I like opera."),
            ("2026-01-02", "I bought a Honda Civic."),
            ("2026-02-01", "I don't like opera any more."),
            ("2026-02-02", "We sold the Civic last week."),
        )
    )
    now = current(facts, day("2026-03-01"))
    assert values(now, "preference") == ["jazz"]
    assert values(now, "possession") == []
    assert values(facts, "possession") == ["Honda Civic"]


def test_a_correction_replaces_what_was_wrong() -> None:
    """ "It's 54, not 56" puts right what was said before, from the time it was said."""
    facts = facts_of(told(("2026-01-01", "I'm 56."), ("2026-01-02", "No wait, it's 54, not 56.")))
    assert [(fact.value, fact.valid_from) for fact in facts] == [("54", day("2026-01-01"))]


def test_saying_it_again_confirms() -> None:
    """The same fact told twice is one fact, more certain, with both turns."""
    once = facts_of(told(("2026-01-01", "I live in Lyon.")))
    twice = facts_of(told(("2026-01-01", "I live in Lyon."), ("2026-02-01", "I live in Lyon.")))
    assert [fact.turns for fact in twice] == [("t0", "t1")]
    assert twice[0].confidence > once[0].confidence
    assert twice[0].id == once[0].id


@given(st.permutations(range(6)), st.integers(0, 5))
def test_facts_do_not_depend_on_the_order_of_arrival(order: Sequence[int], replayed: int) -> None:
    """Claims in any order give the same facts."""
    said = told(
        ("2026-01-10", "I live in Lyon."),
        ("2026-02-10", "I have a dog called Rex and I like jazz."),
        ("2026-03-10", "I'm 33, no wait, I'm 34, not 33."),
        ("2026-05-01", "My dog died. I don't like jazz."),
        ("2026-06-01", "I moved to Porto in March."),
        ("2026-07-01", "I work for Siemens as an engineer."),
    )
    mixed = [one for place in order for one in said if one.turn == f"t{place}"]
    assert facts_of(mixed) == facts_of(said)


def test_a_memory_knows_facts_now_and_before(memory: AgentMemory) -> None:
    """`facts()` gives what holds, `at` what held then, `history` both; each names its turn."""
    first = memory.append("s", "user", "I live in Lyon.", at=day("2026-01-10"))
    moved = memory.append("t", "user", "I moved to Porto in March.", at=day("2026-06-01"))
    at = day("2026-06-02")
    assert [(fact.value, fact.turns) for fact in memory.facts(at=at)] == [("Porto", (moved,))]
    assert values(memory.facts(at=datetime(2026, 2, 1, tzinfo=UTC)), "home") == ["Lyon"]
    assert [fact.turns[0] for fact in memory.facts(history=True)] == [first, moved]


def test_only_the_user_tells_facts(memory: AgentMemory) -> None:
    """What the assistant says about itself is nobody's fact."""
    memory.append("s", "assistant", "I live in a data centre in Oslo.")
    assert memory.facts(history=True) == []


def test_facts_of_another_user_stay_apart(open_memory: OpenMemory, clock: Clock) -> None:
    """A user's facts come from that user's turns alone."""
    open_memory("ann").append("s", "user", "I live in Lyon.", at=clock.now)
    open_memory("bob").append("s", "user", "I live in Rome.", at=clock.now)
    assert values(open_memory("ann").facts(), "home") == ["Lyon"]


def test_forgetting_a_turn_forgets_its_facts(memory: AgentMemory, redis: Redis, namespace: str, clock: Clock) -> None:
    """A forgotten turn tells nothing any more: what it replaced holds again, and no list has it."""
    memory.append("s", "user", "I live in Lyon.", at=clock.now - 10)
    moved = memory.append("s", "user", "I live in Porto now.", at=clock.now - 5)
    assert values(memory.facts(), "home") == ["Porto"]
    memory.forget([moved])
    assert values(memory.facts(), "home") == ["Lyon"]
    memory.erase()
    assert memory.facts(history=True) == []
    assert redis.exists(keys.TELLING.build(namespace=namespace, user="ann")) == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=8)
@given(order=st.permutations(range(4)))
def test_late_turns_and_replays_end_with_the_same_facts(
    writer: TurnWriter, open_memory: OpenMemory, turn: MakeTurn, order: Sequence[int]
) -> None:
    """Whatever order turns are written in, and twice, the facts are those of the order in which they were said."""
    said = ["I live in Lyon.", "I moved to Porto.", "I live in Faro now.", "My cat is called Mog."]
    user = f"u{''.join(map(str, order))}"
    turns = [turn(n, text, user=user) for n, text in enumerate(said)]
    for place in (*order, *order[:2]):
        writer.append([turns[place]])
    facts = open_memory(user).facts(history=True)
    assert values(facts, "home") == ["Lyon", "Porto", "Faro"]
    assert [fact.valid_to for fact in facts[:3]] == [turns[1].at, turns[2].at, None]


@pytest.mark.parametrize(
    "phrase",
    (
        "since 2019|on the 5th|in three weeks|two months ago|for a couple of years|next spring|last weekend|tomorrow|"
        "this morning|last night|coming Friday|on Sunday|5 June|June 5th|in May|next May|2023-06-05|"
        "since the start of March"
    ).split("|"),
)
def test_time_phrases_are_not_missed(phrase: str) -> None:
    """Each kind is found in a sentence, and what only looks a little like it is not."""
    found = find_time(f"Well, {phrase} I met her")
    assert found
    assert found[0].split()[-1] == phrase.rsplit(maxsplit=1)[-1]


@pytest.mark.parametrize("text", ["Hi, I'm Ann from IKEA", "I'm Ann from IKEA", "Hello, I am Ann from Spotify"])
def test_a_company_is_nobodys_home(text: str) -> None:
    """Who introduces themselves with a firm lives elsewhere."""
    assert [claim.attribute for claim in extract(text, at=day("2026-01-01"))] == ["name"]


@pytest.mark.parametrize("text", ["I met her in the hall", "She may go", "Bake it for 3 or 4", "I swim on Sundays"])
def test_what_names_no_time(text: str) -> None:
    """Prepositions, numbers, habits."""
    assert find_time(text) is None
