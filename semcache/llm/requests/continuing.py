"""Responses that were served here, and requests that go on from one: the upstream does not know their ids (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from semcache.llm.requests.replay import RESPONSE_ID

Body = dict[str, Any]


class Lost(Exception):
    """The response that a request goes on from is not kept any more."""


def is_ours(body: Mapping[str, Any]) -> bool:
    """Whether a request goes on from a response that was served here."""
    before = body.get("previous_response_id")
    return isinstance(before, str) and before.startswith(RESPONSE_ID)


def kept(request: Body, answer: Body) -> Body:
    """What has to be kept of a served response so that others can go on from it."""
    said = [{"role": "assistant", "content": _text(item)} for item in answer["output"] if item.get("type") == "message"]
    return {"body": answer, "items": [*_items(request), *said]}


def expanded(body: Body, before: Body | None) -> Body:
    """The request with the conversation in place of the id of ours.

    Raises:
        Lost: nothing is known of that response.
    """
    if before is None:
        raise Lost(f"Previous response with id '{body['previous_response_id']}' not found.")
    rest = {name: value for name, value in body.items() if name != "previous_response_id"}
    return {**rest, "input": [*before["items"], *_items(body)]}


def _items(body: Mapping[str, Any]) -> list[Any]:
    given = body.get("input")
    return [{"role": "user", "content": given}] if isinstance(given, str) else list(given or ())


def _text(item: Mapping[str, Any]) -> str:
    return "".join(str(part.get("text", "")) for part in item["content"])
