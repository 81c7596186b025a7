"""The three stores for asynchronous callers: the same objects, called in threads; nothing is decided here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from functools import partial, wraps
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, cast

from semcache.cache import SemanticCache
from semcache.cache.computing import bridge
from semcache.cache.computing.bridge import AsyncCompute, in_thread
from semcache.errors import InvalidInput
from semcache.knowledge import KnowledgeBase
from semcache.memory import AgentMemory

P = ParamSpec("P")
T = TypeVar("T")
Store = TypeVar("Store")
Function = TypeVar("Function", bound=Callable[..., Any])

__all__ = ["AsyncAgentMemory", "AsyncKnowledgeBase", "AsyncSemanticCache"]


class _Threaded(Generic[Store]):
    """`sync`: the store that is called, made of the arguments, or given.

    Raises:
        InvalidInput: a store is given, and arguments to make one as well.
    """

    _kind: Callable[..., Store]

    def __init__(self, redis_or_store: Any, *args: Any, **options: Any) -> None:
        kind: Any = type(self)._kind
        given = isinstance(redis_or_store, kind)
        if given and (args or options):
            raise InvalidInput(f"the {kind.__name__} is there already: arguments to make it cannot be given any more")
        self.sync: Store = redis_or_store if given else kind(redis_or_store, *args, **options)


def _in_thread(
    method: Callable[Concatenate[Store, P], T],
) -> Callable[Concatenate[_Threaded[Store], P], Coroutine[Any, Any, T]]:
    """The method, awaited. A call that has begun is finished, even if its caller is cancelled."""

    @wraps(method)
    async def call(self: _Threaded[Store], *args: P.args, **kwargs: P.kwargs) -> T:
        return await in_thread(partial(method, self.sync, *args, **kwargs))

    return cast("Callable[Concatenate[_Threaded[Store], P], Coroutine[Any, Any, T]]", call)


def _in_pieces(
    method: Callable[Concatenate[Store, P], Iterator[T]],
) -> Callable[Concatenate[_Threaded[Store], P], AsyncIterator[T]]:
    """The iterator, fetched in a thread item by item."""

    @wraps(method)
    async def iterate(self: _Threaded[Store], *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        items = await in_thread(partial(method, self.sync, *args, **kwargs))
        ended: Any = object()
        while (item := await in_thread(partial(next, items, ended))) is not ended:
            yield item

    return cast("Callable[Concatenate[_Threaded[Store], P], AsyncIterator[T]]", iterate)


class AsyncSemanticCache(_Threaded[SemanticCache]):
    """A `SemanticCache`, awaited. It takes the same arguments, or one that is there already.

    Of all who ask the same at once, in threads and in event loops, one computes.
    """

    _kind = SemanticCache

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *ended: object) -> None:
        await self.close()

    warm_up = _in_thread(SemanticCache.warm_up)
    lookup = _in_thread(SemanticCache.lookup)
    store = _in_thread(SemanticCache.store)
    store_many = _in_thread(SemanticCache.store_many)
    explain = _in_thread(SemanticCache.explain)
    feedback = _in_thread(SemanticCache.feedback)
    doubt = _in_thread(SemanticCache.doubt)
    second_opinion = _in_thread(SemanticCache.second_opinion)
    add_labelled = _in_thread(SemanticCache.add_labelled)
    learning = _in_thread(SemanticCache.learning)
    model_version = _in_thread(SemanticCache.model_version)
    invalidate = _in_thread(SemanticCache.invalidate)
    clear = _in_thread(SemanticCache.clear)
    drop = _in_thread(SemanticCache.drop)
    get = _in_thread(SemanticCache.get)
    stats = _in_thread(SemanticCache.stats)
    close = _in_thread(SemanticCache.close)
    entries = _in_pieces(SemanticCache.entries)

    async def get_or_compute(self, prompt: str, compute: AsyncCompute, **options: Any) -> str:
        """As `SemanticCache.get_or_compute`; `compute()` gives an awaitable answer, or yields its pieces.

        It runs in the caller's event loop. If the caller is cancelled so is it, and one of those who wait takes over.
        """
        return await bridge.get_or_compute(self.sync, prompt, compute, **options)

    def stream(self, prompt: str, compute: AsyncCompute, **options: Any) -> AsyncGenerator[str, None]:
        """As `SemanticCache.stream`, an asynchronous generator; only a complete answer is stored."""
        return bridge.stream(self.sync, prompt, compute, **options)

    def cached(self, function: Function) -> Function:
        """Decorates a function of a prompt, synchronous or not: `get_or_compute`, or `stream` for a generator."""
        return self.sync.cached(function)


class AsyncAgentMemory(_Threaded[AgentMemory]):
    """An `AgentMemory`, awaited. It takes the same arguments, or one that is there already."""

    _kind = AgentMemory

    append = _in_thread(AgentMemory.append)
    note = _in_thread(AgentMemory.note)
    window = _in_thread(AgentMemory.window)
    recall = _in_thread(AgentMemory.recall)
    turns = _in_thread(AgentMemory.turns)
    sessions = _in_thread(AgentMemory.sessions)
    name_session = _in_thread(AgentMemory.name_session)
    delete_session = _in_thread(AgentMemory.delete_session)
    pin = _in_thread(AgentMemory.pin)
    unpin = _in_thread(AgentMemory.unpin)
    forget = _in_thread(AgentMemory.forget)
    erase = _in_thread(AgentMemory.erase)
    export = _in_thread(AgentMemory.export)
    load = _in_thread(AgentMemory.load)
    facts = _in_thread(AgentMemory.facts)
    read_facts = _in_thread(AgentMemory.read_facts)
    context = _in_thread(AgentMemory.context)
    entities = _in_thread(AgentMemory.entities)
    wait_for = _in_thread(AgentMemory.wait_for)


class AsyncKnowledgeBase(_Threaded[KnowledgeBase]):
    """A `KnowledgeBase`, awaited. It takes the same arguments, or one that is there already."""

    _kind = KnowledgeBase

    upsert = _in_thread(KnowledgeBase.upsert)
    delete = _in_thread(KnowledgeBase.delete)
    apply = _in_thread(KnowledgeBase.apply)
    search = _in_thread(KnowledgeBase.search)
    get = _in_thread(KnowledgeBase.get)
    versions = _in_thread(KnowledgeBase.versions)
    documents = _in_pieces(KnowledgeBase.documents)
    reindex = _in_pieces(KnowledgeBase.reindex)
