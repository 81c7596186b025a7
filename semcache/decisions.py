"""The events of what caches decide: each look-up, and each check of an answer. No text unless it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from semcache.errors import Quarantine
from semcache.events import Happened, Id

MAX_QUESTION_CHARS, MAX_TENANT_CHARS = 500, 1_000
MAX_TIMES = 10_000
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Question = Annotated[str, Field(max_length=MAX_QUESTION_CHARS)]


class _Published(BaseModel):
    """What every one carries."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Id
    namespace: Annotated[str, Field(min_length=1, max_length=200)] = "default"
    at: Happened = Field(description="when it was decided, ISO 8601 with a time zone")
    scope: Id = Field(description="id of the scope, as `semcache cache scopes` lists it")
    tenant: Annotated[str, Field(max_length=MAX_TENANT_CHARS)] = Field("", description="the scope's item `tenant`")
    lost: Count = Field(0, description="so many before it this process could not publish")


class LookupDecided(_Published):
    """A look-up: served, or why not. `shadow`: it would have been served, and the answer was made anew.

    Exact hits of one scope that fall within a tenth of a second may share an event: `times`.
    """

    type: Literal["decision"]
    outcome: Literal["hit", "miss", "shadow"]
    exact: bool = Field(False, description="the very same question was stored")
    reason: Annotated[str, Field(max_length=40)] = Field("", description="why it missed")
    similarity: Annotated[float, Field(ge=-1, le=1)] | None = Field(None, description="of the nearest stored question")
    confidence: Share | None = Field(None, description="1 - estimated probability that the answer is wrong")
    budget: Share = Field(description="`cache.max_error_rate` of that moment")
    tokens: Count = Field(0, description="saved by the hit")
    cost_micros: Count = Field(0, description="money saved by the hit, in millionths")
    saved_ms: Count = Field(0, description="time saved by the hit")
    latency_us: Count = Field(0, description="what the look-up took; of several, their mean")
    times: Annotated[int, Field(ge=1, le=MAX_TIMES)] = Field(
        1, description="so many exact hits within a moment, whose savings are added up"
    )
    question: Question | None = Field(None, description="its text, with `decisions.text`; never of one person's scope")
    nearest: Question | None = Field(None, description="text of the stored question that is nearest, likewise")


class AnswerChecked(_Published):
    """An answer that was served, or would have been, was compared with the right one."""

    type: Literal["check"]
    by: Literal["shadow", "feedback"] = Field(description="an answer made anew, or a user's verdict")
    right: bool | None = Field(None, description="none: the judge cannot tell")


Published = LookupDecided | AnswerChecked
_ADAPTER: TypeAdapter[Published] = TypeAdapter(Annotated[Published, Field(discriminator="type")])


def parse_published(text: bytes | Mapping[str, Any]) -> Published:
    """The event in a record of the topic.

    Raises:
        Quarantine: it is none.
    """
    try:
        return _ADAPTER.validate_json(text) if isinstance(text, bytes) else _ADAPTER.validate_python(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Quarantine(f"no decision: {where}: {first['msg']}", error_class="schema") from None


def schema_of_decisions() -> dict[str, Any]:
    """JSON Schema (2020-12) of the events."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "semcache decision"} | (
        _ADAPTER.json_schema()
    )
