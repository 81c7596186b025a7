"""`semcache ask` and `semcache chat`: questions from the command line, with the provenance of their answers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.markup import escape

from semcache.app import App, open_app
from semcache.audit import login
from semcache.cache import SemanticCache
from semcache.chat import Answer
from semcache.cli.cache.scopes import Namespace
from semcache.cli.output import Json, console, emit_fields, emit_json, errors
from semcache.errors import SemcacheError
from semcache.knowledge.namespaces import has_documents, namespaces_with_documents
from semcache.settings import load_settings

_HELP = (
    "/why explains the last answer · /forget drops it from the cache · /wrong marks it as wrong · "
    "/new starts a session · /quit or Ctrl-D leaves"
)

User = Annotated[str, typer.Option("--user", "-u", help="Who asks; default: the login name.")]
Session = Annotated[str, typer.Option("--session", "-s", help="Session that the question belongs to.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("ask")(ask)
    app.command("chat")(chat)


def ask(
    question: Annotated[str, typer.Argument(help="What to ask.")],
    user: User = "",
    session: Session = "",
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Answer one question, from the cache if it can be."""
    with _opened(namespace) as app:
        parts = app.engine.stream(question, user=user or login(), session=session or _new_session())
        if as_json:
            *_, answer = parts
            emit_json(answer)
        else:
            console.print(provenance(_printed(parts)), style="dim", highlight=False, soft_wrap=True)


def chat(user: User = "", session: Session = "", namespace: Namespace = None) -> None:
    """Talk to the chat; Ctrl-D leaves."""
    with _opened(namespace) as app:
        _Repl(app, user or login(), session or _new_session()).run()


@contextmanager
def _opened(namespace: str | None) -> Iterator[App]:
    """The application; a word on where the documents are, if the namespace has none."""
    with open_app(load_settings(**({"namespace": namespace} if namespace else {}))) as app:
        if not has_documents(app.redis, app.settings.namespace):
            errors.print(f"[yellow]{escape(_elsewhere(app))}[/yellow]", soft_wrap=True)
        yield app


def _elsewhere(app: App) -> str:
    here = f"namespace {app.settings.namespace!r} has no documents"
    others = namespaces_with_documents(app.redis)
    if not others:
        return f"{here}; `semcache kb add FILE` brings some"
    shown = ", ".join(map(repr, others[:5])) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
    return f"{here}: {shown} {'has' if len(others) == 1 else 'have'} some (--namespace {others[0]})"


def provenance(answer: Answer) -> str:
    """Where an answer comes from, in one line."""
    hit = answer.hit
    facts = [f"{answer.outcome} ({answer.reason})" if answer.reason else answer.outcome]
    if hit:
        facts += [f"asked as: {hit.prompt}"] if not hit.exact else []
        facts += [f"{_duration(hit.age_s)} old", f"saved {answer.saved.tokens} tokens"]
    facts.append(f"{answer.timings.get('total', 0.0) * 1000:.0f} ms")
    if answer.sources:
        facts.append("from " + ", ".join(f"{id} v{version}" for id, version in answer.sources.items()))
    if answer.memories:
        facts.append(f"{len(answer.memories)} memories")
    return escape(" · ".join([*facts, *answer.warnings]))


class _Repl:
    """One conversation at the terminal."""

    def __init__(self, app: App, user: str, session: str) -> None:
        self._app = app
        self._user = user
        self._session = session
        self._last: Answer | None = None
        self._commands: dict[str, Callable[[], None]] = {
            "/why": self._why,
            "/forget": self._forget,
            "/wrong": self._wrong,
            "/new": self._new,
            "/help": lambda: console.print(_HELP),
        }

    def run(self) -> None:
        console.print(f"[bold]semcache chat[/bold] as {escape(self._user)}. {_HELP}")
        for line in _lines():
            if line in ("/quit", "/exit"):
                return
            if line.startswith("/"):
                self._commands.get(line, self._unknown)()
            elif line:
                self._ask(line)

    def _ask(self, line: str) -> None:
        try:
            self._last = _printed(self._app.engine.stream(line, user=self._user, session=self._session))
            console.print(provenance(self._last), style="dim", highlight=False, soft_wrap=True)
        except SemcacheError as error:
            errors.print(f"[bold red]error[/bold red] {escape(str(error))}", soft_wrap=True)
        except KeyboardInterrupt:
            console.print("\n[dim]stopped; nothing is stored[/dim]")

    def _why(self) -> None:
        if self._last is None:
            console.print("nothing has been asked yet")
            return
        answer = self._last
        emit_fields(
            {
                "understood as": answer.question,
                "class": answer.kind.value,
                "outcome": answer.outcome,
                "reason": answer.reason,
                "scope": "this user's own" if answer.personal_scope else "shared",
                "sources": dict(answer.sources),
                "memories": [f"{memory.title}: {memory.text}" for memory in answer.memories],
                "stored as": answer.entry_id or "not stored",
                "tokens": answer.tokens,
                "milliseconds": {stage: round(1000 * s, 1) for stage, s in answer.timings.items()},
            },
            as_json=False,
        )

    def _forget(self) -> None:
        self._with_entry(lambda cache, id: cache.invalidate(entry_id=id), "the stored answer is dropped")

    def _wrong(self) -> None:
        self._with_entry(self._reject, "noted: you are not served it any more, and it is compared with a new answer")

    def _reject(self, cache: SemanticCache, entry_id: str) -> None:
        personal = self._last is not None and self._last.personal_scope
        cache.feedback(entry_id, correct=False, user=None if personal else self._user)

    def _with_entry(self, act: Callable[[SemanticCache, str], object], done: str) -> None:
        if self._last is None or self._last.entry_id is None:
            console.print("the last answer is not stored")
            return
        owner = self._user if self._last.personal_scope else None
        act(self._app.engine.cache(owner), self._last.entry_id)
        console.print(done)

    def _new(self) -> None:
        self._session = _new_session()
        console.print("a new session")

    def _unknown(self) -> None:
        console.print(_HELP)


def _printed(parts: Iterable[str | Answer]) -> Answer:
    """Prints the pieces as they come; returns the Answer at the end."""
    for part in parts:
        if isinstance(part, Answer):
            console.print()
            return part
        console.print(part, end="", markup=False, highlight=False, soft_wrap=True)
    raise AssertionError("a stream ends with its Answer")


def _lines() -> Iterator[str]:
    """What is typed, until Ctrl-D or Ctrl-C."""
    while True:
        try:
            yield console.input("[bold]> [/bold]").strip()
        except (EOFError, KeyboardInterrupt):
            console.print()
            return


def _new_session() -> str:
    return uuid.uuid4().hex[:12]


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
