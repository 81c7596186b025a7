"""`semcache kb`: documents of the knowledge base, added from files, searched, listed, shown and deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from semcache.cli.output import Json, emit_fields, emit_json, emit_rows, errors
from semcache.embed import open_embedder
from semcache.errors import InvalidInput
from semcache.knowledge import Delete, KnowledgeBase, Outcome, Upsert
from semcache.knowledge.files import STDIN, Refused, read_documents
from semcache.settings import load_settings
from semcache.store.connect import connect

_BATCH = 16  # documents between two moves of the progress bar

Namespace = Annotated[str | None, typer.Option(help="Instead of the one in the settings.", show_default=False)]
Ids = Annotated[list[str], typer.Argument(help="Document ids.", metavar="ID...")]

app = typer.Typer(help="Documents that answers are built from.", no_args_is_help=True)


def register(main: typer.Typer) -> None:
    """Adds the commands to the command line."""
    main.add_typer(app, name="kb")


@app.command()
def add(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Text files, folders of them, JSONL files (`document`, `text`, `title`, `version`, `metadata`), "
            "or - for one text on standard input."
        ),
    ],
    doc_id: Annotated[
        str | None, typer.Option("--id", help="Id of the one document; else the path as given.", show_default=False)
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title of the one document.", show_default=False)] = None,
    version: Annotated[
        int | None, typer.Option(min=1, help="Version; else one more than the current.", show_default=False)
    ] = None,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Add or update documents. What cannot be read is named, the rest is added, and the exit code is 1."""
    if STDIN in files and not doc_id:
        raise InvalidInput("the text on standard input needs a name: --id ID")
    found = list(read_documents(files))
    if doc_id or title or version:
        found = [_named(found, doc_id, title, version)]
    with _knowledge(namespace) as kb:
        results = list(_applied(kb, found))
    rows = [_row(result) for result in results]
    emit_rows(rows, columns=("document", "result", "version", "embedded", "kept"), as_json=as_json, title="documents")
    if any(isinstance(result, Refused) for result in results):
        raise typer.Exit(1)


@app.command()
def search(
    query: str,
    k: Annotated[int, typer.Option("-k", min=1, max=1_000, help="Passages.")] = 5,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Find passages by meaning and by words, best first."""
    with _knowledge(namespace) as kb:
        rows = [asdict(found) for found in kb.search(query, k=k)]
    shown = rows if as_json else [row | {"cosine": row["parts"]["cosine"], "text": _short(row["text"])} for row in rows]
    emit_rows(
        shown, columns=("document", "title", "version", "score", "cosine", "text"), as_json=as_json, title="passages"
    )


@app.command("list")
def list_documents(namespace: Namespace = None, as_json: Json = False) -> None:
    """List the documents."""
    with _knowledge(namespace) as kb:
        rows = [_listed(asdict(document)) for document in kb.documents()]
    emit_rows(
        rows, columns=("document", "title", "version", "words", "chunks", "at"), as_json=as_json, title="documents"
    )


@app.command()
def show(
    doc_id: Annotated[str, typer.Argument(metavar="ID")], namespace: Namespace = None, as_json: Json = False
) -> None:
    """Print a document with its text."""
    with _knowledge(namespace) as kb:
        document = kb.get(doc_id)
    if document is None:
        raise InvalidInput(f"there is no document {doc_id!r}: `semcache kb list` shows those that are")
    fields = _listed(asdict(document))
    if as_json:
        emit_json(fields)
        return
    text = fields.pop("text")
    emit_fields(fields, as_json=False)
    typer.echo(text)


@app.command()
def delete(ids: Ids, namespace: Namespace = None, as_json: Json = False) -> None:
    """Delete documents; their versions stay as tombstones. Exit code 1 if one was not there."""
    with _knowledge(namespace) as kb:
        outcomes = kb.apply([Delete(doc_id) for doc_id in ids])
    rows = [asdict(outcome) | {"result": "deleted" if outcome else "not there"} for outcome in outcomes]
    emit_rows(rows, columns=("document", "result", "version", "removed"), as_json=as_json, title="documents")
    if not all(outcomes):
        raise typer.Exit(1)


@app.command()
def reindex(namespace: Namespace = None, as_json: Json = False) -> None:
    """Embed again the documents that another embedding model has embedded."""
    with _knowledge(namespace) as kb:
        rows = [{"document": document} for document in kb.reindex()]
    emit_rows(rows, columns=("document",), as_json=as_json, title="documents embedded again")


@contextmanager
def _knowledge(namespace: str | None) -> Iterator[KnowledgeBase]:
    settings = load_settings(**({"namespace": namespace} if namespace else {}))
    client = connect(settings.redis.url, timeout_s=settings.redis.timeout_s)
    embedder = open_embedder(settings.embed, model_dir=settings.model_dir)
    try:
        yield KnowledgeBase(client, embedder=embedder, namespace=settings.namespace)
    finally:
        client.close()


def _named(
    found: Sequence[Upsert | Refused], doc_id: str | None, title: str | None, version: int | None
) -> Upsert | Refused:
    if len(found) != 1:
        raise InvalidInput(f"--id, --title and --version are for one document, but {len(found)} were given")
    one = found[0]
    if isinstance(one, Refused):
        return one
    return Upsert(doc_id or one.document, one.text, title or one.title, version or one.version, one.metadata)


def _applied(kb: KnowledgeBase, found: Sequence[Upsert | Refused]) -> Iterator[Outcome | Refused]:
    columns = (TextColumn("adding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=len(found) <= 1) as bar:
        task = bar.add_task("", total=len(found))
        for start in range(0, len(found), _BATCH):
            part = found[start : start + _BATCH]
            yield from _apply_part(kb, part)
            bar.advance(task, len(part))


def _apply_part(kb: KnowledgeBase, part: Sequence[Upsert | Refused]) -> Iterator[Outcome | Refused]:
    """All at once; if one is refused, one by one."""
    try:
        outcomes = iter(kb.apply([one for one in part if isinstance(one, Upsert)]))
        yield from [one if isinstance(one, Refused) else next(outcomes) for one in part]
    except InvalidInput as error:
        if len(part) == 1 and isinstance(part[0], Upsert):
            yield Refused(part[0].document, str(error))
        else:
            for one in part:
                yield from _apply_part(kb, [one])


def _row(result: Outcome | Refused) -> dict[str, Any]:
    if isinstance(result, Refused):
        return {"document": result.source, "result": f"refused: {result.reason}", "applied": False}
    return asdict(result) | {"result": "added" if result else "not newer"}


def _listed(document: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromtimestamp(document["at"], UTC).isoformat(timespec="seconds")
    return {name: value for name, value in document.items() if value is not None} | {"at": at}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else line[:159] + "…"
