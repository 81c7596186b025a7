"""Writing turns: once each, all or nothing, with the same result in whatever order they arrive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from redis.connection import Connection

from semcache.embed import CachedEmbedder
from semcache.embed.protocol import Kind, Vectors
from semcache.errors import InvalidInput
from semcache.memory import AgentMemory, NewTurn, State, TurnWriter
from semcache.memory.stored.layout import TURN_WEIGHTING, UserKeys, index_stems
from semcache.store import keys
from tests.conftest import Clock
from tests.memory.conftest import OpenMemory
from tests.memory.invariants import check_user
from tests.memory.states import snapshot

MakeTurn = Callable[..., NewTurn]
SAID = [
    "I moved to Lyon last spring.",
    "How do you like it there?",
    "It rains less than in Brest.",
    "My sister Eva visits in May.",
    "Shall I look for trains?",
    "Yes, from Nantes please.",
]


def wipe(redis: Redis, namespace: str) -> None:
    for key in redis.scan_iter(match=f"sc:{{m:{namespace}:*", count=1_000):
        redis.delete(key)


def test_an_event_is_remembered_once(redis: Redis, memory: AgentMemory, namespace: str) -> None:
    """The same event id again gives the same turn id and changes nothing at all."""
    first = memory.append("s", "user", "I live in Lyon.", event_id="e1")
    before = snapshot(redis, namespace)
    assert memory.append("s", "user", "I live in Lyon.", event_id="e1") == first
    assert snapshot(redis, namespace) == before


def test_an_event_again_in_another_session_changes_nothing(
    redis: Redis, writer: TurnWriter, turn: MakeTurn, namespace: str
) -> None:
    """The first telling counts: its session, and the turn that it follows there."""
    turns = [turn(n, text) for n, text in enumerate(SAID)]
    writer.append(turns)
    before = snapshot(redis, namespace)
    assert writer.append([replace(turns[2], session="other")]) == [State.DUPLICATE]
    assert snapshot(redis, namespace) == before


def test_messages_without_event_id_are_all_kept(memory: AgentMemory) -> None:
    """Saying the same thing twice is two turns, unless the caller says it is one event."""
    assert memory.append("s", "user", "Yes.") != memory.append("s", "user", "Yes.")
    assert len(memory.window("s")) == 2


def test_states_tell_what_became_of_each_turn(writer: TurnWriter, turn: MakeTurn) -> None:
    """A batch answers in its own order: written, and duplicate for what is known or comes twice."""
    first, second = turn(1, "I play the cello."), turn(2, "And the piano.")
    assert writer.append([first]) == [State.WRITTEN]
    assert writer.append([second, first, second]) == [State.WRITTEN, State.DUPLICATE, State.DUPLICATE]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    order=st.permutations(range(len(SAID))),
    cuts=st.lists(st.integers(1, 3), min_size=6, max_size=6),
    replayed=st.integers(0, 2),
)
def test_order_and_replay_leave_no_trace(
    redis: Redis,
    writer: TurnWriter,
    turn: MakeTurn,
    namespace: str,
    order: Sequence[int],
    cuts: Sequence[int],
    replayed: int,
) -> None:
    """Turns in any order, in batches of any size, some of them twice: every byte in Redis is the same in the end."""
    turns = [
        turn(n % 5, text, session=f"s{n % 2}", role="user" if n % 2 else "assistant") for n, text in enumerate(SAID)
    ]
    wipe(redis, namespace)
    writer.append(turns)
    expected = snapshot(redis, namespace)
    wipe(redis, namespace)
    queue = [turns[n] for n in order] + [turns[n] for n in order[:replayed]]
    for size in cuts:
        writer.append(queue[:size])
        queue = queue[size:]
    writer.append(queue)
    assert snapshot(redis, namespace) == expected


def test_a_plan_may_follow_plans_that_are_not_written_yet(
    redis: Redis, writer: TurnWriter, embedder: CachedEmbedder, turn: MakeTurn, namespace: str
) -> None:
    """Planning batches while those before are written gives the same as one after the other, without re-embedding."""
    turns = [turn(n, text) for n, text in enumerate(SAID)]
    writer.append(turns)
    expected = snapshot(redis, namespace)
    wipe(redis, namespace)
    one = writer.plan([turns[0], turns[3]])
    two = writer.plan([turns[1]], after=[one])
    three = writer.plan([turns[2], turns[4], turns[5]], after=[one, two])
    followed = [planned.previous.id if planned.previous else "" for planned in three.fresh]
    assert followed == [turns[n].id for n in (1, 3, 4)]
    for plan in (one, two, three):
        writer.write(plan, embedder.embed(plan.texts, kind="passage"))
    assert snapshot(redis, namespace) == expected


class Interrupting:
    """An embedder in whose calls something happens: what another process does meanwhile."""

    def __init__(self, embedder: CachedEmbedder) -> None:
        self._embedder = embedder
        self.dim, self.fingerprint = embedder.dim, embedder.fingerprint
        self.meanwhile: list[Callable[[], object]] = []

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        while self.meanwhile:
            self.meanwhile.pop()()
        return self._embedder.embed(texts, kind=kind)


def test_writers_at_the_same_time_agree(
    redis: Redis, writer: TurnWriter, embedder: CachedEmbedder, turn: MakeTurn, namespace: str
) -> None:
    """A turn written between another's plan and its write ends as if they had come one after the other."""
    turns = [turn(n, text) for n, text in enumerate(SAID[:4])]
    writer.append(turns)
    expected = snapshot(redis, namespace)
    wipe(redis, namespace)
    interrupting = Interrupting(embedder)
    interrupting.meanwhile = [lambda: writer.append([turns[2], turns[0]])]
    TurnWriter(redis, interrupting, clock=lambda: 1_700_000_000.0).append([turns[1], turns[3]])
    assert snapshot(redis, namespace) == expected


