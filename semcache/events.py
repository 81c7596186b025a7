"""The events semcache understands: their fields, limits and JSON Schema."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)

from semcache.errors import Quarantine
from semcache.inputs import on_calendar

MAX_TEXT_BYTES = 262_144
MAX_FUTURE_S = 86_400.0
MAX_VERSION = 2**53 - 1
"""Versions are compared in Lua, whose numbers are doubles."""


class Oversize(Quarantine):
    """A text is longer than the limit."""

    def __init__(self, message: str) -> None:
        super().__init__(message, error_class="oversize")


class NotAnEvent(Quarantine):
    """A record is no event: unreadable, of an unknown type, or a field is missing or wrong."""

    def __init__(self, message: str) -> None:
        super().__init__(message, error_class="schema")


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


def _limited(value: str, info: ValidationInfo) -> str:
    limit = (info.context or {}).get("max_text_bytes", MAX_TEXT_BYTES)
    size = len(value.encode())
    if size > limit:
        raise Oversize(f"the text has {size:,} bytes, the limit is {limit:,} (SEMCACHE_INGEST_MAX_TEXT_BYTES)")
    return value


def _textual(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and "-" in value[1:]):
        return value
    raise ValueError("must be an ISO 8601 string with a time zone, like 2026-11-23T10:00:00Z")


def _on_the_calendar(value: datetime) -> datetime:
    if not 1 < value.year < 9999:
        raise ValueError("must lie in the years 2 to 9998")
    return value


def _bounded(value: datetime, info: ValidationInfo) -> datetime:
    seconds = _on_the_calendar(value).timestamp()
    latest = info.context["latest"] if info.context else time.time() + MAX_FUTURE_S
    if seconds < 0:
        raise ValueError("must not be before 1970")
    if seconds > latest:
        raise ValueError(f"lies in the future, beyond {_utc(latest)} (ingest.max_future_s): milliseconds for seconds?")
    return value


def _utc(seconds: float) -> str:
    return on_calendar(seconds).isoformat(timespec="seconds")


Id = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_not_blank)]
Text = Annotated[str, AfterValidator(_not_blank), AfterValidator(_limited)]
Moment = Annotated[AwareDatetime, BeforeValidator(_textual), AfterValidator(_on_the_calendar)]
"""Any time; of a fact, perhaps long ago or still to come."""
Happened = Annotated[AwareDatetime, BeforeValidator(_textual), AfterValidator(_bounded)]
"""When an event happened: since 1970, and not later than now and a day."""
Version = Annotated[int, Field(ge=1, le=MAX_VERSION)]


class _Event(BaseModel):
    """What every event carries. Unknown fields are kept for processors and not stored."""

    model_config = ConfigDict(frozen=True, extra="allow", coerce_numbers_to_str=True)

    id: Id = Field(description="identity: an event that arrives twice has one effect")
    namespace: Annotated[str, Field(min_length=1, max_length=200)] = "default"
    at: Happened = Field(description="when it happened, ISO 8601 with a time zone")

    @property
    def seconds(self) -> float:
        """`at` in seconds since the epoch."""
        return self.at.timestamp()


class MessageEvent(_Event):
    """Somebody said something in a session."""

    type: Literal["message"]
    user: Id
    session: Id
    role: Literal["user", "assistant", "system", "tool"]
    text: Text
    speaker: Id | None = Field(None, description="who spoke, where a session has more than two participants")


class DocumentUpserted(_Event):
    """A document was created or changed. Without `version` the later one in the log wins."""

    type: Literal["document_upserted"]
    document: Id
    version: Version | None = None
    text: Text
    title: Annotated[str, Field(max_length=4000)] | None = None
    metadata: dict[str, Any] | None = None


class DocumentDeleted(_Event):
    """A document is gone. Without `version` it ends whatever version the log has shown so far."""

    type: Literal["document_deleted"]
    document: Id
    version: Version | None = None


class FeedbackGiven(_Event):
    """Somebody judged a served answer. Each `user` counts once, and all who are not named count as one."""

    type: Literal["feedback"]
    entry: Id
    correct: bool
    user: Id | None = None


class SessionEnded(_Event):
    """A session is over: its short-term window may go."""

    type: Literal["session_ended"]
    user: Id
    session: Id


class FactRead(BaseModel):
    """One thing that a message says of its user, or of somebody near."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    attribute: Annotated[str, Field(min_length=1, max_length=60)]
    value: Annotated[str, Field(max_length=200)]
    subject: Annotated[str, Field(min_length=1, max_length=60)] = "user"
    holds: bool = True
    change: Literal["asserts", "ends", "corrects"] = "asserts"
    replaced: Annotated[str, Field(max_length=200)] = ""
    since: Moment | None = None
    until: Moment | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.8


class FactsExtracted(_Event):
    """What a language model read in a message; it takes the place of what was read there before."""

    type: Literal["facts_extracted"]
    user: Id
    message: Id = Field(description="id of the message event")
    facts: Annotated[list[FactRead], Field(max_length=64)]
    model: str | None = None


class UserErased(_Event):
    """Everything about a user must go."""

    type: Literal["user_erased"]
    user: Id


Event = MessageEvent | DocumentUpserted | DocumentDeleted | FeedbackGiven | SessionEnded | FactsExtracted | UserErased
KNOWLEDGE_TYPES = frozenset({"document_upserted", "document_deleted"})
TYPES = frozenset({"message", "feedback", "session_ended", "facts_extracted", "user_erased"}) | KNOWLEDGE_TYPES

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def parse_event(
    fields: Mapping[str, Any], *, max_text_bytes: int = MAX_TEXT_BYTES, max_future_s: float = MAX_FUTURE_S
) -> Event:
    """The event those fields describe; it may have happened at most `max_future_s` seconds from now.

    Raises:
        Oversize: a text has more than `max_text_bytes` bytes in UTF-8.
        NotAnEvent: the type is unknown, or a field is missing or wrong; the message names each.
    """
    try:
        context = {"max_text_bytes": max_text_bytes, "latest": time.time() + max_future_s}
        return _ADAPTER.validate_python(fields, context=context)
    except ValidationError as error:
        raise NotAnEvent(_explain(error, fields)) from None


def _explain(error: ValidationError, fields: Mapping[str, Any]) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)
    if first[0]["type"] == "union_tag_not_found":
        return f"the event has no `type`; it must be one of {', '.join(sorted(TYPES))}"
    if first[0]["type"] == "union_tag_invalid":
        return f"unknown event type {str(fields.get('type'))[:60]!r}; it must be one of {', '.join(sorted(TYPES))}"
    return "; ".join(f"{'.'.join(map(str, e['loc'][1:]))}: {_plain(e['msg'])}" for e in first[:5])


def _plain(message: str) -> str:
    bare = message.removeprefix("Value error, ")
    return bare[:1].lower() + bare[1:]


def routing_key(event: Event) -> str:
    """The Kafka key: everything that must stay in order shares one."""
    if isinstance(event, DocumentUpserted | DocumentDeleted):
        return event.document
    if isinstance(event, FeedbackGiven):
        return event.user or event.entry
    return event.user


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the events."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "semcache event"} | (
        _ADAPTER.json_schema()
    )
