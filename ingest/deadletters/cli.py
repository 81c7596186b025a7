"""`semcache-ingest dlq`: what could not be applied, why, and back with it."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import Annotated

import typer

from semcache.audit import extent
from semcache.cli.audit import noted
from semcache.cli.output import Json, emit_fields, emit_json, emit_rows
from semcache.settings import load_settings
from semcache_ingest.deadletters.letters import Letter, Letters, Wanted, histogram, skip_record
from semcache_ingest.deadletters.replay import MAX_REPLAYS, ReplayOptions, replay
from semcache_ingest.moments import moment_of

app = typer.Typer(help="Dead letters: records that could not be applied.", no_args_is_help=True)

Group = Annotated[str | None, typer.Option(help="Consumer group; else the one in the settings.", show_default=False)]
Class = Annotated[
    str | None, typer.Option("--class", help="schema, oversize, poison, retryable or skipped.", show_default=False)
]
Topic = Annotated[str | None, typer.Option(help="The topic they came from.", show_default=False)]
Match = Annotated[str | None, typer.Option(help="A part of the cause.", show_default=False)]
Since = Annotated[
    str | None, typer.Option(help="Failed at or after this time, or so long ago: 2h.", show_default=False)
]
Until = Annotated[str | None, typer.Option(help="Failed before this time.", show_default=False)]


@app.command("list")
def list_letters(
    group: Group = None,
    topic: Topic = None,
    error_class: Class = None,
    match: Match = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=0, help="Show the newest so many.")] = 20,
    as_json: Json = False,
) -> None:
    """Count dead letters by kind, and show the newest."""
    wanted = _wanted(topic, error_class, match, since, until)
    newest: deque[Letter] = deque(maxlen=limit)
    kinds: list[Letter] = []
    for letter in Letters(load_settings(), group=group).read(wanted):
        kinds.append(letter)
        newest.append(letter)
    rows = [_row(letter) for letter in newest]
    if as_json:
        emit_json({"letters": len(kinds), "kinds": histogram(kinds), "newest": rows})
        return
    emit_rows(histogram(kinds), columns=["count", "topic", "error_class", "cause"], as_json=False, title="dead letters")
    if rows:
        columns = ["position", "failed_at", "error_class", "replays", "cause"]
        emit_rows(rows, columns=columns, as_json=False, title=f"the newest {len(rows)}")


@app.command()
def show(
    position: Annotated[str, typer.Argument(help="topic:partition:offset, as `dlq list` shows it.")],
    group: Group = None,
    value: Annotated[
        bool, typer.Option("--value", help="Its value alone, byte for byte: to mend by hand, then `produce -`.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show one dead letter whole: its headers, key and value."""
    letter = Letters(load_settings(), group=group).one(position)
    record = letter.record
    if value:
        typer.echo(record.value or b"", nl=False)
        return
    emit_fields(
        _row(letter)
        | {
            "key": _text(record.key),
            "value": _text(record.value),
            "headers": {name: _text(value) for name, value in record.headers},
        },
        as_json=as_json,
    )


@app.command("replay")
def replay_letters(
    group: Group = None,
    topic: Topic = None,
    error_class: Class = None,
    match: Match = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int | None, typer.Option("--max", min=1, help="At most so many.", show_default=False)] = None,
    max_replays: Annotated[
        int, typer.Option(min=1, help="Leave those alone that were replayed so often and failed again.")
    ] = MAX_REPLAYS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be replayed.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what was replayed before.")] = False,
    as_json: Json = False,
) -> None:
    """Send dead letters back to the topic they came from; an interrupted replay goes on where it stopped."""
    options = ReplayOptions(_wanted(topic, error_class, match, since, until), limit, max_replays, dry_run, again)
    done = replay(load_settings(), options, group=group)
    if not dry_run:
        noted("replayed dead letters", topic or "all topics", detail=extent(done.replayed, "letter"))
    fields = {
        "would_replay" if dry_run else "replayed": done.replayed,
        "skipped": dict(done.skipped),
    }
    if as_json:
        emit_json(fields | {"kinds": done.kinds})
        return
    emit_rows(done.kinds, columns=["count", "topic", "error_class", "cause"], as_json=False, title="kinds")
    emit_fields(fields, as_json=False)


@app.command()
def skip(
    topic: Annotated[str, typer.Argument(help="The topic that the ingestor reads.")],
    partition: Annotated[int, typer.Argument(min=0, help="Its partition.")],
    offset: Annotated[int, typer.Argument(min=0, help="The record's offset.")],
    group: Group = None,
    as_json: Json = False,
) -> None:
    """Tell the ingestor to dead-letter a record unread: at its next attempt, or when it comes to it."""
    settings = load_settings()
    skip_record(settings, (topic, partition), offset, group=group)
    noted("skipped a record", f"{topic}:{partition}:{offset}")
    emit_fields({"skipped": f"{topic}:{partition}:{offset}", "error_class": "skipped"}, as_json=as_json)


def _wanted(
    topic: str | None, error_class: str | None, match: str | None, since: str | None, until: str | None
) -> Wanted:
    now = datetime.now(UTC)
    return Wanted(
        topic,
        error_class,
        match,
        moment_of(since, now) if since else None,
        moment_of(until, now) if until else None,
    )


def _row(letter: Letter) -> dict[str, object]:
    return {
        "position": letter.position,
        "source": letter.source_position or letter.source_topic,
        "failed_at": letter.failed_at.isoformat(timespec="seconds"),
        "error_class": letter.error_class,
        "cause": letter.cause,
        "attempts": letter.attempts,
        "replays": letter.replays,
        "bytes": letter.record.size,
        "truncated": letter.truncated,
    }


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")
