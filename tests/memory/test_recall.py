"""Recall: what is found, within which limits, and why."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray
from redis import Redis

from semcache.errors import InvalidInput
from semcache.memory import AgentMemory, NewTurn, TurnWriter
from semcache.memory.ranking.fetch import Reach
from semcache.memory.stored.layout import UserKeys
from tests.conftest import Clock
from tests.memory.conftest import OpenMemory

MakeTurn = Callable[..., NewTurn]


def day(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def tell(memory: AgentMemory, said: dict[str, str], *, session: str = "s") -> None:
    """Messages of the user by day."""
    for when, text in said.items():
        memory.append(session, "user", text, at=day(when))


def texts(memory: AgentMemory, query: str, **limits: object) -> list[str]:
    return [found.turn.text for found in memory.recall(query, **limits)]  # type: ignore[arg-type]


def test_the_turn_that_answers_comes_first(memory: AgentMemory) -> None:
    """Among small talk the one turn with the answer is found, though no word but one is shared."""
    tell(
        memory,
        {
            "2023-05-01": "The weather was awful all weekend.",
            "2023-05-02": "My daughter started playing the violin at school.",
            "2023-05-03": "I fixed the kitchen tap myself.",
            "2023-05-04": "We might paint the fence green.",
        },
    )
    assert texts(memory, "Which instrument does my kid play?", k=1) == [
        "My daughter started playing the violin at school."
    ]


def test_parts_sum_up_to_the_score(memory: AgentMemory) -> None:
    """Every recollection says what each kind of evidence added."""
    tell(memory, {"2023-05-01": "I was born in Oslo in 1980.", "2023-05-02": "Do you like Oslo?"})
    for found in memory.recall("When was I born in Oslo?"):
        assert sum(found.parts.values()) == pytest.approx(found.score)
        assert {"turn", "context", "window", "words", "speaker", "length"} <= set(found.parts)
    assert "when" in memory.recall("When was I born in Oslo?")[0].parts


def test_a_window_is_two_turns_on_each_side_within_the_session(memory: AgentMemory) -> None:
    """A word counts for the turns at most two places away, never across sessions."""
    for n in range(8):
        text = "Some tea." if n == 4 else f"Entry number{n}."
        memory.append("first" if n < 5 else "second", "user", text, at=day(f"2023-05-{n + 1:02}"))
    found = {r.turn.at: r.parts.get("window", 0) > 0 for r in memory.recall("tea", k=8)}
    assert [found[day(f"2023-05-{n + 1:02}")] for n in range(8)] == [False] * 2 + [True] * 3 + [False] * 3


def test_limits_of_time_and_session(memory: AgentMemory) -> None:
    """`since`, `until` (both included) and `session` leave only turns within, however well others fit."""
    tell(memory, {"2023-05-01": "I had pasta.", "2023-05-02": "I had soup.", "2023-05-03": "I had rice."})
    tell(memory, {"2023-05-02": "I had cake."}, session="party")
    ask = "What did I have to eat?"
    assert set(texts(memory, ask)) == {"I had pasta.", "I had soup.", "I had rice.", "I had cake."}
    assert set(texts(memory, ask, since=day("2023-05-02"))) == {"I had soup.", "I had rice.", "I had cake."}
    assert set(texts(memory, ask, until=day("2023-05-02"))) == {"I had pasta.", "I had soup.", "I had cake."}
    assert texts(memory, ask, since=day("2023-05-02"), until=day("2023-05-02"), session="s") == ["I had soup."]
    assert texts(memory, ask, session="nobody's") == []


@pytest.mark.parametrize("candidates", [1_000, 12])
def test_limits_hold_for_large_memories_too(
    open_memory: OpenMemory, writer: TurnWriter, turn: MakeTurn, clock: Clock, candidates: int
) -> None:
    """Whether all turns are ranked or only candidates, nothing outside the limits is returned, and k are found."""
    writer.append([turn(n, f"note {n} about tea", session=f"s {n % 3}'\"") for n in range(60)])
    memory = open_memory(reach=Reach(candidates, by_vector=20, by_postings=20))
    since, until = clock.now - 1_000 + 20, clock.now - 1_000 + 40
    found = memory.recall("tea", k=7, since=since, until=until, session="s 1'\"")
    assert len(found) == 7
    assert {f.turn.session for f in found} == {"s 1'\""}
    assert all(since <= f.turn.at <= until for f in found)


def test_candidates_lead_to_the_same_answers_as_ranking_everything(
    open_memory: OpenMemory, writer: TurnWriter, turn: MakeTurn
) -> None:
    """With candidates alone the best turns are those that ranking every turn finds."""
    rooms = "kitchen bathroom bedroom hall cellar garden balcony garage attic porch".split()
    writer.append(
        [turn(n, f"The {rooms[n % 10]} lamp number {n} is {'broken' if n % 7 else 'fine'}.") for n in range(90)]
    )
    exact = open_memory(reach=Reach(candidates=1_000))
    quick = open_memory(reach=Reach(candidates=30, by_vector=40, by_postings=40))
    for ask in ("Is the garage lamp fine?", "Which lamps of the attic are broken?"):
        assert set(texts(quick, ask, k=5)) == set(texts(exact, ask, k=5))


@pytest.mark.parametrize(
    ("asked", "months"),
    [("in June", {6, 7}), ("on 20 June 2023", {6}), ("in June 2022", {6}), ("last month", {11, 12})],
)
def test_the_time_that_is_asked_for_decides_who_becomes_a_candidate(
    open_memory: OpenMemory, writer: TurnWriter, turn: MakeTurn, asked: str, months: set[int]
) -> None:
    """Among many turns that say the same, the few that are ranked are of that time, in any year if none is named."""
    start = day("2022-01-01")
    said = [turn(n, f"I went swimming in lane {n + 500}.", session="s") for n in range(146)]
    writer.append([replace(new, at=start + 5 * n * 86_400) for n, new in enumerate(said)])
    memory = open_memory(reach=Reach(candidates=12, by_vector=140, by_postings=20))
    found = memory.recall(f"Did I go swimming {asked}?", k=2, at=day("2023-12-15"))
    assert len(found) == 2
    assert {datetime.fromtimestamp(one.turn.at, UTC).month for one in found} <= months
    assert all("date" in one.parts for one in found)


def test_thousands_of_results_can_be_wanted(open_memory: OpenMemory, redis: Redis, turn: MakeTurn) -> None:
    """However many turns that takes into account."""

    class Cheap:
        dim, fingerprint = 2, "cheap~1"

        def embed(self, texts: Sequence[str], *, kind: str = "symmetric") -> NDArray[np.float32]:
            return np.tile(np.array([0.6, 0.8], np.float32), (len(texts), 1))

    turns = [turn(n, "tea", session=str(n % 9)) for n in range(8_200)]
    for first in range(0, len(turns), 500):
        TurnWriter(redis, Cheap()).append(turns[first : first + 500])
    found = open_memory(embedder=Cheap()).recall("tea", k=1_000)
    assert len({one.turn.id for one in found}) == 1_000


def test_a_recollection_says_what_its_turn_states_and_whether_that_still_holds(memory: AgentMemory) -> None:
    """A home that was given up has an end; what states nothing, or is said by the assistant, has no fact."""
    tell(
        memory,
        {"2023-05-01": "I live in Lyon.", "2023-05-03": "The weather is fine.", "2023-09-01": "I live in Porto."},
    )
    memory.append("s", "assistant", "I live in a data centre.", at=day("2023-09-02"))
    facts = {found.turn.text: found.fact for found in memory.recall("Where do I live?")}
    lyon, porto = facts["I live in Lyon."], facts["I live in Porto."]
    assert lyon
    assert (lyon.attribute, lyon.value, lyon.valid_to) == ("home", "Lyon", day("2023-09-01"))
    assert porto
    assert (porto.value, porto.valid_to, porto.supersedes) == ("Porto", None, lyon.id)
    assert facts["The weather is fine."] is None
    assert facts["I live in a data centre."] is None


def test_of_several_facts_a_recollection_states_the_one_that_is_asked_for(memory: AgentMemory) -> None:
    """One turn, two questions."""
    memory.append("s", "user", "My name is Ann and I live in Lyon.")

    def stated(query: str) -> str:
        (found,) = memory.recall(query)
        return found.fact.value if found.fact else ""

    assert (stated("Which town is my home?"), stated("What is my name?")) == ("Lyon", "Ann")


def test_facts_of_recollections_are_those_of_the_time_that_is_asked_for(memory: AgentMemory) -> None:
    """As of an earlier time nothing of what was told later is known, even if it speaks of that time."""
    tell(memory, {"2023-05-01": "I live in Lyon.", "2023-09-01": "I have been living in Porto since April 2023."})
    (then,) = memory.recall("Where do I live?", at=day("2023-06-01"))
    assert then.fact
    assert then.fact.valid_to is None
    assert [fact.value for fact in memory.facts(at=day("2023-06-01"))] == ["Porto"]


def test_facts_are_read_once_when_first_asked_for(memory: AgentMemory) -> None:
    """Recall reads none: what is told after it and before the first question for a fact is known, later things not."""
    tell(memory, {"2023-05-01": "I live in Lyon."})
    (found,) = memory.recall("Where do I live?")
    tell(memory, {"2023-09-01": "I live in Porto."})
    assert found.fact
    assert found.fact.valid_to == day("2023-09-01")
    memory.append("s", "user", "I live in Lyon.", at=day("2023-09-01") - 86_400)
    assert found.fact.turns == (found.turn.id,)
    copy = pickle.loads(pickle.dumps(found))
    assert (copy, copy.fact) == (found, found.fact)


def test_asked_at_an_earlier_time(memory: AgentMemory) -> None:
    """`at` asks as of then: later turns do not exist yet."""
    tell(memory, {"2023-05-01": "I live in Lyon.", "2023-09-01": "I live in Porto."})
    assert texts(memory, "Where do I live?", at=day("2023-06-01")) == ["I live in Lyon."]
    assert len(texts(memory, "Where do I live?")) == 2


def test_relative_times_are_taken_from_when_the_question_is_asked(memory: AgentMemory) -> None:
    """ "Last week" finds the week before `at`, between turns that say the same."""
    said = {f"2023-0{month}-10": "I went swimming." for month in (3, 4, 5, 6)}
    tell(memory, said)
    for month in (3, 4, 5, 6):
        found = memory.recall("What sport did I do last week?", k=1, at=day(f"2023-0{month}-16"))
        assert datetime.fromtimestamp(found[0].turn.at, UTC).month == month
        assert found[0].parts["date"] > 0
    assert datetime.fromtimestamp(memory.recall("Where did I go in April?", k=1)[0].turn.at, UTC).month == 4


def test_who_said_it_counts(memory: AgentMemory) -> None:
    """The turns of the one participant that a question names gain; "I" is the user, "you" the assistant."""
    for speaker in ("Melanie", "Caroline"):
        memory.append("s", "user", "I ran a marathon.", speaker=speaker)
        memory.append("t", {"Melanie": "user"}.get(speaker, "assistant"), "The blue one is best.")

    def gaining(query: str, session: str) -> set[str]:
        return {f.turn.name for f in memory.recall(query, session=session) if "speaker" in f.parts}

    assert gaining("Did Melanie run a marathon?", "s") == gaining("Did Mel run?", "s") == {"Melanie"}
    assert gaining("Did Caroline run a marathon?", "s") == {"Caroline"}
    assert gaining("Did Mel and Caroline run?", "s") == gaining("Who ran?", "s") == set()
    assert gaining("What did I call best?", "t") == {"user"}
    assert gaining("What did you call best?", "t") == {"assistant"}
    assert gaining("What did I tell you?", "t") == set()


def test_an_empty_memory_recalls_nothing(memory: AgentMemory) -> None:
    """A user without a turn gets an empty list, not an error."""
    assert memory.recall("Where do I live?") == []


@pytest.mark.parametrize(("query", "k"), [("", 5), ("  ", 5), ("hello", 0)])
def test_a_question_that_cannot_be_asked_is_refused(memory: AgentMemory, query: str, k: int) -> None:
    """An empty question, or no result wanted at all, is a mistake of the caller."""
    with pytest.raises(InvalidInput):
        memory.recall(query, k=k)


def test_another_embedder_still_finds_by_words(open_memory: OpenMemory, memory: AgentMemory) -> None:
    """After a change of the embedding model older turns have no vector of it, and are found by their words."""
    tell(memory, {"2023-05-01": "My parrot is called Kiwi.", "2023-05-02": "It rains."})

    class Renamed:
        dim, fingerprint = memory.embedder.dim, "another-model~1"
        embed = staticmethod(memory.embedder.embed)

    found = open_memory(embedder=Renamed()).recall("parrot")
    assert found[0].turn.text == "My parrot is called Kiwi."
    assert "turn" not in found[0].parts


@pytest.mark.parametrize(
    ("asked_at", "question", "meal"),
    [
        ("2026-04-10T21:00:00-07:00", "what did I have for lunch yesterday?", "rice"),
        ("2026-04-10T21:00:00-07:00", "what did I have for lunch today?", "stew"),
        ("2026-04-10T05:00:00+10:00", "what did I have for lunch yesterday?", "rice"),
        ("2026-04-10T13:00:00+00:00", "what did I have for lunch the day before yesterday?", "toast"),
        ("2026-04-10T13:00:00+05:45", "what did I have for lunch this Tuesday?", "beans"),
        ("2026-04-10T13:00:00+00:00", "what did I have for lunch on 8 April 2026?", "toast"),
        ("2026-04-10T13:00:00+00:00", "what did I have for lunch on 2026-04-07?", "beans"),
    ],
)
def test_days_are_those_of_the_askers_zone(memory: AgentMemory, asked_at: str, question: str, meal: str) -> None:
    """The day that a question names puts its turn before those of the days beside it."""
    at = datetime.fromisoformat(asked_at)
    for day_of_month, what in zip(range(7, 12), ("beans", "toast", "rice", "stew", "soup"), strict=True):
        noon = at.replace(day=day_of_month, hour=12)
        memory.append("s", "user", f"I had {what} for lunch.", at=noon)
    assert texts(memory, question, k=1, at=at) == [f"I had {meal} for lunch."]


def test_a_turn_without_passages_is_recalled(memory: AgentMemory, redis: Redis, namespace: str) -> None:
    """One that was written before there were any: by its own vector and its words."""
    long = "We talked about the garden for a while. " * 30 + "The spare key is under the flower pot."
    memory.append("s", "user", long, at=day("2026-04-07"))
    memory.append("s", "user", "The weather was fine.", at=day("2026-04-08"))
    assert redis.delete(UserKeys(namespace, "ann").passages(memory.embedder.fingerprint)) == 1
    assert texts(memory, "where is the spare key?", k=1) == [long]
