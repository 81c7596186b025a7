"""The OpenAI SDK's clients behind `wrap`: the same types, one call."""

from __future__ import annotations

import asyncio

import pytest
from openai import AsyncOpenAI, InternalServerError, OpenAI

from semcache.adapters.openai import wrap
from semcache.cache import SemanticCache
from semcache.embed import Embedder
from tests.llm.server import FakeOpenAi, Trouble

QUESTION = "How do I renew a library card?"
MESSAGES = [{"role": "user", "content": QUESTION}]


def ask(client: OpenAI, **fields: object) -> str:
    return str(client.chat.completions.create(model="m", messages=MESSAGES, **fields).choices[0].message.content)  # type: ignore[call-overload]


def told(client: OpenAI) -> str:
    chunks = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)  # type: ignore[call-overload]
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_the_second_request_is_served(client: OpenAI, api: FakeOpenAi) -> None:
    """With the SDK's types, a usage of nothing, and where it comes from; streamed and not."""
    first = ask(client)
    again = client.chat.completions.create(model="m", messages=MESSAGES)  # type: ignore[call-overload]
    assert again.choices[0].message.content == first == told(client)
    assert again.usage.total_tokens == 0
    assert again._semcache["kind"] == "exact"
    assert len(api.requests) == 1


def test_a_stream_is_kept_when_whole(client: OpenAI, api: FakeOpenAi) -> None:
    """What was streamed is served to who wants it at once, and through the SDK's helper."""
    assert told(client) == ask(client)
    with client.chat.completions.stream(model="m", messages=MESSAGES) as stream:  # type: ignore[arg-type]
        assert stream.get_final_completion().choices[0].message.content == ask(client)
    assert len(api.requests) == 1


@pytest.mark.parametrize("fields", [{"temperature": 1.5}, {"model": "other"}, {"stop": "x"}])
def test_another_request_is_asked(client: OpenAI, api: FakeOpenAi, fields: dict[str, object]) -> None:
    """Other parameters are other walls; those for variety are never served."""
    ask(client)
    client.chat.completions.create(**{"model": "m", "messages": MESSAGES, **fields})  # type: ignore[call-overload]
    assert len(api.requests) == 2


def test_a_seed_is_served_verbatim(client: OpenAI, api: FakeOpenAi) -> None:
    """The very same request, and none that differs in a mark."""
    assert ask(client, seed=1) == ask(client, seed=1)
    client.chat.completions.create(model="m", seed=1, messages=[{"role": "user", "content": QUESTION[:-1]}])
    assert len(api.requests) == 2


def test_cut_answers_are_not_kept(client: OpenAI, api: FakeOpenAi) -> None:
    """Only finish_reason "stop" is a whole answer."""
    api.finish_reason = "length"
    ask(client)
    told(client)
    assert len(api.requests) == 2


def test_only_valid_answers_are_kept(api: FakeOpenAi, cache: SemanticCache) -> None:
    """What the validation refuses is given to its caller alone."""
    client = wrap(OpenAI(base_url=api.base_url, api_key="k"), cache, validate=lambda text: "{" in text)
    ask(client)
    ask(client)
    assert len(api.requests) == 2


def test_errors_of_the_service_are_the_sdks(client: OpenAI, api: FakeOpenAi) -> None:
    """They are neither stored nor changed."""
    api.then(Trouble("status", 500))
    with pytest.raises(InternalServerError):
        ask(client)
    assert ask(client)


def test_an_outage_of_redis_is_passed_over(api: FakeOpenAi, embedder: Embedder) -> None:
    """The service is asked as if there were no cache."""
    client = wrap(OpenAI(base_url=api.base_url, api_key="k"), SemanticCache("redis://127.0.0.1:1", embedder=embedder))
    assert ask(client)


def test_the_async_client_too(api: FakeOpenAi, cache: SemanticCache) -> None:
    """Streamed and not, one call."""

    async def main() -> list[str]:
        client = wrap(AsyncOpenAI(base_url=api.base_url, api_key="k"), cache)
        chunks = await client.chat.completions.create(model="m", messages=MESSAGES, stream=True)  # type: ignore[call-overload]
        streamed = [chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices]
        whole = await client.chat.completions.create(model="m", messages=MESSAGES)  # type: ignore[call-overload]
        return ["".join(streamed), str(whole.choices[0].message.content)]

    streamed, whole = asyncio.run(main())
    assert streamed == whole
    assert len(api.requests) == 1
