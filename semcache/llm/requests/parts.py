"""What tells one request from another: its question, what came before, its scope, and a digest of all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from semcache.llm.requests.body import (
    Body,
    canonical,
    conversation,
    digest,
    given,
    is_message,
    leading_instructions,
    text_of,
)
from semcache.llm.requests.fields import CONVERSATION, IGNORED, TOOLS

_OWNERS = ("safety_identifier", "user")


def question_of(body: Body) -> str:
    """The text of the last message, if it is the user's; empty if not, or if it holds anything but text."""
    items = conversation(body)
    last = items[-1] if items else None
    return (text_of(last) or "") if last is not None and is_message(last) and last["role"] == "user" else ""


def context_of(body: Body) -> tuple[str, ...]:
    """What was said before the question, oldest first, each message as canonical JSON; instructions are scope."""
    return tuple(canonical(_plain(item)) for item in conversation(body)[:-1])


def owner_of(body: Body) -> str:
    """Whom the application asks for, as it names them; empty if it does not say."""
    return next((body[name] for name in _OWNERS if isinstance(body.get(name), str) and body[name]), "")


def scope_of(body: Body, *, owner: str = "") -> dict[str, str]:
    """The walls that a request brings: the model, and digests of instructions, tools and all other fields that count.

    `owner`: whom the answer belongs to, if it is not everyone's.
    """
    said = given(body)
    apart = CONVERSATION | TOOLS | IGNORED | {"model"}
    others: dict[str, Any] = {name: value for name, value in said.items() if name not in apart}
    walls = {
        "model": str(said.get("model", "")),
        "instructions": _digest_of([_plain(item) for item in leading_instructions(said)]),
        "tools": _digest_of({name: said[name] for name in TOOLS & said.keys()}),
        "fields": _digest_of({**others, **_of_last(said)}),
        "owner": owner,
    }
    return {name: value for name, value in walls.items() if value}


def digest_of(body: Body, *, owner: str = "") -> str:
    """64 hex digits: equal for requests that are equal verbatim, but for the fields that do not count."""
    return digest([{name: value for name, value in given(body).items() if name not in IGNORED}, owner])


def _of_last(body: Body) -> dict[str, Any]:
    """What the last message says beside its role and text: the name of its speaker, for example."""
    last = conversation(body)[-1:]
    extra = {k: v for k, v in last[0].items() if k not in ("role", "content", "type")} if _mapping(last) else {}
    return {"message": extra} if extra else {}


def _mapping(items: list[Any]) -> bool:
    return bool(items) and isinstance(items[0], Mapping)


def _digest_of(value: Any) -> str:
    return digest(value) if value else ""


def _plain(item: Any) -> Any:
    """A message whose text is a string, whether it came as one or in parts; another item as it is."""
    if not isinstance(item, Mapping) or not is_message(item):
        return item
    text = text_of(item)
    rest = {name: value for name, value in item.items() if name not in ("type", "id", "status")}
    return rest if text is None else {**rest, "content": text}
