"""`semcache-ingest decisions`: what the caches decide, counted and shown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from semcache.cli.output import Json, emit_fields, emit_json, emit_rows
from semcache.errors import ConfigurationError
from semcache.settings import Settings, load_settings
from semcache.store.connect import connect
from semcache_ingest.decisions.counting import DAY_S, HOUR_S, Policy
from semcache_ingest.decisions.counts import Counts
from semcache_ingest.decisions.figures import Figures
from semcache_ingest.decisions.processor import Processor
from semcache_ingest.decisions.recount import recount
from semcache_ingest.decisions.view import DecisionsView, grouped, total
from semcache_ingest.kafka.topics import ensure_topics
from semcache_ingest.metrics import DecisionMetrics

app = typer.Typer(
    help="What the caches decide: hit rate, errors and savings, live.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def show(
    hours: Annotated[int, typer.Option(min=1, max=24 * 366, help="The last so many hours.")] = 1,
    by: Annotated[str, typer.Option(help="`scope` or `tenant`.")] = "scope",
    as_json: Json = False,
) -> None:
    """Show what was decided in the last hours: in all, by scope or tenant, and the top questions."""
    settings = load_settings()
    client = connect(settings.redis.url, timeout_s=settings.redis.timeout_s)
    try:
        view, now = DecisionsView(client, settings), time.time()
        series = view.sliding(hours * HOUR_S, now=now)
        days = -(-hours * HOUR_S // DAY_S)
        boards = {board: view.top(board, now=now, days=days) for board in ("missed", "served")}
    finally:
        client.close()
    parts = {name: _row(figures) for name, figures in grouped(series, by).items()}
    if as_json:
        top = {board: [{"question": q.question, "count": q.count} for q in found] for board, found in boards.items()}
        emit_json({"hours": hours, "total": total(series).as_dict(), by: parts, "top": top})
        return
    emit_fields(_row(total(series)), as_json=False, title=f"last {hours} h")
    emit_rows([{by: name or "-"} | row for name, row in parts.items()], columns=[by, *_row(Figures())], as_json=False)
    for board, found in boards.items():
        rows = [{"question": q.question, "count": q.count} for q in found]
        emit_rows(rows, columns=["question", "count"], as_json=False, title=f"top {board}")


@app.command(name="recount")
def recount_topic(as_json: Json = False) -> None:
    """Count the whole topic anew, without the live counts, to compare them with."""
    emit_fields(recount(load_settings()).as_dict(), as_json=as_json)


@contextmanager
def open_processor(settings: Settings) -> Iterator[tuple[Processor, DecisionMetrics]]:
    """A processor of the installation, and its metrics.

    Raises:
        ConfigurationError: decisions are not published.
        KafkaUnavailable: no broker answers.
    """
    if not settings.decisions.publish:
        raise ConfigurationError(
            "decisions are not published: set `publish = true` in [decisions] of semcache.toml, or "
            "SEMCACHE_DECISIONS_PUBLISH=true, here and where the caches run"
        )
    ensure_topics(settings)
    wanted = settings.decisions
    policy = Policy(late_after_s=wanted.late_after_s, keep_s=wanted.keep_days * DAY_S)
    client = connect(settings.redis.url, timeout_s=settings.redis.timeout_s)
    try:
        metrics = DecisionMetrics(tenants=wanted.metric_tenants)
        counts = Counts(client, group=wanted.group, topic=wanted.topic, policy=policy)
        yield Processor(settings, counts, policy, metrics), metrics
    finally:
        client.close()


def _row(figures: Figures) -> dict[str, Any]:
    names = "lookups hits hit_rate potential_hit_rate judged error saved_tokens saved_money p95_ms".split()
    found = figures.as_dict()
    return {name: round(found[name], 4) if isinstance(found[name], float) else found[name] for name in names}