def test_a_wrong_vector_leaves_nothing_behind(
    redis: Redis, writer: TurnWriter, embedder: CachedEmbedder, turn: MakeTurn, namespace: str
) -> None:
    """Vectors that do not fit are refused before anything is written."""
    plan = writer.plan([turn(1, "I live in Lyon."), turn(2, "Near the river.")])
    good = embedder.embed(plan.texts, kind="passage")
    for wrong in (good[:2], good[:, :100], np.full_like(good, np.nan)):
        with pytest.raises(InvalidInput):
            writer.write(plan, wrong)
    assert snapshot(redis, namespace) == {}


def test_a_batch_of_several_users_is_answered_in_its_order(redis: Redis, writer: TurnWriter, turn: MakeTurn) -> None:
    """However many turns of however many users a batch has, each gets its own answer, and all are there."""
    turns = [turn(n, f"Line {n}.", user=f"u{n % 3}", session=f"s{n % 2}") for n in range(60)]
    known = turns[::7]
    assert writer.append(known) == [State.WRITTEN] * len(known)
    assert writer.append(turns) == [State.DUPLICATE if t in known else State.WRITTEN for t in turns]
    assert [check_user(redis, UserKeys(turns[0].namespace, f"u{n}")) for n in range(3)] == [[], [], []]


@pytest.mark.parametrize("text", ["Yes yes yes, no.", "Der Zug nach Zürich, über 日本: наконец.", "word " * 300, "..."])
def test_weights_in_the_postings_are_exact(
    redis: Redis, writer: TurnWriter, turn: MakeTurn, namespace: str, text: str
) -> None:
    """The script weighs a stem as `Weighting` does, to the last bit."""
    new = turn(1, text)
    writer.append([new])
    user, expected = UserKeys(namespace, new.user), TURN_WEIGHTING.weights(index_stems(new.turn.line))
    assert {stem: redis.zscore(user.stem(stem), new.id) for stem in expected} == expected


@pytest.mark.parametrize(
    "wrong",
    [{"text": ""}, {"text": " \n"}, {"text": "half \ud800"}, {"session": ""}, {"role": ""}, {"event_id": "x" * 1_001}],
)
def test_bad_input_is_refused_with_its_name(memory: AgentMemory, wrong: dict[str, str]) -> None:
    """What cannot be remembered raises InvalidInput that names the argument."""
    said = {"session": "s", "role": "user", "text": "Hello.", "event_id": "e"} | wrong
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        memory.append(said["session"], said["role"], said["text"], event_id=said["event_id"])


def test_a_time_that_is_no_number_is_refused(memory: AgentMemory) -> None:
    """NaN and infinity are no times."""
    with pytest.raises(InvalidInput, match="time"):
        memory.append("s", "user", "Hello.", at=float("nan"))


