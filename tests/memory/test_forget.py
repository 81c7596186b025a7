"""Forgetting, eviction, erasure, export: what leaves, what stays, what never comes back."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from semcache.embed import CachedEmbedder
from semcache.errors import InvalidInput
from semcache.memory import AgentMemory, NewTurn, State, TurnWriter
from semcache.memory.stored.layout import UserKeys
from semcache.store import keys
from tests.conftest import Clock
from tests.memory.conftest import OpenMemory
from tests.memory.invariants import check_user, users_of
from tests.memory.states import snapshot
from tests.memory.test_append import SAID, wipe

MakeTurn = Callable[..., NewTurn]


def leftovers(redis: Redis, namespace: str) -> set[str]:
    """Kinds of keys that are there, tombstones left out."""
    kinds = {keys.kind_of(key.replace("NS", namespace)) for key in snapshot(redis, namespace)}
    return {kind.name for kind in kinds if kind} - {"erased", "forgotten"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(gone=st.sets(st.integers(0, 5), max_size=6), order=st.permutations(range(6)))
def test_forgetting_leaves_what_would_be_there_without_the_turns(
    redis: Redis,
    writer: TurnWriter,
    open_memory: OpenMemory,
    turn: MakeTurn,
    namespace: str,
    gone: set[int],
    order: list[int],
) -> None:
    """Writing six turns and forgetting some leaves, byte for byte, what writing only the others leaves."""
    turns = [turn(n, text, session=f"s{n % 2}") for n, text in enumerate(SAID)]
    wipe(redis, namespace)
    writer.append([t for n, t in enumerate(turns) if n not in gone])
    expected = snapshot(redis, namespace)
    wipe(redis, namespace)
    writer.append([turns[n] for n in order])
    memory = open_memory()
    for n in order:
        if n in gone:
            assert [t.id for t in memory.forget([turns[n].id]).turns] == [turns[n].id]
    found = {key: value for key, value in snapshot(redis, namespace).items() if not key.endswith(":forgotten")}
    assert found == expected
    assert check_user(redis, UserKeys(namespace, "ann")) == []


def test_a_forgotten_turn_does_not_come_back(memory: AgentMemory, writer: TurnWriter, turn: MakeTurn) -> None:
    """The event of a forgotten turn is refused, in long-term memory and in the window."""
    first, second = turn(1, "I live in Lyon."), turn(2, "Near the river.")
    writer.append([first, second])
    memory.forget([first.id])
    assert writer.append([first, second]) == [State.FORGOTTEN, State.DUPLICATE]
    memory.note("s", "user", first.text, at=first.at, event_id=first.event_id)
    assert [t.id for t in memory.window("s")] == [second.id]
    assert [found.turn.id for found in memory.recall("Where do I live?")] == [second.id]


def test_a_query_says_first_what_it_would_forget(memory: AgentMemory) -> None:
    """Forgetting by query is a dry run unless told otherwise, and forgets just those turns then."""
    for n, text in enumerate(("My ex is called Rob.", "I like tea.", "Rob took the cat.")):
        memory.append("s", "user", text, at=1_000.0 + n)
    planned = memory.forget(query="everything about Rob", k=2)
    assert planned.dry_run
    assert {t.text for t in planned.turns} == {"My ex is called Rob.", "Rob took the cat."}
    assert len(memory.turns()) == 3
    done = memory.forget(query="everything about Rob", k=2, dry_run=False)
    assert done.turns == planned.turns
    assert [t.text for t in memory.turns()] == ["I like tea."]


def test_forgetting_by_session_and_by_age(memory: AgentMemory, redis: Redis, namespace: str) -> None:
    """A session, a stretch of time, or a session within it."""
    for n in range(6):
        memory.append(f"s{n % 2}", "user", f"note {n}", at=1_000.0 + n)
    assert len(memory.forget(session="s1", until=1_001.0).turns) == 1
    assert len(memory.forget(until=1_002.0, dry_run=True).turns) == 2
    assert len(memory.forget(until=1_002.0).turns) == 2
    assert [t.text for t in memory.turns()] == ["note 3", "note 4", "note 5"]
    assert len(memory.forget(session="s1").turns) == 2
    assert check_user(redis, UserKeys(namespace, "ann")) == []


def test_saying_nothing_forgets_nothing(memory: AgentMemory) -> None:
    """Without ids, session, time or query the call is refused."""
    memory.append("s", "user", "I live in Lyon.")
    with pytest.raises(InvalidInput, match="say what to forget"):
        memory.forget()
    assert len(memory.turns()) == 1


def test_pinned_turns_stay(memory: AgentMemory) -> None:
    """Neither an id, nor a session, nor age removes a pinned turn; they say so; unpinned it goes."""
    kept = memory.append("s", "user", "I am allergic to nuts.", at=1_000.0)
    memory.append("s", "user", "Nice weather.", at=1_001.0)
    assert memory.pin(kept, "not-a-turn") == {kept}
    done = memory.forget([kept], session="s")
    assert [t.text for t in done.turns] == ["Nice weather."]
    assert [t.id for t in done.pinned] == [kept]
    memory.unpin(kept)
    assert [t.id for t in memory.forget([kept]).turns] == [kept]
    assert memory.turns() == []


def test_the_oldest_turns_are_evicted(open_memory: OpenMemory, redis: Redis, namespace: str) -> None:
    """Beyond `max_turns` the oldest by time leave, late arrivals too, pinned ones not; their events may come again."""
    memory = open_memory(max_turns=3)
    first = memory.append("s", "user", "note 0", at=1_000.0)
    memory.pin(first)
    for n in (1, 2, 4, 5):
        memory.append("s", "user", f"note {n}", at=1_000.0 + n, event_id=f"e{n}")
    assert [t.text for t in memory.turns()] == ["note 0", "note 4", "note 5"]
    memory.append("s", "user", "note 3", at=1_003.0)
    assert [t.text for t in memory.turns()] == ["note 0", "note 4", "note 5"]
    memory.forget(until=1_004.0)
    memory.append("s", "user", "note 1", at=1_001.0, event_id="e1")
    assert [t.text for t in memory.turns()] == ["note 0", "note 1", "note 5"]
    assert check_user(redis, UserKeys(namespace, "ann")) == []


def test_what_is_too_old_leaves_with_the_next_write(
    open_memory: OpenMemory, redis: Redis, namespace: str, clock: Clock
) -> None:
    """Older than `max_age_s` by their own time, late arrivals too, pinned ones not; no other user's."""
    memory, other = open_memory(max_age_s=100.0), open_memory("bob")
    pinned = memory.append("s", "user", "pinned", at=clock.now - 90)
    memory.pin(pinned)
    for ago in (95, 60, 20):
        for who in (memory, other):
            who.append("s", "user", f"{ago} s ago", at=clock.now - ago)
    clock.advance(50)
    assert len(memory.turns()) == 4
    memory.append("s", "user", "very late", at=clock.now - 101)
    assert [turn.text for turn in memory.turns()] == ["pinned", "20 s ago"]
    assert len(other.turns()) == 3
    assert check_user(redis, UserKeys(namespace, "ann")) == []


