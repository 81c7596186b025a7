"""The `semcache-ingest` command."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from types import FrameType
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry
from rich.markup import escape
from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from semcache.cli.output import Json, console, emit_fields, emit_json, emit_rows, errors
from semcache.cli.runner import run as run_command
from semcache.decisions import schema_of_decisions
from semcache.errors import InvalidInput, RedisUnavailable
from semcache.settings import Settings, load_settings
from semcache_ingest.courier import open_courier
from semcache_ingest.deadletters.cli import app as dlq_app
from semcache_ingest.decisions.cli import app as decisions_app
from semcache_ingest.decisions.cli import open_processor
from semcache_ingest.decisions.recount import ends_of
from semcache_ingest.events import json_schema
from semcache_ingest.extraction.assemble import open_extractor, reading_beside
from semcache_ingest.http import Health, serving
from semcache_ingest.kafka.topics import ensure_topics, wanted_topics
from semcache_ingest.moments import moment_of
from semcache_ingest.produce import produce_file
from semcache_ingest.status import GroupStatus, group_status, watching_letters
from semcache_ingest.worker.assemble import RunOptions, open_worker
from semcache_ingest.worker.bounds import Start
from semcache_ingest.worker.pace import set_up_interpreter

app = typer.Typer(
    help="Kafka to Redis: events become memory and knowledge, and outdated answers go.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(dlq_app, name="dlq")
app.add_typer(decisions_app, name="decisions")

Group = Annotated[str | None, typer.Option(help="Consumer group; else the one in the settings.", show_default=False)]
_SHOWN_BAD = 20
_DRAIN_S = 10.0


@app.command()
def run(
    group: Group = None,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Read the log from its start; applied events change nothing.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(help="Read from this time on: 2026-11-23, 2026-11-23T10:00Z, or 2h ago: 2h.", show_default=False),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option(help="Write every event into this namespace, for a rebuild.", show_default=False)
    ] = None,
    until_caught_up: Annotated[
        bool, typer.Option("--until-caught-up", "--once", help="Exit when all that is there now is applied.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Apply events until SIGTERM or Ctrl-C, which finish what is in flight and commit.

    Where a language model is configured, it reads facts in messages beside that, as `extract` does.
    """
    _log_to_stderr(verbose)
    settings = load_settings()
    options = RunOptions(group, namespace, _start(from_beginning, since), until_caught_up)
    if until_caught_up:
        _bring_in(settings)
    with _stopping() as stop, open_worker(settings, options) as (worker, metrics), contextlib.ExitStack() as stack:
        _serve(stack, settings, worker.health, metrics.registry)
        stack.enter_context(open_courier(settings, status=metrics.outbox))
        if settings.ingest.http_port:
            stack.enter_context(watching_letters(settings, group=group, seen=metrics.letters))
        if not until_caught_up and namespace is None:  # a rebuild applies what was read, and asks no model again
            stack.enter_context(reading_beside(settings, metrics.registry))
        set_up_interpreter()
        worker.run(stop)
        if until_caught_up:
            console.print(_told(metrics.totals()))


