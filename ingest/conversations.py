"""Handlers of what is said: messages, the end of a session, the erasure of a user, feedback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import redis

from ingest.events import FeedbackGiven, MessageEvent, SessionEnded, UserErased
from ingest.handlers import Incoming, WithoutTexts
from ingest.outcome import Outcome
from semcache.cache import give_feedback
from semcache.cache.erasure import answers_of
from semcache.embed.protocol import Embedder, Vectors
from semcache.memory import AgentMemory, NewTurn, Plan, State, TurnWriter
from semcache.memory.layout import UserKeys
from semcache.store.connect import guarded
from semcache.store.sealing import Sealer

_OUTCOMES = {
    State.WRITTEN: Outcome.APPLIED,
    State.DUPLICATE: Outcome.DUPLICATE,
    State.ERASED: Outcome.STALE,
    State.FORGOTTEN: Outcome.STALE,
}


class Messages:
    """Messages become turns of their user's memory. `planner` and `writer` have a connection each."""

    def __init__(self, planner: TurnWriter, writer: TurnWriter) -> None:
        self._planner = planner
        self._writer = writer

    def plan(self, arrivals: Sequence[Incoming], *, after: Plan | None = None) -> Plan:
        return self._planner.plan([_turn(arrival.event) for arrival in arrivals], after=after)

    def write(self, plan: Plan, vectors: Vectors) -> Sequence[Outcome]:
        return [_OUTCOMES[state] for state in self._writer.write(plan, vectors)]


def _turn(event: Any) -> NewTurn:
    message: MessageEvent = event
    return NewTurn(
        user=message.user,
        session=message.session,
        role=message.role,
        text=message.text,
        at=message.seconds,
        event_id=message.id,
        namespace=message.namespace,
        speaker=message.speaker or "",
    )


class OneByOne:
    """Events that have nothing to embed, applied one after the other by a function."""

    def __init__(self, apply: Callable[[Any], Outcome]) -> None:
        self._apply = apply

    def plan(self, arrivals: Sequence[Incoming], *, after: Any = None) -> WithoutTexts:
        return WithoutTexts(tuple(arrivals))

    def write(self, plan: WithoutTexts, vectors: Vectors) -> Sequence[Outcome]:
        return [self._apply(arrival.event) for arrival in plan.arrivals]


def ends_session(client: redis.Redis) -> Callable[[SessionEnded], Outcome]:
    """What was said until then leaves the session's window; a replay spares what was said later."""

    @guarded()
    def apply(event: SessionEnded) -> Outcome:
        window = UserKeys(event.namespace, event.user).window(event.session)
        client.zremrangebyscore(window, "-inf", event.seconds)
        return Outcome.APPLIED

    return apply


def erases_user(client: redis.Redis, embedder: Embedder, sealer: Sealer) -> Callable[[UserErased], Outcome]:
    """All that the user told until then goes, and the answers kept for them; a replay spares what was told later."""

    def apply(event: UserErased) -> Outcome:
        derived = [answers_of(client, event.namespace)]
        memory = AgentMemory(
            client, user=event.user, embedder=embedder, namespace=event.namespace, sealer=sealer, derived=derived
        )
        memory.erase(at=event.seconds)
        return Outcome.APPLIED

    return apply


def takes_feedback(client: redis.Redis) -> Callable[[FeedbackGiven], Outcome]:
    """A verdict on an answer goes to the scope that holds it; an answer that is gone needs none."""

    def apply(event: FeedbackGiven) -> Outcome:
        known = give_feedback(client, event.namespace, event.entry, correct=event.correct, event_id=event.id)
        return Outcome.APPLIED if known else Outcome.STALE

    return apply
