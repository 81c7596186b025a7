"""AgentMemory: what one user told, found again."""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from redis import Redis

from semcache.embed import Embedder, default_embedder
from semcache.errors import InvalidInput
from semcache.inputs import Moment, check_id, check_unicode, count, duration, moment, moment_or_none, utc_offset
from semcache.llm import Llm
from semcache.memory.context import Context, assemble
from semcache.memory.entities.types import Entity
from semcache.memory.facts.reader import FactReader, FactsRead, read_by_model
from semcache.memory.facts.timeline import current
from semcache.memory.facts.types import Fact
from semcache.memory.gathered import known_entities, known_facts
from semcache.memory.ranking.fetch import Limits, Reach
from semcache.memory.ranking.recall import Recaller
from semcache.memory.stored.layout import UserKeys
from semcache.memory.stored.records import read_turns, read_window_form
from semcache.memory.stored.sealed import opened
from semcache.memory.types import NewTurn, Recollection, State, Turn, turn_id
from semcache.memory.writing.forget import (
    Derived,
    Forgotten,
    Receipt,
    erase,
    forget_turns,
    ids_between,
    pin,
    pinned,
    unpin,
)
from semcache.memory.writing.sessions import SessionInfo, list_sessions, name_session, name_unnamed, refuse_window
from semcache.memory.writing.settle import settle
from semcache.memory.writing.transfer import Imported, export_memory, in_batches, read_export
from semcache.memory.writing.write import SESSION_TTL_S, TurnWriter, write_window
from semcache.store.connect import client_of, guarded
from semcache.store.sealing import UNSEALED, Sealer
from semcache.text.tokens import token_count

_POLL_S = 0.01