def test_an_erasure_removes_everything_once(
    open_memory: OpenMemory, redis: Redis, namespace: str, clock: Clock
) -> None:
    """After an erasure no key of the user is left but its tombstone; the receipt counts; a second run finds nothing."""
    asked: list[tuple[str, float]] = []
    memory = open_memory(derived=[lambda user, at: asked.append((user, at)) or {"cached answers": 2}])
    other = open_memory("bob")
    other.append("s", "user", "I live in Lyon.")
    kept = memory.append("s", "user", "I live in Porto.")
    memory.append("t", "assistant", "How nice!")
    memory.note("u", "user", "and I like it")
    memory.pin(kept)
    memory.forget([memory.append("s", "user", "Forget this.")])
    receipt = memory.erase()
    assert (receipt.turns, receipt.window_turns, receipt.derived) == (2, 1, {"cached answers": 2})
    assert receipt.total == 5
    assert asked == [("ann", clock.now)]
    assert memory.recall("Where do I live?") == memory.turns() == memory.window("u") == []
    assert [t.text for t in other.turns()] == ["I live in Lyon."]
    other.erase()
    assert leftovers(redis, namespace) == set()
    again = open_memory().erase()
    assert again.total == 0


def test_old_events_do_not_bring_an_erased_user_back(
    open_memory: OpenMemory, writer: TurnWriter, turn: MakeTurn, redis: Redis, namespace: str, clock: Clock
) -> None:
    """A replay of the log is refused up to the time of the erasure; what the user says later is remembered."""
    turns = [turn(n, text) for n, text in enumerate(SAID)]
    writer.append(turns)
    memory = open_memory()
    memory.erase()
    assert set(writer.append(turns)) == {State.ERASED}
    memory.note("s", "user", "an old one", at=clock.now - 5)
    assert leftovers(redis, namespace) == set()
    clock.advance(10)
    memory.append("s", "user", "Hello again.")
    assert [t.text for t in memory.turns()] == ["Hello again."]