@pytest.mark.parametrize("at", [1_764_000_000_000, 253_402_343_999.0, -62_135_647_200.0, 1e300, -1])
def test_a_time_off_the_calendar_is_refused_and_spoils_nothing(memory: AgentMemory, at: float) -> None:
    """Milliseconds for seconds, most often: whoever recalls such a turn could not say when it was."""
    with pytest.raises(InvalidInput, match="1970 to 9998"):
        memory.append("s", "user", "I live in Lund.", at=at)
    memory.append("s", "user", "I live in Gent.", event_id="sound")
    assert [turn.text for turn in memory.window("s")] == ["I live in Gent."]


def test_text_without_a_single_word_is_remembered(memory: AgentMemory) -> None:
    """A turn of punctuation or emoji has no stems to be found by, and is kept all the same."""
    memory.append("s", "user", "!!! 🎉")
    assert [turn.text for turn in memory.window("s")] == ["!!! 🎉"]
    assert [found.turn.text for found in memory.recall("!!! 🎉")] == ["!!! 🎉"]


def test_the_window_keeps_what_the_long_term_write_finds(
    redis: Redis, memory: AgentMemory, namespace: str, clock: Clock
) -> None:
    """A message noted in the window at once and written later by another process is in the window once."""
    memory.note("s", "user", "I live in Lyon.", at=clock.now, event_id="e1")
    assert [turn.text for turn in memory.window("s")] == ["I live in Lyon."]
    assert redis.zcard(keys.CHRONOLOGY.build(namespace=namespace, user="ann")) == 0
    memory.append("s", "user", "I live in Lyon.", at=clock.now, event_id="e1")
    assert [turn.text for turn in memory.window("s")] == ["I live in Lyon."]
    assert redis.zcard(keys.CHRONOLOGY.build(namespace=namespace, user="ann")) == 1


def test_a_window_is_cut_to_the_budget_and_expires(
    open_memory: OpenMemory, redis: Redis, namespace: str, clock: Clock
) -> None:
    """The newest turns that fit come back in order, and the window lives `session_ttl_s` from its last turn."""
    memory = open_memory(session_ttl_s=60.0)
    for n in range(5):
        clock.advance(1)
        memory.append("s", "user", f"message number {n} of this session")
    everything = memory.window("s")
    assert [turn.text[15] for turn in everything] == list("01234")
    assert [turn.text[15] for turn in memory.window("s", max_tokens=30)] == list("234")
    assert memory.window("s", max_tokens=1) == []
    assert memory.window("other") == []
    key = keys.WINDOW.build(namespace=namespace, user="ann", session="s")
    assert 50 < redis.ttl(key) <= 60


def test_old_events_do_not_reopen_a_window(open_memory: OpenMemory, clock: Clock) -> None:
    """Turns replayed long after their session fill long-term memory, not the window."""
    memory = open_memory(session_ttl_s=60.0)
    memory.append("s", "user", "I live in Lyon.", at=clock.now - 3_600)
    assert memory.window("s") == []
    assert [found.turn.text for found in memory.recall("where do I live?")] == ["I live in Lyon."]


def test_read_your_writes(memory: AgentMemory) -> None:
    """wait_for says True once the event is in long-term memory, and False when the time is up."""
    assert memory.wait_for("e1", timeout_s=0.05) is False
    memory.note("s", "user", "I live in Lyon.", event_id="e1")
    assert memory.wait_for("e1", timeout_s=0.05) is False
    memory.append("s", "user", "I live in Lyon.", event_id="e1")
    assert memory.wait_for("e1", timeout_s=5) is True


def test_users_of_a_batch_share_round_trips(
    writer: TurnWriter, turn: MakeTurn, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turns of twenty users are written in hardly more round trips than those of one."""
    writer.append([turn(0, "The scripts are known.")])
    sent: list[int] = []
    send: Any = Connection.send_packed_command

    def counted(self: Connection, *command: Any) -> None:
        sent.append(1)
        send(self, *command)

    monkeypatch.setattr(Connection, "send_packed_command", counted)
    writer.append([turn(n, f"{n} of one.") for n in range(1, 21)])
    of_one = len(sent)
    writer.append([turn(n, f"{n} of many.", user=f"u{n}") for n in range(20)])
    assert 0 < len(sent) - of_one <= of_one + 4
