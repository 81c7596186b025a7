"""OpenAI's own client against the server: hits, streams, responses, errors, and life without Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from semcache.devstack.ports import free_port
from tests.server.conftest import Served
from tests.waiting import wait_until

QUESTION = "How do I install the widget on Linux?"


def client_of(served: Served, key: str = "key-of-alice") -> OpenAI:
    return OpenAI(base_url=f"{served.url}/v1", api_key=key, max_retries=0)


def ask(client: OpenAI, question: str = QUESTION, **more: Any) -> tuple[str, str]:
    """What `x-semcache` says, and the answer."""
    messages: Any = [{"role": "user", "content": question}]
    raw = client.chat.completions.with_raw_response.create(**{"model": "m", "messages": messages, **more})
    return raw.headers["x-semcache"], raw.parse().choices[0].message.content


def test_the_same_question_is_served_with_a_new_id_and_no_tokens(served: Served) -> None:
    """A hit is a chat completion of its own, for which nothing was billed."""
    client, messages = client_of(served), [{"role": "user", "content": QUESTION}]
    first = client.chat.completions.create(model="m", messages=messages)  # type: ignore[arg-type]
    raw = client.chat.completions.with_raw_response.create(model="m", messages=messages)  # type: ignore[arg-type]
    second = raw.parse()
    assert second.choices[0].message.content == first.choices[0].message.content
    assert second.id.startswith("chatcmpl-sc-")
    assert second.usage.total_tokens == 0
    assert (raw.headers["x-semcache"], raw.headers["x-semcache-tokens-saved"]) == ("hit", "10")
    assert len(served.upstream.bodies) == 1


def test_streams_and_whole_answers_share_what_is_stored(served: Served) -> None:
    """What a stream brought is served at once, and what came at once is served as a stream with its usage."""
    client = client_of(served)
    messages: Any = [{"role": "user", "content": QUESTION}]
    with client.chat.completions.stream(model="m", messages=messages) as stream:
        streamed = stream.get_final_completion().choices[0].message.content
    assert ask(client) == ("hit", streamed)
    options: Any = {"include_usage": True}
    chunks = list(client.chat.completions.create(model="m", messages=messages, stream=True, stream_options=options))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == streamed
    assert chunks[-1].usage is not None
    assert len({chunk.id for chunk in chunks}) == 1


def test_async_clients_are_served_too(served: Served) -> None:
    """Two calls of the asynchronous client: the second is a hit."""

    async def twice() -> list[str]:
        async with AsyncOpenAI(base_url=f"{served.url}/v1", api_key="key-of-alice") as client:
            messages: Any = [{"role": "user", "content": QUESTION}]
            answers = [await client.chat.completions.create(model="m", messages=messages) for _ in range(2)]
            return [answer.choices[0].message.content or "" for answer in answers]

    first, second = asyncio.run(twice())
    assert first == second


def test_a_response_that_was_served_can_be_continued(served: Served) -> None:
    """The upstream does not know its id: it gets the conversation instead."""
    client = client_of(served)
    client.responses.create(model="m", input=QUESTION)
    hit = client.responses.create(model="m", input=QUESTION)
    assert hit.id.startswith("resp_sc_")
    client.responses.create(model="m", input="And on a Mac?", previous_response_id=hit.id)
    last = served.upstream.bodies[-1]
    assert "previous_response_id" not in last
    assert [item["role"] for item in last["input"]] == ["user", "assistant", "user"]
    assert client.responses.retrieve(hit.id).output_text == hit.output_text
    with client.responses.stream(model="m", input=QUESTION) as stream:
        assert stream.get_final_response().output_text == hit.output_text


def test_another_tenant_does_not_go_on_from_a_response(served: Served) -> None:
    """An id of ours means nothing with another key."""
    client = client_of(served)
    client.responses.create(model="m", input=QUESTION)
    hit = client.responses.create(model="m", input=QUESTION)
    with pytest.raises(openai.BadRequestError, match="not found"):
        client_of(served, "key-of-bob").responses.create(model="m", input="And?", previous_response_id=hit.id)


def test_embeddings_are_looked_up_text_by_text(served: Served) -> None:
    """The upstream is asked for new texts alone, and the order is the caller's."""
    client = client_of(served)
    client.embeddings.create(model="e", input=["a", "bb"], encoding_format="float")
    found = client.embeddings.create(model="e", input=["ccc", "bb", "a"], encoding_format="float")
    assert [item.embedding[0] for item in found.data] == [3.0, 2.0, 1.0]
    assert served.upstream.bodies[-1]["input"] == ["ccc"]