def test_an_erasure_that_is_replayed_spares_what_came_later(open_memory: OpenMemory, clock: Clock) -> None:
    """The same erasure again, by its time, removes nothing that the user told afterwards."""
    memory = open_memory()
    memory.append("s", "user", "I live in Lyon.")
    erased_at = clock.now
    clock.advance(10)
    memory.append("s", "user", "I live in Porto.")
    assert memory.erase(at=erased_at).turns == 1
    assert [t.text for t in memory.turns()] == ["I live in Porto."]
    assert memory.erase(at=erased_at - 100).total == 0
    assert [t.text for t in memory.window("s")] == ["I live in Porto."]


def test_an_export_loads_into_an_equal_memory(
    open_memory: OpenMemory, redis: Redis, embedder: CachedEmbedder, namespace: str
) -> None:
    """Exported through JSON and loaded by another user, every byte is the same; loading twice changes nothing."""
    memory = open_memory()
    for n, text in enumerate(SAID):
        memory.append(f"s{n % 2}", "user", text, at=1_600_000_000.25 + n, speaker="Zoë: the 1st" if n % 3 else "")
    memory.pin(memory.turns()[2].id)
    memory.name_session("s1", "Café & more")
    document = json.loads(json.dumps(memory.export()))
    copy = open_memory("bob")
    assert copy.load(document).written == len(SAID)
    found = snapshot(redis, namespace)
    of_ann = {key: value for key, value in found.items() if ":ann}" in key}
    of_bob = {key.replace(":bob}", ":ann}"): value for key, value in found.items() if ":bob}" in key}
    assert of_bob == of_ann
    assert (copy.load(document).written, copy.load(document).known) == (0, len(SAID))
    assert (copy.export()["turns"], copy.export()["session_names"]) == (document["turns"], {"s1": "Café & more"})


