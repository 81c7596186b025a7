"""AgentMemory: what one user told, found again."""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Callable
from typing import cast

from redis import Redis

from semcache.embed import Embedder, default_embedder
from semcache.errors import InvalidInput
from semcache.memory.fetch import Limits, Reach, fetch
from semcache.memory.layout import UserKeys
from semcache.memory.rank import Question, rank
from semcache.memory.records import read_window_form
from semcache.memory.sealed import index_words, opened
from semcache.memory.types import NewTurn, Recollection, Turn, check_id, check_text, turn_id
from semcache.memory.weights import Weights, weights_for
from semcache.memory.when import mentioned
from semcache.memory.write import SESSION_TTL_S, TurnWriter, write_window
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
        weights: Weights | None = None,
        reach: Reach | None = None,
        sealer: Sealer = UNSEALED,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = client_of(redis)
        self._given_embedder = embedder
        self._namespace = check_id("namespace", namespace)
        self._user = check_id("user", user)
        self._keys = UserKeys(namespace, user)
        self._session_ttl_s = session_ttl_s
        self._given_weights = weights
        self._reach = reach or Reach()
        self._sealer = sealer
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
        at: float | None = None,
        event_id: str | None = None,
        speaker: str = "",
    ) -> str:
        """Remembers one message, for good and in its session's window; returns the turn id.

        The same `event_id` again changes nothing. `at`: seconds since the epoch, now by default; a late message lands
        where its time says. `speaker`: a name, where the role does not say enough.

        Raises:
            InvalidInput: the text is empty, or an id cannot be one.
            EmbedderUnavailable, RedisUnavailable: nothing is lost: call again with the same event id.
        """
        new = self._new(session, role, text, at, event_id, speaker)
        self._writer().append([new])
        return new.id

    def note(
        self,
        session: str,
        role: str,
        text: str,
        *,
        at: float | None = None,
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
        budget = math.inf if max_tokens is None else max_tokens
        turns: list[Turn] = []
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
        at: float | None = None,
        session: str | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Recollection]:
        """The `k` turns that best answer a question, best first; `.parts` says why.

        `since`, `until`: only turns of that time (s, both included); `session`: only turns of it. `at`: as if asked
        then: later turns do not exist, and "last week" is the week before.
        """
        if k < 1:
            raise InvalidInput(f"k has to be at least 1, not {k}")
        question = self._question(query, asked_at=self._clock() if at is None else at)
        bounds = [bound for bound in (until, at) if bound is not None]
        limits = Limits(session, -math.inf if since is None else since, min(bounds, default=math.inf))
        weights = self._weights()
        candidates = fetch(
            self._redis,
            self._keys,
            question,
            fingerprint=self.embedder.fingerprint,
            weights=weights,
            limits=limits,
            reach=self._reach.at_least(k),
            k=k,
            sealer=self._sealer,
        )
        if not len(candidates):
            return []
        ranking = rank(question, candidates, weights)
        return [
            Recollection(candidates.turns[i], float(ranking.scores[i]), ranking.explain(i)) for i in ranking.best(k)
        ]

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

    def _question(self, query: str, *, asked_at: float) -> Question:
        if not check_text("query", query).strip():
            raise InvalidInput("the question is empty")
        vector = self.embedder.embed([query])[0]
        stems = tuple(index_words(self._sealer, self._keys, query))
        return Question(query, stems, vector, mentioned(query, asked_at=asked_at))

    def _new(self, session: str, role: str, text: str, at: float | None, event_id: str | None, speaker: str) -> NewTurn:
        when = self._clock() if at is None else at
        event = event_id or uuid.uuid4().hex
        return NewTurn(self._user, session, role, text, when, event, self._namespace, speaker)

    def _writer(self) -> TurnWriter:
        ttl_s = self._session_ttl_s
        return TurnWriter(self._redis, self.embedder, session_ttl_s=ttl_s, sealer=self._sealer, clock=self._clock)

    def _weights(self) -> Weights:
        return self._given_weights or weights_for(self.embedder.fingerprint)
