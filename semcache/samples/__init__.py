"""The sample world: the help desk of Larkmoor, an invented maker of e-bikes; its files and their types.

`helpdesk/documents.jsonl`, `conversations.jsonl` and `changes.jsonl` hold events as they go through Kafka;
`questions.jsonl` holds labelled questions; `demo.json` the stories that a demonstration tells.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from semcache.errors import InvalidInput

Kind = Literal["shared", "near_miss", "personal", "volatile", "follow_up", "unanswerable"]


@dataclass(frozen=True, slots=True)
class DocumentEvent:
    """A version of a document; `at` is ISO 8601 in UTC."""

    type: Literal["document_upserted"]
    id: str
    namespace: str
    document: str
    version: int
    title: str
    text: str
    at: str


@dataclass(frozen=True, slots=True)
class MessageEvent:
    """One turn of a conversation; `at` is ISO 8601 in UTC."""

    type: Literal["message"]
    id: str
    namespace: str
    user: str
    session: str
    role: Literal["user", "assistant"]
    text: str
    at: str


@dataclass(frozen=True, slots=True)
class Question:
    """A labelled question: all questions of a `group` have the same right answer, no other group shares it.

    `sources` are document ids; for a personal question the ids of the turns that hold the answer.
    """

    id: str
    group: str
    question: str
    answer: str
    sources: tuple[str, ...]
    kind: Kind
    user: str | None = None
    near_miss_of: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class PersonalQuestion:
    """A question only `user` can ask; the right answer contains `expect`."""

    user: str
    question: str
    expect: str


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A question that looks like the story's own, and must not get its answer; the right one contains `expect`."""

    question: str
    expect: str


@dataclass(frozen=True, slots=True)
class Story:
    """A question, the same asked otherwise, and the change of a document after which the old answer is wrong.

    `before` occurs in the right answer until the change of document `change`, `after` since.
    """

    question: str
    paraphrase: str
    change: str
    before: str
    after: str
    near_miss: NearMiss
    personal: PersonalQuestion


def path(name: str) -> Path:
    """Where a sample file lies, for instance `helpdesk/documents.jsonl`; InvalidInput if there is none."""
    found = Path(str(resources.files(__name__).joinpath(name)))
    if not found.is_file():
        raise InvalidInput(f"no sample file {name!r}; there are: {', '.join(sorted(_names()))}")
    return found


@cache
def documents() -> tuple[DocumentEvent, ...]:
    """The first version of every document, in order of time."""
    return tuple(DocumentEvent(**row) for row in _rows("documents"))


@cache
def conversations() -> tuple[MessageEvent, ...]:
    """Every turn of every user, in order of time."""
    return tuple(MessageEvent(**row) for row in _rows("conversations"))


@cache
def changes() -> tuple[DocumentEvent, ...]:
    """Second versions of some documents, later than every conversation."""
    return tuple(DocumentEvent(**row) for row in _rows("changes"))


@cache
def questions() -> tuple[Question, ...]:
    """Questions with their right answers, true of `documents()` before `changes()`."""
    return tuple(Question(**{**row, "sources": tuple(row["sources"])}) for row in _rows("questions"))


@cache
def demo() -> tuple[Story, ...]:
    """The stories of the demonstration, one for each change."""
    return tuple(_story(row) for row in json.loads(path("helpdesk/demo.json").read_text("utf-8")))


def _story(row: Mapping[str, Any]) -> Story:
    nested = {"near_miss": NearMiss(**row["near_miss"]), "personal": PersonalQuestion(**row["personal"])}
    return Story(**{**row, **nested})


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path(f"helpdesk/{name}.jsonl").read_text("utf-8").splitlines()]


def _names() -> list[str]:
    folder = resources.files(__name__).joinpath("helpdesk")
    return [f"helpdesk/{file.name}" for file in folder.iterdir()]
