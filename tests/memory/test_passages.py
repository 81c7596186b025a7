"""Long turns are found whole: their context begins with themselves, and each part of them has a vector."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from semcache.embed import CachedEmbedder
from semcache.memory import AgentMemory, Turn
from semcache.memory.stored.layout import UserKeys
from semcache.memory.stored.passages import CONTEXT_CHARS, LONG_CHARS, MOST_PASSAGES, context_text, passages
from tests.memory.invariants import check_user

SMALL_TALK = [
    "The meeting started late because everyone was tired from the trip.",
    "Then we went through the list of people who would come to dinner.",
    "My brother told a long story about his boat and the harbour.",
    "It rained all afternoon, so the children played cards in the kitchen.",
    "Somebody asked whether the train still stops at the old station.",
]


def turn(text: str, role: str = "user") -> Turn:
    return Turn("id", "s", role, text, 0.0)


@given(st.text(min_size=1, max_size=3_000), st.text(min_size=1, max_size=3_000))
def test_the_context_begins_with_the_turn(before: str, said: str) -> None:
    """Whole, with what there is room for of the end of the turn before it."""
    text = context_text(turn(before, "assistant"), turn(said))
    assert text.startswith(f"user: {said}")
    assert len(text) <= max(CONTEXT_CHARS, len(f"user: {said}")) + 1
    rest = text.removeprefix(f"user: {said}").removeprefix("\n")
    assert f"assistant: {before}".endswith(rest)


def test_after_a_long_reply_the_context_is_not_the_replys(embedder: CachedEmbedder) -> None:
    """A short turn has its say, however long the turn before it is."""
    reply, short = turn(" ".join(SMALL_TALK * 20), "assistant"), turn("My locker has the number 7.")
    rows = embedder.embed([context_text(reply, short), short.line, reply.line], kind="passage")
    assert float(rows[0] @ rows[2]) < 0.9
    assert float(rows[0] @ rows[1]) > float(rows[2] @ rows[1]) + 0.1


@given(st.text(st.sampled_from("ab .!?\n中"), min_size=1, max_size=9_000))
def test_passages_hold_all_of_a_long_turn(text: str) -> None:
    """Every sign but white space, in order, in few passages; a short turn has none."""
    found = passages(turn(text))
    assert bool(found) == (len(text) > LONG_CHARS and bool(text.strip()))
    assert len(found) <= MOST_PASSAGES
    if found:
        assert "".join("".join(passage.removeprefix("user: ") for passage in found).split()) == "".join(text.split())


def test_a_book_has_few_passages() -> None:
    """A million characters do not become thousands of vectors."""
    assert MOST_PASSAGES / 2 < len(passages(turn("A sentence of a book. " * 40_000))) <= MOST_PASSAGES


@pytest.mark.parametrize("place", [0, 15, 30, 45, 59])
@pytest.mark.parametrize(
    ("answer", "rivals", "question"),
    [
        (
            "The spare key is under the third flower pot.",
            ["The key of the car is in my pocket.", "I lost my spare tyre."],
            "where is the spare key?",
        ),
        (
            "The wifi password of the cabin is on the back of the fridge.",
            ["I forgot my bank password again.", "The cabin needs a new roof."],
            "where is the wifi password of the cabin?",
        ),
    ],
)
def test_a_sentence_within_a_long_message_is_found(
    memory: AgentMemory, answer: str, rivals: list[str], question: str, place: int
) -> None:
    """At its start, in its middle and at its end, against short turns with the same words."""
    said = [SMALL_TALK[n % len(SMALL_TALK)] for n in range(60)]
    long = " ".join([*said[:place], answer, *said[place:]])
    for n, text in enumerate(["I bought bread.", long, *rivals, "The train was late."]):
        memory.append("s", "user", text, at=1_700_000_000.0 + 3_600 * n)
    assert memory.recall(question, k=1)[0].turn.text == long


def test_passages_come_and_go_with_their_turn(memory: AgentMemory, redis: Redis, namespace: str) -> None:
    """Forgetting leaves none behind, and the checkers agree before and after."""
    id = memory.append("s", "user", " ".join(SMALL_TALK * 6), at=1_700_000_000.0)
    memory.append("s", "user", "A short one.", at=1_700_000_100.0)
    user = UserKeys(namespace, "ann")
    key = user.passages(memory.embedder.fingerprint)
    assert redis.execute_command("VCARD", key) == int(redis.hget(user.turn(id), "passages") or 0) > 3
    assert check_user(redis, user) == []
    memory.forget(id)
    assert not redis.exists(key)
    assert check_user(redis, user) == []


def test_a_passage_found_keeps_to_the_limits(memory: AgentMemory) -> None:
    """Those of another session or time bring nothing in."""
    long = " ".join([*SMALL_TALK * 3, "The wifi password is on the fridge.", *SMALL_TALK * 3])
    memory.append("old", "user", long, at=1_600_000_000.0)
    for n in range(70):
        memory.append("new", "user", f"{SMALL_TALK[n % 5]} Part {n}.", at=1_700_000_000.0 + n)
    assert memory.recall("where is the wifi password?", k=1)[0].turn.session == "old"
    assert {item.turn.session for item in memory.recall("where is the wifi password?", session="new")} == {"new"}
    assert all(np.isfinite(item.score) for item in memory.recall("wifi", since=1_650_000_000.0))
