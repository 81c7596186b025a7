"""`semcache kb`: documents of the knowledge base, added from files, searched, listed, shown and deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from redis import Redis
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from semcache.audit import extent
from semcache.cache.scopes.invalidation import invalidate_source
from semcache.cli.audit import noted
from semcache.cli.output import Json, emit_fields, emit_json, emit_rows, errors
from semcache.embed import open_embedder
from semcache.errors import InvalidInput
from semcache.knowledge import Change, Delete, KnowledgeBase, Outcome, Upsert
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
    with _opened(namespace) as opened:
        rows = list(_added(opened, found))
    _note("wrote documents", rows, namespace)
    refused = any(row["result"] == "refused" for row in rows)
    columns = ["document", "result", "version", "embedded", "kept", "answers_removed", *(["reason"] if refused else [])]
    emit_rows(rows, columns=columns, as_json=as_json, title="documents")
    if refused:
        raise typer.Exit(1)


@app.command()
def search(
    query: str,
    k: Annotated[int, typer.Option("-k", min=1, max=1_000, help="Passages.")] = 5,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Find passages by meaning and by words, best first."""
    with _opened(namespace) as opened:
        rows = [asdict(found) for found in opened.kb.search(query, k=k)]
    shown = rows if as_json else [row | {"cosine": row["parts"]["cosine"], "text": _short(row["text"])} for row in rows]
    emit_rows(
        shown, columns=("document", "title", "version", "score", "cosine", "text"), as_json=as_json, title="passages"
    )


@app.command("list")
def list_documents(namespace: Namespace = None, as_json: Json = False) -> None:
    """List the documents."""
    with _opened(namespace) as opened:
        rows = [_listed(asdict(document)) for document in opened.kb.documents()]
    emit_rows(
        rows, columns=("document", "title", "version", "words", "chunks", "at"), as_json=as_json, title="documents"
    )


@app.command()
def show(
    doc_id: Annotated[str, typer.Argument(metavar="ID")], namespace: Namespace = None, as_json: Json = False
) -> None:
    """Print a document with its text."""
    with _opened(namespace) as opened:
        document = opened.kb.get(doc_id)
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
    with _opened(namespace) as opened:
        rows = opened.apply([Delete(doc_id) for doc_id in ids], done="deleted", else_="not there")
    _note("deleted documents", rows, namespace)
    columns = ("document", "result", "version", "removed", "answers_removed")
    emit_rows(rows, columns=columns, as_json=as_json, title="documents")
    if not all(row["applied"] for row in rows):
        raise typer.Exit(1)


@app.command()
def reindex(namespace: Namespace = None, as_json: Json = False) -> None:
    """Embed again the documents that another embedding model has embedded."""
    with _opened(namespace) as opened:
        rows = [{"document": document} for document in opened.kb.reindex()]
    emit_rows(rows, columns=("document",), as_json=as_json, title="documents embedded again")


@dataclass(frozen=True, slots=True)
class _Opened:
    """The knowledge base, and the Redis of the cache whose answers its changes outdate."""

    kb: KnowledgeBase
    redis: Redis

    def apply(self, changes: Sequence[Change], *, done: str, else_: str) -> list[dict[str, Any]]:
        """A row for each change: what it did, and how many cached answers it took with it."""
        return [
            asdict(outcome)
            | {"result": done if outcome else else_, "answers_removed": self._outdate(outcome) if outcome else 0}
            for outcome in self.kb.apply(changes)
        ]

    def _outdate(self, outcome: Outcome) -> int:
        before = outcome.version if outcome.version > 0 else 1 - outcome.version
        return invalidate_source(self.redis, self.kb.namespace, outcome.document, before_version=before)


@contextmanager
def _opened(namespace: str | None) -> Iterator[_Opened]:
    settings = load_settings(**({"namespace": namespace} if namespace else {}))
    client = connect(settings.redis.url, timeout_s=settings.redis.timeout_s)
    embedder = open_embedder(settings.embed, model_dir=settings.model_dir)
    try:
        yield _Opened(KnowledgeBase(client, embedder=embedder, namespace=settings.namespace), client)
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


def _added(opened: _Opened, found: Sequence[Upsert | Refused]) -> Iterator[dict[str, Any]]:
    columns = (TextColumn("adding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=len(found) <= 1) as bar:
        task = bar.add_task("", total=len(found))
        for start in range(0, len(found), _BATCH):
            part = found[start : start + _BATCH]
            yield from _add_part(opened, part)
            bar.advance(task, len(part))


def _add_part(opened: _Opened, part: Sequence[Upsert | Refused]) -> list[dict[str, Any]]:
    """All at once; if one is refused, one by one."""
    upserts = [one for one in part if isinstance(one, Upsert)]
    try:
        rows = iter(opened.apply(upserts, done="added", else_="not newer"))
    except InvalidInput as error:
        if len(part) == 1:
            return [_refused(Refused(upserts[0].document, str(error)))]
        return [row for one in part for row in _add_part(opened, [one])]
    return [_refused(one) if isinstance(one, Refused) else next(rows) for one in part]


def _note(action: str, rows: Sequence[Mapping[str, Any]], namespace: str | None) -> None:
    """One record of the audit trail for all that a command has changed."""
    if changed := [str(row["document"]) for row in rows if row.get("applied")]:
        noted(action, _short(", ".join(changed)), namespace=namespace, detail=extent(len(changed), "document"))


def _refused(refused: Refused) -> dict[str, Any]:
    return {"document": refused.source, "result": "refused", "applied": False, "reason": refused.reason}


def _listed(document: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromtimestamp(document["at"], UTC).isoformat(timespec="seconds")
    return {name: value for name, value in document.items() if value is not None} | {"at": at}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else line[:159] + "…"
