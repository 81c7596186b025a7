"""`semcache audit`: who erased, changed or replayed what; and how the command line itself takes such acts down."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from semcache.audit import KEPT, AuditTrail, login
from semcache.cli.output import Json, emit_rows
from semcache.settings import load_settings
from semcache.store.connect import connect

Namespace = Annotated[str | None, typer.Option(help="Instead of the one in the settings.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("audit")(audit)


def audit(
    most: Annotated[int, typer.Option("--max", min=1, max=KEPT, help="The newest so many.")] = 50,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Show who erased, changed or replayed what, and who acted as another user; the newest first."""
    settings = load_settings(**({"namespace": namespace} if namespace else {}))
    with connect(settings.redis.url, timeout_s=settings.redis.timeout_s) as redis:
        rows = [asdict(record) for record in AuditTrail(redis, settings.namespace).newest(most)]
    for row in rows:
        row["at"] = datetime.fromtimestamp(row["at"], UTC).isoformat(timespec="seconds")
    emit_rows(rows, columns=("at", "actor", "action", "target", "detail", "via"), as_json=as_json, title="audit trail")


def noted(action: str, target: str, *, namespace: str | None = None, detail: str = "") -> None:
    """Takes down what a command has done."""
    settings = load_settings(**({"namespace": namespace} if namespace else {}))
    with connect(settings.redis.url, timeout_s=settings.redis.timeout_s) as redis:
        trail = AuditTrail(redis, settings.namespace)
        trail.done(action, target, actor=login(), via="command line", detail=detail)
