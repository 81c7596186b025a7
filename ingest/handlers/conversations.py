"""Handlers of what is said: messages, the end of a session, the erasure of a user, feedback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import redis

from semcache.audit import AuditTrail
from semcache.cache import give_feedback
from semcache.cache.scopes.erasure import answers_of
from semcache.cache.types import DecisionSink
from semcache.embed.protocol import Embedder, Vectors
from semcache.memory import AgentMemory, NewTurn, Plan, State, TurnWriter
from semcache.memory.facts.kept import Kept, keep_claims
from semcache.memory.facts.types import Change, Claim
from semcache.memory.stored.layout import UserKeys
from semcache.memory.types import turn_id
from semcache.store.connect import guarded
from semcache.store.sealing import Sealer
from semcache_ingest.events import FactRead, FactsExtracted, FeedbackGiven, MessageEvent, SessionEnded, UserErased
from semcache_ingest.handlers.plan import Incoming, WithoutTexts
from semcache_ingest.records import Outcome

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

    def plan(self, arrivals: Sequence[Incoming], *, after: Sequence[Plan] = ()) -> Plan:
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

    def plan(self, arrivals: Sequence[Incoming], *, after: Sequence[WithoutTexts] = ()) -> WithoutTexts:
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


def keeps_facts(client: redis.Redis, sealer: Sealer) -> Callable[[FactsExtracted], Outcome]:
    """What a model read in a message is kept with its turn, if that is there: the log has the message first."""
    outcomes = {Kept.WRITTEN: Outcome.APPLIED, Kept.SAME: Outcome.DUPLICATE, Kept.NO_TURN: Outcome.STALE}

    def apply(event: FactsExtracted) -> Outcome:
        user = UserKeys(event.namespace, event.user)
        claims = [_claim(fact) for fact in event.facts]
        return outcomes[keep_claims(client, user, turn_id(event.message), claims, sealer=sealer)]

    return apply


def _claim(fact: FactRead) -> Claim:
    return Claim(
        attribute=fact.attribute,
        value=fact.value,
        subject=fact.subject,
        holds=fact.holds,
        change=Change(fact.change),
        since=fact.since.timestamp() if fact.since else None,
        until=fact.until.timestamp() if fact.until else None,
        replaced=fact.replaced,
        confidence=fact.confidence,
    )


def erases_user(client: redis.Redis, embedder: Embedder, sealer: Sealer) -> Callable[[UserErased], Outcome]:
    """All that the user told until then goes, and the answers kept for them; a replay spares what was told later.

    What it has removed is in the audit trail; if there was nothing (the app erases first, then tells Kafka), it is not.
    """

    def apply(event: UserErased) -> Outcome:
        derived = [answers_of(client, event.namespace)]
        memory = AgentMemory(
            client, user=event.user, embedder=embedder, namespace=event.namespace, sealer=sealer, derived=derived
        )
        receipt = memory.erase(at=event.seconds)
        if receipt.total:
            detail = f"{receipt.total} removed"
            AuditTrail(client, event.namespace).done(
                "erased a user", event.user, actor=f"event {event.id}", via="kafka", detail=detail
            )
        return Outcome.APPLIED

    return apply


def takes_feedback(client: redis.Redis, decisions: DecisionSink | None = None) -> Callable[[FeedbackGiven], Outcome]:
    """A verdict on an answer goes to the scope that holds it; an answer that is gone needs none.

    `decisions` is told of it.
    """

    def apply(event: FeedbackGiven) -> Outcome:
        known = give_feedback(
            client,
            event.namespace,
            event.entry,
            correct=event.correct,
            event_id=event.id,
            user=event.user,
            decisions=decisions,
        )
        return Outcome.APPLIED if known else Outcome.STALE

    return apply