class AgentMemory:
    """The memory of one user. No call takes the user from data: another user is another object.

    Short-term memory is a session's window: its last turns, until `session_ttl_s` after the last one. Long-term
    memory is every turn, found by `recall`. Thread-safe; nothing is sent to Redis before the first call.
    """

    def __init__(
        self,
        redis: Redis | str,
        *,
        user: str,
        embedder: Embedder | None = None,
        namespace: str = "default",
        session_ttl_s: float = SESSION_TTL_S,
        reach: Reach | None = None,
        sealer: Sealer = UNSEALED,
        max_turns: int | None = None,
        max_age_s: float | None = None,
        derived: Sequence[Derived] = (),
        fact_reader: FactReader | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`max_turns`, `max_age_s`: with each write, turns that are beyond that number or older leave, oldest first,
        unless they are pinned. `derived`: what else an erasure has to remove, for example personal caches.
        `fact_reader`: has a language model read facts in what is told, behind `append`; without one, rules read alone.
        """
        self._redis = client_of(redis)
        self._given_embedder = embedder
        self._namespace = check_id("namespace", namespace)
        self._user = check_id("user", user)
        self._keys = UserKeys(namespace, user)
        self._session_ttl_s = duration("session_ttl_s", session_ttl_s)
        self._reach = reach or Reach()
        self._sealer = sealer
        self._max_turns = None if max_turns is None else count("max_turns", max_turns)
        self._max_age_s = None if max_age_s is None else duration("max_age_s", max_age_s)
        self._derived = tuple(derived)
        self._fact_reader = fact_reader
        self._clock = clock

    @property
    def embedder(self) -> Embedder:
        return self._given_embedder or default_embedder()

    def append(
        self,
        session: str,
        role: str,
        text: str,
        *,
        at: Moment | None = None,
        event_id: str | None = None,
        speaker: str = "",
    ) -> str:
        """Remembers one message, for good and in its session's window; returns the turn id.

        The same `event_id` again changes nothing. `at`: seconds since the epoch or a datetime with a time zone, now by
        default; a late message lands where its time says. `speaker`: a name, where the role does not say enough.

        Raises:
            InvalidInput: the text is empty, or an id cannot be one.
            EmbedderUnavailable, RedisUnavailable: nothing is lost: call again with the same event id.
        """
        new = self._new(session, role, text, at, event_id, speaker)
        if self._writer().append([new]) == [State.WRITTEN] and self._fact_reader:
            self._fact_reader.told(self._redis, self._keys, [new.turn], sealer=self._sealer)
        return new.id

    def note(
        self,
        session: str,
        role: str,
        text: str,
        *,
        at: Moment | None = None,
        event_id: str | None = None,
        speaker: str = "",
    ) -> str:
        """Puts a message into its session's window alone, at once; whoever writes long-term memory does so later."""
        new = self._new(session, role, text, at, event_id, speaker)
        write_window(self._redis, new, now=self._clock(), session_ttl_s=self._session_ttl_s, sealer=self._sealer)
        return new.id

    def window(self, session: str, *, max_tokens: int | None = None) -> list[Turn]:
        """The session's last turns in order, as many as fit into `max_tokens`; empty once the window has expired."""
        check_id("session", session)
        with guarded():
            forms = cast(list[bytes], self._redis.zrange(self._keys.window(session), 0, -1, desc=True))
        budget, turns = math.inf if max_tokens is None else count("max_tokens", max_tokens, least=0), list[Turn]()
        for form in forms:
            stored = read_window_form(form, session)
            if any(turn.id == stored.id for turn in turns):
                continue  # sealed under two keys, it is one turn still
            turn = opened(self._sealer, self._keys, stored)
            budget -= token_count(turn.line)
            if budget < 0:
                break
            turns.append(turn)
        return turns[::-1]

    def recall(
        self,
        query: str,
        *,
        k: int = 10,
        at: Moment | None = None,
        session: str | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> list[Recollection]:
        """The `k` turns that best answer a question, best first; `.parts` says why, `.fact` what a turn states.

        `since`, `until`: only turns of that time (s, both included); `session`: only turns of it. `at`: as if asked
        then: later turns do not exist, and "last week" is the week before. Days are those of the zone that a datetime
        comes with, else UTC's.
        """
        count("k", k)
        asked_at = self._moment("at", at)
        lowest, highest = self._bounds(since, until)
        known_until = math.inf if at is None else asked_at
        within = session if session is None else check_id("session", session)
        ask = Recaller(self._redis, self._keys, self.embedder, self._sealer, self._reach)
        limits = Limits(within, lowest, min(highest, known_until))
        offset_s = utc_offset(at)
        return ask(query, k=k, asked_at=asked_at, offset_s=offset_s, known_until=known_until, limits=limits)

    def turns(
        self, *, session: str | None = None, since: Moment | None = None, until: Moment | None = None
    ) -> list[Turn]:
        """The turns of a session, or of all, in order of time; `since` and `until`, s, are included."""
        ids = self._ids(session, since, until)
        found = read_turns(self._redis, [(self._keys, id) for id in ids], sealer=self._sealer)
        return [turn for turn in found if turn]

    def sessions(self, *, most: int = 50, also: Iterable[str] = ()) -> list[SessionInfo]:
        """The user's sessions, the latest first; `also`: sessions that may not have reached long-term memory yet."""
        return list_sessions(self._redis, self._keys, most=most, also=also, sealer=self._sealer)

    def name_session(self, session: str, name: str) -> None:
        """Gives a session a name of at most 200 characters; an empty one takes it away."""
        check_id("session", session)
        name_session(self._redis, self._keys, session, check_unicode("name", name), sealer=self._sealer)

    def delete_session(self, session: str) -> Forgotten:
        """Forgets a session with its name, and what of it is still on its way through Kafka; pinned turns stay."""
        check_id("session", session)
        refuse_window(self._redis, self._keys, session)
        return self.forget(session=session)

    def pin(self, *turn_ids: str) -> set[str]:
        """Keeps turns from being forgotten or evicted; only an erasure removes them. Returns those that exist."""
        return pin(self._redis, self._keys, turn_ids)

    def unpin(self, *turn_ids: str) -> None:
        """Takes pins off."""
        unpin(self._redis, self._keys, turn_ids)

    def forget(
        self,
        turn_ids: Iterable[str] = (),
        *,
        session: str | None = None,
        query: str | None = None,
        k: int = 10,
        since: Moment | None = None,
        until: Moment | None = None,
        dry_run: bool | None = None,
    ) -> Forgotten:
        """Forgets turns by id; or those of a session, of a time (`since`, `until`: s, included), or both; or the `k`
        that a query recalls within these.

        A query is a guess: it only says what would be forgotten, unless `dry_run=False`. Pinned turns stay. A forgotten
        turn's event is refused when it comes again.

        Raises:
            InvalidInput: nothing says what to forget.
        """
        wanted = [turn_ids] if isinstance(turn_ids, str) else list(turn_ids)
        if query is not None:
            found = self.recall(query, k=k, session=session, since=since, until=until)
            wanted += [item.turn.id for item in found]
        elif session is not None or since is not None or until is not None:
            wanted += self._ids(session, since, until)
        elif not wanted:
            raise InvalidInput("say what to forget: turn ids, a session, a time, or a query")
        if dry_run is None:
            dry_run = query is not None
        return self._forget(list(dict.fromkeys(wanted)), dry_run=dry_run)

    def erase(self, *, at: Moment | None = None) -> Receipt:
        """Removes everything of the user up to `at` (s, now by default), pinned turns and windows included.

        From then on events of that time or older are refused, so that a replay of the log does not bring the user
        back. Killed at any point, the same call again does the rest; once done, it finds nothing.
        """
        when = self._moment("at", at)
        receipt, followers = erase(self._redis, self._keys, at=when, derived=self._derived)
        if followers:
            settle(self._redis, self.embedder, followers, sealer=self._sealer)
        return receipt

    def export(self) -> dict[str, Any]:
        """All that the user told, as JSON-ready data; see `semcache.memory.writing.transfer` for its form."""
        ids = self._ids(None, None, None)
        return export_memory(self._redis, self._keys, ids, sealer=self._sealer, at=self._clock())

    def load(self, document: Any) -> Imported:
        """Imports an export into this memory; what is there already stays as it is.

        Raises:
            InvalidInput: it is no export; nothing was written.
        """
        given = read_export(document, self._keys)
        writer = self._writer()
        states = Counter(state for batch in in_batches(given.turns) for state in writer.append(batch))
        self.pin(*given.pinned)
        name_unnamed(self._redis, self._keys, given.names, sealer=self._sealer)
        written, known = states[State.WRITTEN], states[State.DUPLICATE]
        return Imported(written, known, len(given.turns) - written - known)

    def facts(self, *, at: Moment | None = None, history: bool = False) -> list[Fact]:
        """What the user has said about the user, as it holds `at` a time (s or a datetime; now by default).

        A home, a job or a name has one value at a time: "I moved to Porto in March" ends what was before. Preferences,
        family, possessions and the like collect, and end when they are denied. `history`: also what no longer holds.
        """
        when = self._moment("at", at)
        known = known_facts(self._redis, self._keys, sealer=self._sealer)
        return list(known) if history else current(known, when)

    def read_facts(self, llm: Llm, *, most: int | None = None) -> FactsRead:
        """Has a language model read the user's turns that none has read yet, oldest first, at most `most` of them.

        What it reads in a turn takes the place of what the rules read there. Slow: keep it out of the way of requests.

        Raises:
            InvalidInput: the model follows no instructions: none is configured.
            LlmUnavailable: what was read until then is kept; the same call again goes on from there.
        """
        limit = None if most is None else count("most", most)
        return read_by_model(self._redis, self._keys, llm, most=limit, sealer=self._sealer)

    def context(self, query: str, session: str, *, max_tokens: int, k: int = 10, at: Moment | None = None) -> Context:
        """What to put into a prompt for a question: current facts, turns that are recalled, the session's last turns.

        Its `.text` has at most `max_tokens` (an estimate), names each turn once, and cites it by its id.
        """
        count("max_tokens", max_tokens)
        return assemble(
            query,
            facts=self.facts(at=at),
            recalled=self.recall(query, k=k, at=at),
            window=self.window(session),
            max_tokens=max_tokens,
        )

    def entities(self) -> list[Entity]:
        """The people, places, organisations, products, dates, amounts and numbers that this memory mentions.

        The most mentioned first, each with the turns and facts that name it. They are gathered from what was read when
        the turns were written, and remembered until the memory changes.
        """
        return list(known_entities(self._redis, self._keys, sealer=self._sealer))

    def wait_for(self, event_id: str, *, timeout_s: float = 10.0) -> bool:
        """Waits until the message of an event is in long-term memory (read your writes); False after `timeout_s`."""
        key = self._keys.turn(turn_id(check_id("event_id", event_id)))
        deadline = time.monotonic() + timeout_s
        pause = threading.Event()
        while True:
            with guarded():
                if self._redis.exists(key):
                    return True
            if time.monotonic() >= deadline:
                return False
            pause.wait(_POLL_S)

    def _moment(self, name: str, at: Moment | None) -> float:
        """The time that was given; now if none was."""
        return self._clock() if at is None else moment(name, at)

    def _bounds(self, since: Moment | None, until: Moment | None) -> tuple[float, float]:
        lowest, highest = moment_or_none("since", since), moment_or_none("until", until)
        return -math.inf if lowest is None else lowest, math.inf if highest is None else highest

    def _ids(self, session: str | None, since: Moment | None, until: Moment | None) -> list[str]:
        lowest, highest = self._bounds(since, until)
        session = session if session is None else check_id("session", session)
        return ids_between(self._redis, self._keys, session=session, since=lowest, until=highest)

    def _forget(self, ids: list[str], *, dry_run: bool) -> Forgotten:
        stored = read_turns(self._redis, [(self._keys, id) for id in ids], sealer=self._sealer)
        kept = pinned(self._redis, self._keys)
        turns = tuple(turn for turn in stored if turn and turn.id not in kept)
        if not dry_run:
            removed, followers = forget_turns(self._redis, self._keys, [turn.id for turn in turns])
            turns = tuple(turn for turn in turns if turn.id in removed)
            settle(self._redis, self.embedder, followers, sealer=self._sealer)
        return Forgotten(turns, tuple(turn for turn in stored if turn and turn.id in kept), dry_run)

    def _new(
        self, session: str, role: str, text: str, at: Moment | None, event_id: str | None, speaker: str
    ) -> NewTurn:
        event = uuid.uuid4().hex if event_id is None else event_id
        return NewTurn(self._user, session, role, text, self._moment("at", at), event, self._namespace, speaker)

    def _writer(self) -> TurnWriter:
        ttl_s = self._session_ttl_s
        return TurnWriter(
            self._redis,
            self.embedder,
            session_ttl_s=ttl_s,
            max_turns=self._max_turns,
            max_age_s=self._max_age_s,
            sealer=self._sealer,
            clock=self._clock,
        )
