"""`semcache up | down | status`: the embedded Redis and Kafka."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from semcache.cli import doctor
from semcache.cli.output import Json, emit_fields, emit_json, emit_rows
from semcache.cli.progress import TerminalProgress
from semcache.devstack import stack
from semcache.devstack.state import FORMS, NAMES, Form, Name, StackState
from semcache.errors import InvalidInput
from semcache.settings import Settings, load_settings

DataDir = Annotated[Path | None, typer.Option(help="Where the servers keep data and logs.", show_default=False)]
Only = Annotated[Name | None, typer.Option(help="This server alone.", show_default=False)]
RedisPort = Annotated[
    int | None,
    typer.Option(min=1, max=65_535, help="Without it: the last one, 6379, or a free one.", show_default=False),
]
KafkaPort = Annotated[
    int | None,
    typer.Option(min=1, max=65_535, help="Without it: the last one, 9092, or a free one.", show_default=False),
]
Single = Annotated[bool, typer.Option("--single", help="Redis as one server. Without a form: as last time.")]
Cluster = Annotated[bool, typer.Option("--cluster", help="Redis as a cluster of 3 primaries and 3 replicas.")]
Sentinel = Annotated[bool, typer.Option("--sentinel", help="Redis as a primary, 2 replicas and 3 sentinels.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    doctor.register(app)


def up(
    redis_port: RedisPort = None,
    kafka_port: KafkaPort = None,
    only: Only = None,
    single: Single = False,
    cluster: Cluster = False,
    sentinel: Sentinel = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Start the embedded Redis and Kafka, or find them running. Their data survives `down` and crashes."""
    form = _form(single=single, cluster=cluster, sentinel=sentinel)
    settings, servers = settings_with(data_dir), _chosen(only)
    with _ended_like_ctrl_c():
        running = stack.up(
            settings,
            TerminalProgress(),
            only=servers,
            redis_port=redis_port,
            kafka_port=kafka_port,
            redis_form=form,
        )
    emit_fields(_addresses(running), as_json=as_json, title="running")


def down(only: Only = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Stop the embedded servers. Their data stays."""
    stopped = stack.down(settings_with(data_dir), TerminalProgress(), only=_chosen(only))
    if as_json:
        emit_json({"stopped": stopped})
    else:
        typer.echo(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


def status(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show how the embedded servers are."""
    rows: list[dict[str, Any]] = [asdict(server) for server in stack.status(settings_with(data_dir))]
    for row in rows if not as_json else ():
        row["uptime"] = _duration(row["uptime_s"])
        row["memory"] = None if row["memory_bytes"] is None else f"{row['memory_bytes'] / 1e6:.0f} MB"
    columns = ("name", "state", "address", "version", "pid", "uptime", "memory", "log")
    emit_rows(rows, columns=columns, as_json=as_json)


def settings_with(data_dir: Path | None) -> Settings:
    """The settings, with another data directory if one is given."""
    return load_settings(**({"data_dir": data_dir.absolute()} if data_dir else {}))


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """SIGTERM and SIGHUP undo a start, as Ctrl-C does, also where a shell had it ignored."""
    endings = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.default_int_handler) for number in endings}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _form(**asked: bool) -> Form | None:
    chosen = [form for form in FORMS if asked[form]]
    if len(chosen) > 1:
        raise InvalidInput(f"give one of {', '.join(f'--{form}' for form in chosen)}: Redis runs in one form at a time")
    return chosen[0] if chosen else None


def _chosen(only: Name | None) -> tuple[Name, ...]:
    return (only,) if only else NAMES


def _addresses(running: StackState) -> dict[str, Any]:
    servers = [server for server in (running.redis, running.kafka) if server and server.process]
    return {server.name: server.address for server in servers}


def _duration(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
