"""The Responses API and structured outputs behind `wrap`."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel, Field

from semcache.adapters.openai import wrap
from semcache.cache import SemanticCache
from tests.llm.server import FakeOpenAi

QUESTION = "How do I renew a library card?"


class Steps(BaseModel):
    title: str
    count: int = Field(ge=1)


def streamed(client: OpenAI, **fields: Any) -> str:
    with client.responses.stream(model="m", input=QUESTION, **fields) as stream:
        return str(stream.get_final_response().output_text)


@pytest.mark.parametrize("fields", [{}, {"store": False}, {"instructions": "Be short."}])
def test_a_response_is_served(client: OpenAI, api: FakeOpenAi, fields: dict[str, Any]) -> None:
    """With an id of its own and a usage of nothing; at once, streamed and through the SDK's helper."""
    first = client.responses.create(model="m", input=QUESTION, **fields)
    again = client.responses.create(model="m", input=QUESTION, **fields)
    assert again.output_text == first.output_text == streamed(client, **fields)
    assert again.usage is not None
    assert (again.usage.total_tokens, again._semcache["kind"]) == (0, "exact")  # type: ignore[attr-defined]
    assert again.id.startswith("resp_sc_")
    events = list(client.responses.create(model="m", input=QUESTION, stream=True, **fields))
    assert events[-1].type == "response.completed"
    assert events[-1].response._semcache["kind"] == "exact"  # type: ignore[attr-defined]
    assert len(api.requests) == 1


def test_a_streamed_response_is_kept(client: OpenAI, api: FakeOpenAi) -> None:
    """When it has come whole."""
    assert streamed(client) == client.responses.create(model="m", input=QUESTION).output_text
    assert len(api.requests) == 1


def test_a_served_response_can_be_gone_on_from(client: OpenAI, api: FakeOpenAi) -> None:
    """The service, which does not know its id, is given the conversation in its place; so is the cache."""
    client.responses.create(model="m", input=QUESTION)
    served = client.responses.create(model="m", input=QUESTION)
    asked = {"model": "m", "input": "And for children?", "previous_response_id": served.id}
    after = client.responses.create(**asked)  # type: ignore[call-overload]
    assert [item["content"] for item in api.requests[-1]["input"]] == [QUESTION, served.output_text, asked["input"]]
    assert "previous_response_id" not in api.requests[-1]
    assert client.responses.create(**asked).output_text == after.output_text  # type: ignore[call-overload]
    assert len(api.requests) == 2


def test_a_served_response_is_fetched_and_deleted(client: OpenAI) -> None:
    """By its id, as one of the service's."""
    client.responses.create(model="m", input=QUESTION)
    served = client.responses.create(model="m", input=QUESTION)
    assert client.responses.retrieve(served.id).output_text == served.output_text
    client.responses.delete(served.id)
    assert client.responses.retrieve(served.id).id != served.id  # the service is asked, which says anything


def test_one_that_goes_on_from_the_services_own_is_asked(client: OpenAI, api: FakeOpenAi) -> None:
    """Nobody here knows what was said before."""
    for _ in range(2):
        client.responses.create(model="m", input=QUESTION, previous_response_id="resp-1")
    assert len(api.requests) == 2


def test_the_async_client_too(api: FakeOpenAi, cache: SemanticCache) -> None:
    """One call."""

    async def main() -> set[str]:
        client = wrap(AsyncOpenAI(base_url=api.base_url, api_key="k"), cache)
        async with client.responses.stream(model="m", input=QUESTION) as stream:
            first = await stream.get_final_response()
        return {first.output_text, (await client.responses.create(model="m", input=QUESTION)).output_text}

    assert len(asyncio.run(main())) == 1
    assert len(api.requests) == 1


def test_the_first_chunk_of_a_served_stream_tells(client: OpenAI) -> None:
    """Where the answer comes from; the others are the service's."""
    messages: Any = [{"role": "user", "content": QUESTION}]
    client.chat.completions.create(model="m", messages=messages)
    first, *others = client.chat.completions.create(model="m", messages=messages, stream=True)
    assert first._semcache["kind"] == "exact"  # type: ignore[attr-defined]
    assert not any(hasattr(chunk, "_semcache") for chunk in others)


@pytest.mark.parametrize(
    ("said", "calls"),
    [
        ({"title": "Renewal", "count": 3}, 1),
        ({"title": "Renewal", "count": 0}, 2),
        ({"title": "Renewal"}, 2),
        ({"title": "Renewal", "count": 1, "other": 1}, 2),
    ],
)
def test_what_has_not_the_form_asked_for_is_not_kept(
    client: OpenAI, api: FakeOpenAi, said: dict[str, Any], calls: int
) -> None:
    """The pydantic model of `parse` is a wall, and what is stored fits it, as strictly as it was asked for."""
    api.reply = lambda messages: json.dumps(said)
    for _ in range(2):
        asked = {"model": "m", "messages": [{"role": "user", "content": QUESTION}]}
        try:
            parsed = client.chat.completions.parse(**asked, response_format=Steps)  # type: ignore[arg-type]
        except ValueError:
            continue
        assert parsed.choices[0].message.parsed is not None
    assert len(api.requests) == calls
    api.requests.clear()
    for _ in range(2):
        try:
            client.responses.parse(model="m", input=QUESTION, text_format=Steps)
        except ValueError:
            continue
    assert len(api.requests) == calls
