"""May a request be served from a cache: by meaning, verbatim only, or never (pure). Each rule says its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from semcache.llm.requests.body import Body, Endpoint, conversation, endpoint_of, given, is_message, text_of
from semcache.llm.requests.fields import CONVERSATION, IGNORED, NEVER, TOOLS, VERBATIM, WALLS
from semcache.llm.requests.parts import owner_of, question_of
from semcache.text.questions import Classified, QuestionClass

LONGEST_QUESTION = 2_000  # characters: longer ones are documents, and near vectors say little about them
_MOST_VARIED = 1.0  # temperature: above, the caller wants another answer each time
_OWN_TOOLS = ("function", "custom")  # they run at the caller; all others run at the service, and see this moment


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a cache may answer in place of the model, and why.

    `served`: False if the answer may be stored for others, but this caller must get one of its own. `personal`: the
    answer is its asker's alone, so the owner belongs in the scope.
    """

    reason: str
    served: bool = True
    personal: bool = False


class Semantic(Verdict):
    """By meaning, and verbatim."""


class Exact(Verdict):
    """Verbatim only: the same request, but for the fields that do not count."""


class Never(Verdict):
    """Neither served nor stored."""


def may_serve(
    body: Body,
    *,
    endpoint: Endpoint | None = None,
    classes: Callable[[str], Classified] | None = None,
    owner: str = "",
    expands_ids: bool = False,
) -> Semantic | Exact | Never:
    """The strictest rule that applies to a request for a chat completion or a response; never raises.

    `classes` tells whom the answer to a question serves; without it that is not asked. `owner`: who asks, if the
    request does not say (`user`, `safety_identifier`). `expands_ids`: the ids of served responses can be continued by
    `previous_response_id`, which the caller has replaced by the items that it stands for.
    """
    if not isinstance(body, Mapping):
        return Never("the request is no JSON object")
    said = given(body)
    kind = endpoint or endpoint_of(said)
    never = chain(_never_by_field(said, kind, expands_ids), _never_by_item(said), _never_by_parameter(said))
    if why := next(never, ""):
        return Never(why)
    personal = False
    if classes is not None and (question := question_of(said)).strip():
        why, personal = _whom(classes(question), said, owner)
        if why:
            return Never(why)
    served = not (kind == "chat" and said.get("store") is True)
    if why := next(chain(_exact_by_field(said), _exact_by_item(said)), ""):
        return Exact(why, served, personal)
    return Semantic("one question, in text" if served else "the service is to store this call", served, personal)


def _whom(found: Classified, body: dict[str, Any], owner: str) -> tuple[str, bool]:
    """Why the answer serves nobody else or later, empty if it does; and whether it is its asker's alone."""
    if found.volatile:
        return found.doubt or "about this moment: the answer would not stay right", False
    if found.kind is QuestionClass.FOLLOW_UP and len(conversation(body)) < 2:
        return "a follow-up, and nothing came before it", False
    if found.personal and not (owner or owner_of(body)):
        return "about its asker, and the request does not say who that is", False
    return "", found.personal


def _never_by_field(body: dict[str, Any], endpoint: Endpoint, expands_ids: bool) -> Iterator[str]:
    if not conversation(body):
        yield "there is no question in the request"
    yield from (f"{name}: {why}" for name, why in NEVER.items() if _asked(body.get(name)))
    if endpoint == "responses" and body.get("store", True) is not False and not expands_ids:
        yield "store: the service keeps the response, and a later call may go on from it (store=false is served)"


def _never_by_parameter(body: dict[str, Any]) -> Iterator[str]:
    temperature = body.get("temperature")
    if temperature is not None and not _at_most(temperature, _MOST_VARIED):
        yield "temperature: above 1 the answers are meant to vary"
    if body.get("modalities", ["text"]) != ["text"]:
        yield "modalities: only text is stored"
    tools = body.get("tools", [])
    if not isinstance(tools, list) or any(_tool_kind(tool) not in _OWN_TOOLS for tool in tools):
        yield "tools: some run at the service, and what they see changes"


def _never_by_item(body: dict[str, Any]) -> Iterator[str]:
    for item in conversation(body):
        if not isinstance(item, Mapping):
            yield "a message is no JSON object"
        elif item.get("tool_calls") or item.get("function_call") or item.get("role") in ("tool", "function"):
            yield "tool calls: the answer depends on what a tool said in this call"
        elif not is_message(item) and item.get("type") != "reasoning":
            yield f"an item of type {item.get('type')!r} is no message"


def _exact_by_field(body: dict[str, Any]) -> Iterator[str]:
    yield from (f"{name}: {why}" for name, why in VERBATIM.items() if _asked(body.get(name)))
    if body.get("n", 1) != 1:
        yield "n: several answers were asked for"
    known = IGNORED | CONVERSATION | TOOLS | WALLS | set(NEVER) | set(VERBATIM) | {"modalities"}
    yield from (
        f"{name}: what it means to an answer is not known" for name in sorted(map(str, body)) if name not in known
    )


def _exact_by_item(body: dict[str, Any]) -> Iterator[str]:
    items = conversation(body)
    if any(not is_message(item) or text_of(item) is None for item in items if item.get("content") is not None):
        yield "a message holds more than text"
    elif items[-1].get("role") != "user":
        yield "the last message is not the user's"
    question = question_of(body)
    if not question.strip():
        yield "the question is empty"
    elif len(question) > LONGEST_QUESTION:
        yield f"the question is longer than {LONGEST_QUESTION:,} characters"


def _asked(value: object) -> bool:
    return value is not None and value is not False


def _at_most(value: object, most: float) -> bool:
    return isinstance(value, int | float) and value <= most


def _tool_kind(tool: object) -> Literal["function"] | str:
    return str(tool.get("type", "function")) if isinstance(tool, Mapping) else ""
