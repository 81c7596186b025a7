"""The cache for asynchronous callers: one computation for all, streams, cancellation."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from semcache.aio import AsyncKnowledgeBase, AsyncSemanticCache
from semcache.cache import SemanticCache
from semcache.embed import Embedder

QUESTION = "How do I renew a library card?"


@pytest.fixture
def cache(redis_url: str, namespace: str, embedder: Embedder) -> Iterator[AsyncSemanticCache]:
    with SemanticCache(redis_url, namespace=namespace, embedder=embedder) as sync:
        yield AsyncSemanticCache(sync)


def test_thirty_callers_compute_once(cache: AsyncSemanticCache) -> None:
    """Of thirty coroutines and ten threads that ask at once, one computes."""
    calls: list[int] = []

    async def compute() -> str:
        calls.append(1)
        await asyncio.sleep(0.2)
        return "Online."

    def sync_compute() -> str:
        calls.append(2)
        return "Online."

    async def main() -> set[str]:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(cache.get_or_compute(QUESTION, compute)) for _ in range(30)]
            while not calls:
                await asyncio.sleep(0.001)
            threads = [
                group.create_task(asyncio.to_thread(cache.sync.get_or_compute, QUESTION, sync_compute))
                for _ in range(3)
            ]
        return {task.result() for task in [*asked, *threads]}

    assert asyncio.run(main()) == {"Online."}
    assert len(calls) == 1


def test_streams_come_in_pieces_and_are_kept_whole(cache: AsyncSemanticCache) -> None:
    """Who computes sees the pieces; the next one the whole answer, without a call."""

    async def compute() -> AsyncIterator[str]:
        for piece in ("On", "line", "."):
            yield piece

    async def main() -> None:
        assert [piece async for piece in cache.stream(QUESTION, compute)] == ["On", "line", "."]
        assert [piece async for piece in cache.stream(QUESTION, compute)] == ["Online."]
        hit = await cache.lookup(QUESTION)
        assert hit
        assert hit.response == "Online."

    asyncio.run(main())


def test_a_cancelled_leader_is_followed_by_one_who_waits(cache: AsyncSemanticCache) -> None:
    """Its computation is cancelled, nothing of it is kept, and the next in line computes."""
    seen: list[str] = []

    async def never() -> str:
        seen.append("started")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        return "never"

    async def compute() -> str:
        return "Online."

    async def main() -> str:
        leader = asyncio.create_task(cache.get_or_compute(QUESTION, never))
        while not seen:
            await asyncio.sleep(0.001)
        follower = asyncio.create_task(cache.get_or_compute(QUESTION, compute))
        await asyncio.sleep(0)
        leader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leader
        return await follower

    assert asyncio.run(main()) == "Online."
    assert seen == ["started", "cancelled"]


def test_a_stream_left_early_is_not_kept(cache: AsyncSemanticCache) -> None:
    """Closing it cancels its computation; half an answer is stored for nobody."""
    closed = threading.Event()

    async def compute() -> AsyncIterator[str]:
        try:
            yield "On"
            await asyncio.Event().wait()
        finally:
            closed.set()

    async def main() -> None:
        stream = cache.stream(QUESTION, compute)
        async for piece in stream:
            assert piece == "On"
            break
        await stream.aclose()
        assert await asyncio.to_thread(closed.wait, 5)
        assert not await cache.lookup(QUESTION)

    asyncio.run(main())


def test_errors_of_a_computation_reach_its_caller(cache: AsyncSemanticCache) -> None:
    """Whatever it raises, as it is."""

    async def compute() -> str:
        raise LookupError("no such shelf")

    with pytest.raises(LookupError, match="shelf"):
        asyncio.run(cache.get_or_compute(QUESTION, compute))


def test_async_functions_are_decorated(cache: AsyncSemanticCache) -> None:
    """Coroutine functions and async generators, by the synchronous cache's decorator."""
    calls: list[str] = []

    @cache.sync.cached
    async def answer(prompt: str) -> str:
        calls.append(prompt)
        return "Online."

    @cache.sync.cached
    async def tell(prompt: str) -> AsyncIterator[str]:
        calls.append(prompt)
        yield "Never."

    async def main() -> list[str]:
        told = [piece async for piece in tell(QUESTION)] if await answer(QUESTION) else []
        return [await answer(QUESTION), *told]

    assert asyncio.run(main()) == ["Online.", "Online."]
    assert len(calls) == 1


def test_documents_are_iterated_over(redis_url: str, namespace: str, embedder: Embedder) -> None:
    """What the synchronous store yields comes as an asynchronous iterator; warming up loads the model."""

    async def main() -> list[str]:
        base = AsyncKnowledgeBase(redis_url, namespace=namespace, embedder=embedder)
        await base.upsert("doc", "Cards are renewed online.")
        await AsyncSemanticCache(redis_url, namespace=namespace, embedder=embedder).warm_up()
        return [document.document async for document in base.documents()]

    assert asyncio.run(main()) == ["doc"]
