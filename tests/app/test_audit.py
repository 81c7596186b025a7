"""The audit trail: what was done is there, the newest first, and no more than a bound."""

from __future__ import annotations

import pytest
import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semcache.audit import KEPT, AuditRecord, AuditTrail
from semcache.errors import InvalidInput
from semcache.store import keys
from tests.conftest import Clock

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.fixture
def trail(redis: redis_py.Redis, namespace: str, clock: Clock) -> AuditTrail:
    return AuditTrail(redis, namespace, clock=clock)


def test_records_come_back_newest_first(trail: AuditTrail, clock: Clock) -> None:
    """Each record says when, who, what, to whom and through which door."""
    trail.note("erased a user", "ann", actor="root", via="app", detail="12 turns")
    began = clock()
    clock.now += 5
    trail.note("edited a document", "returns", actor="bob", via="command line")
    assert list(trail.newest()) == [
        AuditRecord(began + 5, "bob", "edited a document", "returns", "", "command line"),
        AuditRecord(began, "root", "erased a user", "ann", "12 turns", "app"),
    ]
    assert [record.target for record in trail.newest(1)] == ["returns"]


def test_the_trail_is_bounded(redis: redis_py.Redis, namespace: str, trail: AuditTrail) -> None:
    """The oldest records leave, and all that are kept can be read, page by page."""
    with redis.pipeline(transaction=False) as pipe:
        for number in range(KEPT + 500):
            pipe.xadd(
                keys.AUDIT.build(namespace=namespace), {"at": "0", "actor": "a", "action": "x", "target": str(number)}
            )
        pipe.execute()
    trail.note("erased a user", "last", actor="root", via="app")
    found = [record.target for record in trail.newest(KEPT * 2)]
    assert found[0] == "last"
    assert len(found) == len(set(found))
    assert KEPT <= len(found) <= KEPT + 200


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(action=TEXT, target=TEXT, actor=TEXT)
def test_any_text_comes_back_as_it_was(trail: AuditTrail, action: str, target: str, actor: str) -> None:
    """Who is named in whatever script is told as written; nobody and nothing are refused."""
    if not (action.strip() and actor.strip()):
        with pytest.raises(InvalidInput):
            trail.note(action, target, actor=actor, via="app")
        return
    trail.note(action, target, actor=actor, via="app")
    record = next(trail.newest(1))
    assert (record.action, record.target, record.actor) == (action, target, actor)
