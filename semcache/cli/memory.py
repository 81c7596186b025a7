"""`semcache memory`: what a user told, asked, listed, exported, imported, forgotten and erased."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from semcache.audit import extent
from semcache.chat.stores import Stores
from semcache.cli.audit import noted
from semcache.cli.output import Json, emit_fields, emit_json, emit_rows, errors
from semcache.cli.progress import counted
from semcache.embed import open_embedder
from semcache.errors import InvalidInput, SealError
from semcache.llm import open_llm
from semcache.memory import AgentMemory, Fact, Turn
from semcache.memory.writing.reindex import count_turns, memories, reindex
from semcache.settings import load_settings
from semcache.store.connect import connect
from semcache.store.sealing import open_sealer

User = Annotated[str, typer.Option("--user", "-u", help="Whose memory.")]
Namespace = Annotated[str | None, typer.Option(help="Instead of the one in the settings.", show_default=False)]
Session = Annotated[str | None, typer.Option(help="Only turns of this session.", show_default=False)]
Since = Annotated[str | None, typer.Option(help="From then on: 2026-11-23, 2026-11-23T10:00Z.", show_default=False)]
Until = Annotated[str | None, typer.Option(help="Only turns up to this time; a day counts whole.", show_default=False)]
At = Annotated[str | None, typer.Option(help="As it was at: 2026-11-23, 2026-11-23T10:00Z.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

app = typer.Typer(help="What users told: recall, facts, export, import, reindex, forget, erase.", no_args_is_help=True)


def register(main: typer.Typer) -> None:
    """Adds the commands to the command line."""
    main.add_typer(app, name="memory")


@app.command()
def recall(
    query: str,
    user: User,
    k: Annotated[int, typer.Option("-k", min=1, max=1_000, help="Turns.")] = 10,
    at: At = None,
    session: Session = None,
    since: Since = None,
    until: Until = None,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Find the turns that answer a question, best first, and say why."""
    with _opened(user, namespace) as memory:
        found = memory.recall(
            query, k=k, at=_time(at, end=True), session=session, since=_time(since), until=_time(until, end=True)
        )
        facts = [item.fact for item in found]
    rows = [_turn(item.turn) | {"score": item.score, "parts": dict(item.parts)} for item in found]
    shown = [
        row | ({"fact": fact and _fact(fact)} if as_json else _for_people(row["parts"], fact))
        for row, fact in zip(rows, facts, strict=True)
    ]
    emit_rows(
        shown, columns=("at", "said_by", "text", "score", "parts", "fact"), as_json=as_json, title="recalled turns"
    )


