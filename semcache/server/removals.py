"""What is removed from a memory through the server, in the audit trail."""

from __future__ import annotations

from semcache.audit import AuditTrail, extent
from semcache.memory.writing.forget import Forgotten, Receipt


def note_removal(trail: AuditTrail, done: object, *, user: str, actor: str, via: str) -> None:
    """Takes down what an operation on the memory of `user` has returned, if it has removed anything; asks Redis."""
    match done:
        case Forgotten(turns=turns, dry_run=False) if turns:
            trail.done("forgot turns", user, actor=actor, via=via, detail=extent(len(turns), "turn"))
        case Receipt():
            trail.done("erased a user", user, actor=actor, via=via, detail=f"{done.total} removed")
