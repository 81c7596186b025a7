"""Asynchronous callers of a synchronous cache: calls in threads, computations in the event loop of who asks."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from functools import partial, wraps
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Protocol, TypeVar, cast

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

from semcache.cache.computing.once import Pieces
from semcache.cache.flight import CallerIsGone

T = TypeVar("T")
Function = TypeVar("Function", bound=Callable[..., Any])
AsyncCompute = Callable[[], Awaitable[str] | AsyncIterator[str] | str]

CALLS, WAITS = 64, 1_000
"""Threads at most: of short calls, and of callers that may wait for the answer of somebody else."""
_CALLS: RunVar[anyio.CapacityLimiter] = RunVar("semcache_calls")
_WAITS: RunVar[anyio.CapacityLimiter] = RunVar("semcache_waits")
_END = object()


class StreamingCache(Protocol):
    """What is bridged of a cache."""

    @property
    def get_or_compute(self) -> Callable[..., str]: ...
    @property
    def stream(self) -> Callable[..., Pieces]: ...


async def in_thread(call: Callable[[], T], *, waits: bool = False) -> T:
    """The result of a blocking call. `waits`: it may be abandoned when its caller is cancelled; others are finished."""
    limiter = _limiter(_WAITS, WAITS) if waits else _limiter(_CALLS, CALLS)
    return await anyio.to_thread.run_sync(call, limiter=limiter, abandon_on_cancel=waits)


def _limiter(kept: RunVar[anyio.CapacityLimiter], threads: int) -> anyio.CapacityLimiter:
    try:
        return kept.get()
    except LookupError:
        made = anyio.CapacityLimiter(threads)
        kept.set(made)
        return made


class Bridge:
    """A computation of the running event loop, for the thread that leads its flight. Leaving it cancels what runs."""

    def __init__(self, compute: AsyncCompute) -> None:
        self._compute = compute
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._gone = False
        self._running: concurrent.futures.Future[None] | None = None

    def __enter__(self) -> Bridge:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            self._gone = True
            if self._running is not None:
                self._running.cancel()

    def start(self) -> Iterator[str]:
        """The pieces of the answer, in whichever thread; raises CallerIsGone if nobody waits for them any more."""
        pieces: SimpleQueue[Any] = SimpleQueue()
        with self._lock:
            if self._gone:
                raise CallerIsGone
            self._running = asyncio.run_coroutine_threadsafe(self._drive(pieces), self._loop)
        self._running.add_done_callback(lambda _: pieces.put(_END))
        return _pulled(self._running, pieces)

    async def _drive(self, pieces: SimpleQueue[Any]) -> None:
        answer: Any = self._compute()
        if inspect.isawaitable(answer):
            answer = await answer
        if not hasattr(answer, "__aiter__"):
            pieces.put(answer)
            return
        try:
            async for piece in answer:
                pieces.put(piece)
        finally:
            if inspect.isasyncgen(answer):
                await answer.aclose()


def _pulled(running: concurrent.futures.Future[None], pieces: SimpleQueue[Any]) -> Generator[str, None, None]:
    try:
        while (piece := pieces.get()) is not _END:
            yield piece
        running.result()
    except (concurrent.futures.CancelledError, asyncio.CancelledError) as error:
        raise CallerIsGone from error
    finally:
        running.cancel()


async def get_or_compute(cache: StreamingCache, prompt: str, compute: AsyncCompute, **options: Any) -> str:
    """`SemanticCache.get_or_compute` with a computation of the running event loop."""
    with Bridge(compute) as bridge:
        try:
            return await in_thread(partial(cache.get_or_compute, prompt, bridge.start, **options), waits=True)
        except CallerIsGone as error:
            raise asyncio.CancelledError from error


async def stream(
    cache: StreamingCache, prompt: str, compute: AsyncCompute, **options: Any
) -> AsyncGenerator[str, None]:
    """`SemanticCache.stream` with a computation of the running event loop."""
    with Bridge(compute) as bridge:
        pieces = await in_thread(partial(cache.stream, prompt, bridge.start, **options), waits=True)
        try:
            while (piece := await in_thread(partial(next, pieces, None), waits=True)) is not None:
                yield piece
        except CallerIsGone as error:
            raise asyncio.CancelledError from error
        finally:
            _close(pieces)


def _close(pieces: Pieces) -> None:
    try:
        pieces.close()
    except ValueError:  # a thread is still in it, and ends with the computation, which is cancelled
        return


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine or an asynchronous generator."""
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def remembered(cache: StreamingCache, function: Function) -> Function:
    """The async function of a prompt, asked only for what the cache has not."""
    if inspect.isasyncgenfunction(function):

        @wraps(function)
        async def streamed(prompt: str) -> AsyncIterator[str]:
            async for piece in stream(cache, prompt, partial(function, prompt)):
                yield piece

        return cast(Function, streamed)

    @wraps(function)
    async def asked(prompt: str) -> str:
        return await get_or_compute(cache, prompt, partial(function, prompt))

    return cast(Function, asked)