@app.command()
def turns(
    user: User,
    session: Session = None,
    since: Since = None,
    until: Until = None,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """List turns in order of time."""
    with _opened(user, namespace) as memory:
        rows = [_turn(turn) for turn in memory.turns(session=session, since=_time(since), until=_time(until, end=True))]
    emit_rows(rows, columns=("id", "at", "session", "said_by", "text"), as_json=as_json, title="turns")


@app.command()
def facts(
    user: User,
    at: At = None,
    history: Annotated[bool, typer.Option("--history", help="Also what no longer holds.")] = False,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """List what the user has said about the user, as it holds now or at a time."""
    with _opened(user, namespace) as memory:
        rows = [_fact(fact) for fact in memory.facts(at=_time(at, end=True), history=history)]
    columns = ("subject", "attribute", "value", "holds", "valid_from", "valid_to", "confidence", "turns")
    emit_rows(rows, columns=columns, as_json=as_json, title="facts")


@app.command("read-facts")
def read_facts(
    user: User,
    most: Annotated[int | None, typer.Option(min=1, help="Turns, the oldest first; else all.")] = None,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Have the language model of the settings read the turns that none has read yet; rules read them otherwise.

    What was read is kept: the same command again goes on from there. `semcache-ingest extract` reads as turns come."""
    llm = open_llm(load_settings().llm)
    try:
        with _opened(user, namespace) as memory:
            done = memory.read_facts(llm, most=most)
    finally:
        getattr(llm, "close", lambda: None)()
    emit_fields(asdict(done), as_json=as_json, title="read")


@app.command()
def export(
    user: User,
    file: Annotated[Path | None, typer.Argument(help="Where to; else standard output.", show_default=False)] = None,
    namespace: Namespace = None,
    as_json: Annotated[bool, typer.Option("--json", help="The export is JSON anyway.", hidden=True)] = False,
) -> None:
    """Write all that a user told as JSON: turns with session, role, text, time and pin."""
    with _opened(user, namespace) as memory:
        document = memory.export()
    if not file:
        emit_json(document)
        return
    try:
        file.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be written: {error.strerror}") from error
    errors.print(f"{len(document['turns'])} turns written to {file}")


@app.command("import")
def import_(
    user: User,
    file: Annotated[str, typer.Argument(help="An export; - is standard input.")] = "-",
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Import an export into a user's memory; what is there already stays as it is."""
    document = _read(file)
    with _opened(user, namespace) as memory:
        done = memory.load(document)
    emit_fields(asdict(done), as_json=as_json, title="turns")


@app.command()
def forget(
    user: User,
    ids: Annotated[list[str] | None, typer.Argument(help="Turn ids.", metavar="[ID]...")] = None,
    session: Session = None,
    since: Since = None,
    until: Until = None,
    query: Annotated[str | None, typer.Option(help="Turns that this recalls.", show_default=False)] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1_000, help="Turns that a query recalls.")] = 10,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be forgotten.")] = False,
    yes: Yes = False,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Forget turns by id, session, time or query; pinned turns stay, and a replay does not bring them back."""
    with _opened(user, namespace) as memory:
        chosen: dict[str, Any] = {"session": session, "since": _time(since), "until": _time(until, end=True)}
        done = memory.forget(ids or (), query=query, k=k, **chosen, dry_run=True)
        if done.turns and not dry_run:
            if not yes:
                rows = [_turn(turn) for turn in done.turns]
                emit_rows(rows, columns=("id", "at", "text"), as_json=False, title="to forget")
            _confirm(f"Forget {len(done.turns)} turns of {user}?", yes, as_json)
            done = replace(memory.forget([turn.id for turn in done.turns]), pinned=done.pinned)
            noted("forgot turns", user, namespace=namespace, detail=extent(len(done.turns), "turn"))
    gone, kept = [_turn(turn) for turn in done.turns], [_turn(turn) for turn in done.pinned]
    if as_json:
        emit_json({"dry_run": done.dry_run, "turns": gone, "pinned": kept})
        return
    emit_rows(gone, columns=("id", "at", "text"), as_json=False, title="would go" if dry_run else "forgotten")
    if kept:
        emit_rows(kept, columns=("id", "at", "text"), as_json=False, title="pinned, stay")


@app.command()
def erase(
    user: User,
    at: Annotated[str | None, typer.Option(help="Only what is not newer than this.", show_default=False)] = None,
    yes: Yes = False,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Erase everything of a user: turns, facts, sessions, personal answers; print the receipt."""
    with _opened(user, namespace) as memory:
        _confirm(f"Erase everything that {user} told, for good?", yes, as_json)
        receipt = memory.erase(at=_time(at, end=True))
    noted("erased a user", user, namespace=namespace, detail=f"{receipt.total} removed")
    emit_fields(asdict(receipt) | {"at": _shown(receipt.at), "total": receipt.total}, as_json=as_json, title="receipt")


@app.command("reindex")
def reindex_(
    user: Annotated[str | None, typer.Option("--user", "-u", help="Only this user's memory; else all.")] = None,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Make memories of earlier versions new: terms, vectors, passages, and what is read in the turns.

    Old ones are found as they are, but not as well. It may be interrupted and run again; what is done stays done.
    """
    settings = load_settings(**({"namespace": namespace} if namespace else {}))
    embedder = open_embedder(settings.embed, model_dir=settings.model_dir)
    with connect(settings.redis.url, timeout_s=settings.redis.timeout_s) as redis, counted() as advance:
        users = memories(redis, settings.namespace, user=user)
        step = partial(advance, "reindexing", total=count_turns(redis, users))
        done = reindex(redis, embedder, users, sealer=open_sealer(settings.seal), advance=lambda n: step(done=n))
    emit_fields(asdict(done), as_json=as_json, title="reindexed")
    if done.refused:
        raise SealError(f"{done.refused} turns cannot be read and stay as they are: " + "; ".join(done.why[:3]))


@contextmanager
def _opened(user: str, namespace: str | None) -> Iterator[AgentMemory]:
    settings = load_settings(**({"namespace": namespace} if namespace else {}))
    client = connect(settings.redis.url, timeout_s=settings.redis.timeout_s)
    embedder = open_embedder(settings.embed, model_dir=settings.model_dir)
    try:
        yield Stores(client, embedder, settings).memory(user)
    finally:
        client.close()


def _confirm(question: str, yes: bool, as_json: bool) -> None:
    """Asks on standard error.

    Raises:
        InvalidInput: nobody can be asked, and --yes was not given.
    """
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise InvalidInput("this removes data for good, and there is no terminal to ask on: add --yes")
    typer.confirm(question, abort=True, err=True)


def _read(file: str) -> Any:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
        return json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{'standard input' if file == '-' else file} is no JSON: {error}") from error


def _time(text: str | None, *, end: bool = False) -> float | None:
    """Seconds since the epoch; UTC where no zone is said. With `end`, a day alone means its last moment."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no time: write 2026-11-23 or 2026-11-23T10:00Z") from error
    if end and len(text) == len("2026-11-23"):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.id,
        "at": _shown(turn.at),
        "session": turn.session,
        "said_by": turn.name,
        "role": turn.role,
        "text": turn.text,
    }


def _fact(fact: Fact) -> dict[str, Any]:
    return asdict(fact) | {"valid_from": _shown(fact.valid_from), "valid_to": _shown(fact.valid_to)}


def _shown(at: float | None) -> str | None:
    try:
        return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return str(at)


def _for_people(parts: dict[str, float], fact: Fact | None) -> dict[str, Any]:
    rounded = {name: f"{value:+.2f}" for name, value in parts.items()}
    return {"parts": rounded, "fact": fact.in_words(_shown) if fact else ""}