@app.command()
def extract(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Read facts in messages with the language model, and apply nothing, until SIGTERM or Ctrl-C.

    `run` reads them too; more of these read more at once. What is read goes back to Kafka as `facts_extracted` events,
    which `run` applies.
    """
    _log_to_stderr(verbose)
    settings = load_settings()
    with _stopping() as stop, open_extractor(settings) as extraction, contextlib.ExitStack() as stack:
        _serve(stack, settings, extraction.health, extraction.metrics.registry)
        extraction.run(stop)


@decisions_app.command("run")
def count_decisions(
    until_caught_up: Annotated[
        bool, typer.Option("--until-caught-up", "--once", help="Exit when all that is there now is counted.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Count decisions until SIGTERM or Ctrl-C. Several may run; whatever is killed, each record counts once."""
    _log_to_stderr(verbose)
    settings = load_settings()
    with _stopping() as stop, open_processor(settings) as (processor, metrics), contextlib.ExitStack() as stack:
        _serve(stack, settings, processor.health, metrics.registry)
        processor.run(stop, targets=ends_of(settings) if until_caught_up else None)


@app.command()
def produce(
    file: Annotated[str, typer.Argument(help="JSONL file of events (.gz too), or - for standard input.")],
    as_json: Json = False,
) -> None:
    """Send the events of a file to Kafka. Bad lines are named, the others sent, and the exit code is 1."""
    settings = load_settings()
    shown = 0

    def bad(number: int, cause: str) -> None:
        nonlocal shown
        shown += 1
        if shown <= _SHOWN_BAD:
            errors.print(f"[red]line {number}[/red]: {escape(cause)}", soft_wrap=True)

    with _bar(file) as progress:
        done = produce_file(file, settings, bad=bad, progress=progress)
    if shown > _SHOWN_BAD:
        errors.print(f"and {shown - _SHOWN_BAD} more bad lines")
    emit_fields(
        {
            "events": done.events,
            "bad": len(done.bad),
            "bytes": done.bytes,
            "seconds": round(done.seconds, 3),
            "events_per_s": round(done.per_second, 1),
        },
        as_json=as_json,
    )
    if done.bad:
        raise typer.Exit(1)


@app.command()
def status(
    group: Group = None,
    interval: Annotated[float, typer.Option(min=0, help="Seconds over which to measure rates; 0 = none.")] = 1.0,
    as_json: Json = False,
) -> None:
    """Show how far the group is behind, and how fast it moves; works without a running worker."""
    found = group_status(load_settings(), group=group, interval_s=interval)
    if as_json:
        emit_json(asdict(found))
    else:
        _show(found)


@app.command()
def topics(
    group: Group = None,
    make: Annotated[bool, typer.Option("--make", help="Make those that are missing.")] = False,
    as_json: Json = False,
) -> None:
    """List the topics of this installation, as they have to be made."""
    settings = load_settings()
    made = ensure_topics(settings, group=group) if make else []
    rows = [
        {"topic": t.name, "partitions": t.partitions, "config": t.config, "made": t.name in made}
        for t in wanted_topics(settings, group=group)
    ]
    emit_rows(rows, columns=["topic", "partitions", "config", *(["made"] if make else [])], as_json=as_json)


@app.command()
def schema(
    decisions: Annotated[bool, typer.Option("--decisions", help="Of what caches publish instead.")] = False,
) -> None:
    """Print the JSON Schema of the events, for a registry or for your own tests."""
    emit_json(schema_of_decisions() if decisions else json_schema())


def main() -> None:
    """Entry point of the console script."""
    run_command(app)


def _bring_in(settings: Settings) -> None:
    """What the chat has left in Redis goes to Kafka first: it is a part of what is there now."""
    with open_courier(settings) as courier, contextlib.suppress(RedisUnavailable):  # the worker waits for Redis
        if left := courier.drain(timeout_s=_DRAIN_S):
            errors.print(f"{left:,} events of the chat stay in Redis: Kafka does not take them ({courier.trouble})")


def _serve(stack: contextlib.ExitStack, settings: Settings, health: Health, registry: CollectorRegistry) -> None:
    """Probes and metrics, if the settings name a port."""
    host, port = settings.ingest.http_host, settings.ingest.http_port
    if port:
        taken = stack.enter_context(serving(host, port, health=health, registry=registry))
        errors.print(f"http://{host}:{taken}/metrics")


def _show(found: GroupStatus) -> None:
    rows = [asdict(partition) for partition in found.partitions]
    columns = ["topic", "partition", "end", "committed", "lag", "produced_per_s", "applied_per_s"]
    emit_rows(rows, columns=columns, as_json=False, title="partitions")
    summary = {name: value for name, value in asdict(found).items() if name != "partitions"}
    emit_fields(summary, as_json=False)


def _start(from_beginning: bool, since: str | None) -> Start:
    if from_beginning and since:
        raise InvalidInput("give --from-beginning or --since, not both")
    return Start(from_beginning, int(moment_of(since, datetime.now(UTC)).timestamp() * 1000) if since else None)


def _told(totals: dict[str, int]) -> str:
    return "caught up: " + (", ".join(f"{number:,} {name}" for name, number in totals.items()) or "nothing was there")


@contextlib.contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set; a second one ends the process at once, and nothing is lost by it."""
    stop = threading.Event()

    def ask(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _log_to_stderr(verbose: bool) -> None:
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        stream=sys.stderr,
    )


@contextlib.contextmanager
def _bar(file: str) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("producing"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("", total=os.path.getsize(file) if os.path.isfile(file) else None)
        yield lambda read: bar.update(task, completed=read)


if __name__ == "__main__":
    main()
