"""Of many who ask the same at once, one asks the service: threads, event loops and processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI, InternalServerError, OpenAI

from semcache.adapters.openai import wrap
from semcache.cache import SemanticCache
from semcache.devstack.ports import free_port
from semcache.store.clients.client import Client
from tests.llm.server import FakeOpenAi, Trouble
from tests.waiting import wait_until

QUESTION = "How do I renew a library card?"
MANY = 30
ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": QUESTION}]}


def ask(client: OpenAI, *, stream: bool) -> str:
    if not stream:
        return str(client.chat.completions.create(**ASKED).choices[0].message.content)
    chunks = client.chat.completions.create(**ASKED, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def ask_async(client: AsyncOpenAI, *, stream: bool) -> str:
    if not stream:
        return str((await client.chat.completions.create(**ASKED)).choices[0].message.content)
    chunks = await client.chat.completions.create(**ASKED, stream=True)
    return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices])


def leases(redis: Client) -> list[Any]:
    """Those that somebody holds: of one that was given up a mark is left."""
    return [key for key in redis.scan_iter("sc:{v:*}:flight:*") if redis.get(key)]


def test_threads_and_an_event_loop_share_one_call(api: FakeOpenAi, cache: SemanticCache, redis: Client) -> None:
    """Streamed and not, mixed: everybody gets the one answer, and no lease is left."""
    client = wrap(OpenAI(base_url=api.base_url, api_key="k", max_retries=0), cache)
    cache.warm_up()

    async def many() -> list[str]:
        asynchronous = wrap(AsyncOpenAI(base_url=api.base_url, api_key="k", max_retries=0), cache)
        return await asyncio.gather(*(ask_async(asynchronous, stream=n % 2 == 0) for n in range(10)))

    with ThreadPoolExecutor(11) as threads:
        asking = [threads.submit(ask, client, stream=n % 2 == 0) for n in range(10)]
        looping = threads.submit(lambda: asyncio.run(many()))
        answers = {*(one.result() for one in asking), *looping.result()}
    assert answers == {f"You said: {QUESTION}"}
    assert len(api.requests) == 1
    assert leases(redis) == []


def test_a_failure_lets_the_next_ask(api: FakeOpenAi, cache: SemanticCache) -> None:
    """Its caller alone gets the error."""
    client = wrap(OpenAI(base_url=api.base_url, api_key="k", max_retries=0), cache)
    api.then(Trouble("status", 500))
    with pytest.raises(InternalServerError):
        ask(client, stream=False)
    assert ask(client, stream=True)


@pytest.mark.parametrize("ending", ["close", "forget"])
def test_a_stream_that_nobody_reads_on_holds_nobody_up(
    api: FakeOpenAi, cache: SemanticCache, redis: Client, ending: str
) -> None:
    """Whether it is closed or forgotten, its turn is over."""
    client = wrap(OpenAI(base_url=api.base_url, api_key="k", max_retries=0), cache)
    stream = client.chat.completions.create(**ASKED, stream=True)
    next(iter(stream))
    if ending == "close":
        stream.close()
    del stream
    wait_until("the lease is given up", lambda: leases(redis) == [])
    assert ask(client, stream=False)


def test_who_is_cancelled_holds_nobody_up(api: FakeOpenAi, cache: SemanticCache, redis: Client) -> None:
    """A coroutine that asks, and one that waits for it."""
    cache.warm_up()

    async def main() -> str:
        client = wrap(AsyncOpenAI(base_url=api.base_url, api_key="k", max_retries=0), cache)
        api.then(Trouble("hang"))
        asking = asyncio.create_task(ask_async(client, stream=False))
        await asyncio.to_thread(wait_until, "the service is asked", lambda: len(api.requests) == 1)
        waiting = asyncio.create_task(ask_async(client, stream=False))
        await asyncio.sleep(0)
        waiting.cancel()
        asking.cancel()
        await asyncio.gather(asking, waiting, return_exceptions=True)
        return await ask_async(client, stream=False)

    assert asyncio.run(main())
    wait_until("the leases are given up", lambda: leases(redis) == [])


@pytest.fixture
def workers(api: FakeOpenAi, redis_url: str, namespace: str) -> Iterator[Callable[..., Any]]:
    """The application on two uvicorn workers, as a function that asks it."""
    base = f"http://127.0.0.1:{(port := free_port())}"
    told = {"ASKING_REDIS": redis_url, "ASKING_NAMESPACE": namespace, "ASKING_LLM": api.base_url}
    command = [sys.executable, "-m", "uvicorn", "tests.adapters.asking_app:app", "--workers", "2", "--port", str(port)]
    patient = ["--log-level", "warning", "--timeout-worker-healthcheck", "200"]  # a busy machine starts slowly
    process = subprocess.Popen([*command, *patient], env={**os.environ, **told})

    def get(path: str, **params: Any) -> httpx2.Response:
        return httpx2.get(f"{base}/{path}", params=params, timeout=150)

    def up() -> bool:
        try:
            return get("openapi.json").status_code == 200
        except httpx2.TransportError:
            return False

    try:
        wait_until("the application answers", up, timeout_s=200)
        yield get
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.timeout(500)
@pytest.mark.parametrize("stream", [False, True])
def test_two_workers_share_one_call(
    workers: Callable[..., Any], api: FakeOpenAi, redis: Client, namespace: str, stream: bool
) -> None:
    """Thirty equal requests that are all there before the model answers: one call."""
    api.gate = threading.Event()
    with ThreadPoolExecutor(MANY) as threads:
        asking = [threads.submit(workers, "ask", question=QUESTION, stream=stream) for _ in range(MANY)]
        wait_until("all have come", lambda: int(redis.get(f"test:{namespace}:arrived") or 0) == MANY, timeout_s=100)  # type: ignore[arg-type]
        api.gate.set()
        answers = {one.result().text for one in asking}
    redis.delete(f"test:{namespace}:arrived")
    assert answers == {f"You said: {QUESTION}"}
    assert len(api.requests) == 1