def test_an_import_names_sessions_that_have_turns_and_no_name(open_memory: OpenMemory) -> None:
    """A name that was given stays; a session whose turns are refused gets none; exports without names are imported."""
    memory, other = open_memory(), open_memory("bob")
    for session in ("s0", "s1", "s2"):
        memory.append(session, "user", f"I live in {session}.", at=1.0 if session == "s2" else 100.0, event_id=session)
        memory.name_session(session, f"name of {session}")
    other.append("s0", "user", "Mine.", at=99.0)
    other.erase(at=50.0)
    other.name_session("s0", "my own")
    document = memory.export()
    assert other.load({k: v for k, v in document.items() if k != "session_names"}).refused == 1
    assert other.export()["session_names"] == {"s0": "my own"}
    other.load(document)
    assert other.export()["session_names"] == {"s0": "my own", "s1": "name of s1"}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda d: [], "format"),
        (lambda d: d | {"version": 99}, "version"),
        (lambda d: d | {"turns": None}, "turns"),
        (lambda d: d | {"turns": [*d["turns"], "x"]}, r"turns\[1\]"),
        (lambda d: d | {"turns": [{**d["turns"][0], "at": "noon"}]}, r"turns\[0\].at"),
        (lambda d: d | {"turns": [{**d["turns"][0], "text": ""}]}, r"turns\[0\]: the text"),
        (lambda d: d | {"session_names": ["s"]}, "session_names"),
        (lambda d: d | {"session_names": {"s": 7}}, r"session_names\['s'\]: name"),
        (lambda d: d | {"session_names": {"s": "x" * 201}}, r"session_names\['s'\]: a name has at most 200"),
    ],
)
def test_a_damaged_export_is_refused_whole(
    memory: AgentMemory, open_memory: OpenMemory, damage: Callable[[object], object], said: str
) -> None:
    """What is no export is refused before anything is written, and the message names the place."""
    memory.append("s", "user", "I live in Lyon.")
    other = open_memory("bob")
    with pytest.raises(InvalidInput, match=said):
        other.load(damage(memory.export()))
    assert other.turns() == []


def test_the_checker_finds_each_kind_of_damage(
    redis: Redis, writer: TurnWriter, turn: MakeTurn, namespace: str
) -> None:
    """Whatever is taken out of or put into a memory by hand, the checker names it; an intact one has no problem."""
    user = UserKeys(namespace, "ann")
    turns = [turn(n, text) for n, text in enumerate(SAID)]
    writer.append(turns)
    assert check_user(redis, user) == []
    assert list(users_of(redis, namespace=namespace)) == [user]
    (vectors,) = redis.smembers(user.of(keys.TURN_MODELS))
    damages: dict[str, Callable[[], object]] = {
        "not in the chronology": lambda: redis.zrem(user.of(keys.CHRONOLOGY), turns[1].id),
        "not stored whole": lambda: redis.delete(user.turn(turns[1].id)),
        "in order": lambda: redis.zrem(user.session("s"), turns[2].id),
        "list of sessions": lambda: redis.zadd(user.of(keys.SESSIONS), {"s": 1}),
        "session-stem:lyon is of an earlier version": lambda: redis.zincrby(
            user.of(keys.SESSION_STEM, stem="lyon"), 1, "s"
        ),
        "stem:lyon does not hold": lambda: redis.zadd(user.stem("lyon"), {"ghost": 1.0}),
        "lengths is of an earlier version": lambda: redis.zadd(user.of(keys.SESSION_LENGTHS), {"s": 1}),
        "corpus counts": lambda: redis.hincrby(user.of(keys.TURN_CORPUS), "members", 1),
        "no vector in": lambda: redis.execute_command("VREM", user.vectors(vectors.decode()), turns[3].id),
        "belong to turns": lambda: redis.execute_command(
            "VADD", user.vectors(vectors.decode()), "VALUES", 384, *([1.0] * 384), "ghost"
        ),
        "context of turn": lambda: redis.hset(user.turn(turns[4].id), "previous", turns[1].id),
        "older than the user's erasure": lambda: redis.set(user.of(keys.ERASED), repr(turns[0].at)),
        "was forgotten": lambda: redis.zadd(user.of(keys.FORGOTTEN), {turns[0].id: 1}),
        "pinned, but not there": lambda: redis.sadd(user.of(keys.PINNED), "ghost"),
        "nobody declared": lambda: redis.set(user.prefix + "unheard-of:x:y", 1),
        "belongs to no turn": lambda: redis.zadd(user.session("empty"), {"ghost": 1}),
    }
    for said, damage in damages.items():
        wipe(redis, namespace)
        writer.append(turns)
        damage()
        found = check_user(redis, user)
        assert any(said in problem.what for problem in found), (said, found)