def test_an_answer_that_breaks_off_is_seen_to(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Before its first word: an error that can be tried again; in a stream: its end is missing. Neither is stored."""
    client = client_of(served)
    messages: Any = [{"role": "user", "content": QUESTION}]
    for _ in range(2):
        with pytest.raises(openai.InternalServerError, match="broke off") as caught:
            ask(client, model="cut")
        assert caught.value.status_code == 503
        with pytest.raises((openai.APIError, httpx2.TransportError)):
            list(client.chat.completions.create(model="cut", messages=messages, stream=True))
    assert len(served.upstream.bodies) == 4
    assert caplog.text.count("the upstream broke off its answer") == 4
    assert "a request failed" not in caplog.text


def test_errors_of_the_upstream_are_its_own(served: Served) -> None:
    """Status, body and Retry-After arrive untouched, and are not stored."""
    client = client_of(served)
    for _ in range(2):
        with pytest.raises(openai.RateLimitError) as caught:
            ask(client, model="busy")
        assert caught.value.response.headers["retry-after"] == "7"
        assert caught.value.code == "busy"
    assert len(served.upstream.bodies) == 2


def test_what_looks_like_an_answer_is_not_stored_if_the_status_says_otherwise(served: Served) -> None:
    """Only status 200 is."""
    for _ in range(2):
        with pytest.raises(openai.InternalServerError):
            ask(client_of(served), model="failing")
    assert len(served.upstream.bodies) == 2


@pytest.mark.parametrize(
    ("question", "more"),
    [
        ("What time is it now?", {}),
        (QUESTION, {"temperature": 1.5}),
        (QUESTION, {"model": "short"}),
        (QUESTION, {"extra_headers": {"x-semcache": "bypass"}}),
        (QUESTION, {"extra_headers": {"cache-control": "no-store"}}),
    ],
)
def test_what_may_not_be_served_is_answered_anew(served: Served, question: str, more: dict[str, Any]) -> None:
    """About this moment, meant to vary, cut off, or asked for without the cache."""
    client = client_of(served)
    first, second = ask(client, question, **more), ask(client, question, **more)
    assert second[0] != "hit"
    assert first[1] != second[1]


def test_a_wrong_key_is_openais_error(served: Served) -> None:
    """The client sees what it would see from OpenAI."""
    with pytest.raises(openai.AuthenticationError) as caught:
        ask(client_of(served, "wrong"))
    assert caught.value.code == "invalid_api_key"


def test_without_redis_requests_are_passed_on(serve: Callable[..., Served]) -> None:
    """The cache is away, the answers are not; the header says so."""
    served = serve(redis=f"redis://127.0.0.1:{free_port()}")
    outcome, answer = ask(client_of(served))
    assert outcome == 'bypass; reason="RedisUnavailable"'
    assert answer == "answer 1"


def test_whoever_goes_away_takes_the_upstream_along_and_nothing_is_stored(served: Served) -> None:
    """A stream that its reader closes is closed at the upstream too."""
    client = client_of(served)
    messages: Any = [{"role": "user", "content": QUESTION}]
    stream = client.chat.completions.create(model="endless", messages=messages, stream=True)
    next(iter(stream))
    stream.close()
    wait_until("the upstream's stream is closed", lambda: served.upstream.closed == 1)
    again = client.chat.completions.create(model="endless", messages=messages, stream=True)
    assert again.response.headers["x-semcache"] == "miss"
    again.close()
