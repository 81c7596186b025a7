"""`semcache cache status | warm | learn`: how far the learning is, and giving it a start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from operator import itemgetter
from pathlib import Path
from typing import Annotated, TypeVar, get_args

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from semcache.cache.learning.state import LearningState
from semcache.cache.warming import KnownAnswer, Outcome, known_answer, warm
from semcache.cli.cache.scopes import Namespace, ScopeItems, connected, named, open_cache, opened, parsed, short
from semcache.cli.output import Json, emit_fields, emit_rows, errors
from semcache.errors import InvalidInput
from semcache.evals.pairs import read_pairs
from semcache.evals.reading.files import records
from semcache.inputs import MAX_DURATION_S

T = TypeVar("T")
File = Annotated[Path, typer.Argument(help="CSV, TSV or JSONL, plain or gzip.")]
NewScope = Annotated[
    list[str] | None,
    typer.Option("--scope", help="Items of the scope, all of them; may be repeated.", metavar="NAME=VALUE"),
]


def mount(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("status")(status)
    app.command("warm")(fill)
    app.command("learn")(learn)


def status(
    budget: Annotated[
        float | None,
        typer.Option(
            "--max-error-rate", min=0, max=0.5, help="Instead of the one in the settings.", show_default=False
        ),
    ] = None,
    scope: ScopeItems = None,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Say how far each scope's learning is, what its budget gives, and why nothing is served where nothing is."""
    with opened(scope, namespace) as found:
        allowed = found.settings.cache.max_error_rate if budget is None else budget
        rows = [
            named(one) | asdict(LearningState(found.client, one.id).status(allowed)) | {"hit_rate": counted.hit_rate}
            for one, counted in found.stats()
        ]
    if as_json or len(rows) != 1:
        emit_rows(rows, columns=("scope", "hit_rate", "labels", "summary"), as_json=as_json, title="scopes")
        return
    (row,) = rows
    fields = ("summary", "scope", "hit_rate", "labels", "labels_needed", "rows", "model_version", "judge_error",
              "memory_bytes")  # fmt: skip
    emit_fields({name: row[name] for name in fields}, as_json=False)
    columns = ("max_error_rate", "share", "error")
    if row["others"]:
        emit_rows(row["others"], columns=columns, as_json=False, title="what other budgets would give")


def fill(
    file: File,
    scope: NewScope = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag for every answer; may be repeated.")] = None,
    ttl: Annotated[
        float | None,
        typer.Option(
            min=0.001, max=MAX_DURATION_S, help="Lifetime, seconds, of answers without one.", show_default=False
        ),
    ] = None,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Fill a scope with known questions and answers; what is stored already is left, so it may be run again.

    Columns: question, answer, and maybe sources (`doc-42:7 doc-9:1`, or JSON), tags, ttl. Rows that replaced another
    answer or could not be kept are listed, and the exit code is 1.
    """
    found = dict(enumerate(_answers(file, tuple(tag or ()), ttl), 1))
    answers = {row: answer for row, answer in found.items() if isinstance(answer, KnownAnswer)}
    invalid = {row: refused for row, refused in found.items() if not isinstance(refused, KnownAnswer)}
    if invalid and not answers:
        raise next(iter(invalid.values()))
    with connected() as (client, settings):
        cache = open_cache(client, settings, namespace=namespace or settings.namespace, items=parsed(scope))
        with _progress("filling", len(answers)) as advance:
            outcomes = list(advance(warm(cache, answers.values(), rows=answers)))
    counted = Counter(one.outcome for one in outcomes)
    rows = [
        {"row": one.row, "outcome": one.outcome, "question": one.answer.prompt, "detail": one.detail}
        for one in outcomes
        if one.detail
    ]
    rows += [{"row": row, "outcome": "invalid", "question": "", "detail": str(why)} for row, why in invalid.items()]
    rows.sort(key=itemgetter("row"))
    fields = {name: counted[name] for name in get_args(Outcome)} | {"invalid": len(invalid)}
    emit_fields(fields | {"rows": rows} if as_json else fields, as_json=as_json)
    if rows and not as_json:
        shown = [row | {name: short(str(row[name])) for name in ("question", "detail")} for row in rows]
        emit_rows(shown, columns=("row", "outcome", "question", "detail"), as_json=False, title="replaced or not kept")
    if rows:
        raise typer.Exit(1)


def learn(file: File, scope: NewScope = None, namespace: Namespace = None, as_json: Json = False) -> None:
    """Learn from labelled pairs (text_a, text_b, label: 1 = one answer serves both) of your own log."""
    pairs = list(read_pairs(file))
    with connected() as (client, settings):
        cache = open_cache(client, settings, namespace=namespace or settings.namespace, items=parsed(scope))
        with errors.status(f"learning from {len(pairs)} pairs"):
            used = cache.add_labelled(pairs)
        emit_fields({"pairs": len(pairs), "used": used, "summary": cache.learning().summary}, as_json=as_json)


def _answers(file: Path, tags: tuple[str, ...], ttl: float | None) -> Iterator[KnownAnswer | InvalidInput]:
    """The answers of a file's rows; of a row that cannot be one, what is wrong with it."""
    for record in records(file):
        if isinstance(record, InvalidInput):
            yield record
            continue
        try:
            answer = known_answer({name: record.text(name) for name in record.values})
        except InvalidInput as error:
            yield InvalidInput(f"{record.place}: {error}")
        else:
            yield replace(answer, tags=(*answer.tags, *tags), ttl=answer.ttl or ttl)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[Iterable[T]], Iterator[T]]]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=errors, transient=True) as bar:
        yield lambda items: iter(bar.track(items, total=total, description=what))
