"""LangCache's API: Redis' own clients work against this server."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from semcache.audit import extent
from semcache.cache.options import CacheOptions
from semcache.server.attributed import AttributedCache, NearAnswer
from semcache.server.backend import Backend
from semcache.server.identity import caller
from semcache.server.routers.given import WHOLE

DEFAULT_THRESHOLD = 0.9
_MOST_CACHES = 1_000
CacheId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,128}$", description="any name: a cache is there at once")]
Text = Annotated[str, Field(min_length=1)]
Attributes = Annotated[dict[Text, Text], Field(max_length=50)]


class Problem(BaseModel):
    """Why a request failed."""

    title: str
    type: str
    status: int
    detail: str


class Given(BaseModel):
    """A request; unknown names are left out, other types are refused."""

    model_config = ConfigDict(strict=True, extra="ignore")


class NewEntry(Given):
    """A prompt and its answer."""

    prompt: Text
    response: Text
    attributes: Attributes | None = None
    ttlMillis: Annotated[int, Field(ge=1, le=10_000_000_000_000), WHOLE] | None = None


class Search(Given):
    """What is looked for. `similarityThreshold` is (1 + cosine) / 2."""

    prompt: Text
    similarityThreshold: Annotated[float, Field(ge=0, le=1)] | None = None
    searchStrategies: Annotated[list[Literal["exact", "semantic"]], Field(min_length=1)] | None = None
    attributes: Attributes | None = None
    maxResults: Annotated[int, Field(ge=1, le=100), WHOLE] | None = None


class Conversation(Search):
    """The same, with the questions before."""

    context: list[Text] | None = None


class Selection(Given):
    """Which entries are meant: those with all of the attributes."""

    attributes: Annotated[Attributes, Field(min_length=1, description="at least one; .../flush deletes everything")]


class EntryId(BaseModel):
    """The id of a new entry."""

    entryId: str


class FoundEntry(BaseModel):
    """An entry that was found."""

    id: str
    prompt: str
    response: str
    attributes: dict[str, str]
    similarity: float
    searchStrategy: Literal["exact", "semantic"]


class Found(BaseModel):
    """Entries, the best first."""

    data: list[FoundEntry]


class FoundInConversation(Found):
    """Entries, and what was looked for."""

    actualPrompt: str


class Deleted(BaseModel):
    """How many entries were deleted."""

    deletedEntriesCount: int


_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 413, 424, 429, 500)
}


class LangCaches:
    """The caches of all tenants by their ids. Each method asks Redis and models: it belongs in a thread."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._open: OrderedDict[tuple[str, str], AttributedCache] = OrderedDict()

    def of(self, cache_id: str) -> AttributedCache:
        """A cache of whoever asks."""
        app, key = self._backend.app, (caller.get().tenant, cache_id)
        cache = self._open.pop(key, None)
        if cache is None:
            wanted = app.settings.cache
            options = CacheOptions(max_entries=wanted.max_entries, idle_ttl=wanted.idle_ttl_s, runtime=app.runtime)
            cache = AttributedCache(
                app.redis,
                embedder=app.embedder,
                namespace=app.settings.namespace,
                scope={"tenant": key[0], "langcache": cache_id},
                max_error_rate=wanted.max_error_rate,
                ttl=wanted.ttl_s,
                options=options,
            )
        self._open[key] = cache
        if len(self._open) > _MOST_CACHES:
            self._open.popitem(last=False)
        return cache

    def removed(self, cache_id: str, remove: Callable[[AttributedCache], int]) -> int:
        """Removes answers of a cache, which the audit trail takes down; how many."""
        if count := remove(self.of(cache_id)):
            actor, detail = caller.get().user, extent(count, "answer")
            self._backend.trail.done("removed answers", cache_id, actor=actor, via="http", detail=detail)
        return count

    def search(self, cache_id: str, wanted: Search) -> list[FoundEntry]:
        """What may be served, in the order of the strategies."""
        cache, attributes = self.of(cache_id), wanted.attributes or {}
        near = cache.nearest(wanted.prompt, attributes, most=100)
        if self._backend.settings.server.langcache_decision == "budget":
            hit = cache.within_budget(wanted.prompt, attributes)
            near = [each for each in near if hit and each.entry.entry_id == hit.entry_id]
        strategies = wanted.searchStrategies or ["semantic"]
        least = DEFAULT_THRESHOLD if wanted.similarityThreshold is None else wanted.similarityThreshold
        found = [entry for strategy in strategies for entry in _by_strategy(strategy, near, least)]
        unique = {entry.id: entry for entry in reversed(found)}
        ordered = [entry for entry in found if unique.pop(entry.id, None)]
        return ordered[: wanted.maxResults or 1]


def _by_strategy(strategy: Literal["exact", "semantic"], near: list[NearAnswer], least: float) -> list[FoundEntry]:
    return [
        FoundEntry(
            id=each.entry.entry_id,
            prompt=each.entry.prompt,
            response=each.entry.response,
            attributes=dict(each.attributes),
            similarity=1.0 if each.same else _normalised(each.similarity),
            searchStrategy=strategy,
        )
        for each in near
        if (each.same if strategy == "exact" else each.same or _normalised(each.similarity) >= least)
    ]


def _normalised(cosine: float) -> float:
    return min(1.0, max(0.0, (1 + cosine) / 2))


def langcache(backend: Backend) -> APIRouter:
    """The routes under /v1/caches."""
    router = APIRouter(prefix="/v1/caches/{cache_id}", tags=["langcache"], responses=_ERRORS)
    caches = LangCaches(backend)

    @router.post("/entries", status_code=201)
    async def store(cache_id: CacheId, entry: NewEntry) -> EntryId:
        """Store an answer."""
        ttl = None if entry.ttlMillis is None else entry.ttlMillis / 1000
        attributes = entry.attributes or {}
        id = await backend.run(lambda: caches.of(cache_id).put(entry.prompt, entry.response, attributes, ttl=ttl))
        return EntryId(entryId=id)

    @router.post("/entries/search")
    async def search(cache_id: CacheId, wanted: Search) -> Found:
        """Find answers to a prompt."""
        return Found(data=await backend.run(lambda: caches.search(cache_id, wanted)))

    @router.post("/conversations/search")
    async def search_conversation(cache_id: CacheId, wanted: Conversation) -> FoundInConversation:
        """Find answers to a prompt behind others; the prompt has to stand alone."""
        data = await backend.run(lambda: caches.search(cache_id, wanted))
        return FoundInConversation(actualPrompt=wanted.prompt, data=data)

    @router.delete("/entries")
    async def delete_by_attributes(cache_id: CacheId, selection: Selection) -> Deleted:
        """Delete the answers with all of these attributes."""
        removed = await backend.run(lambda: caches.removed(cache_id, lambda cache: cache.remove(selection.attributes)))
        return Deleted(deletedEntriesCount=removed)

    @router.delete("/entries/{entry_id}", status_code=204, response_class=Response)
    async def delete(cache_id: CacheId, entry_id: Annotated[str, Path(min_length=1, max_length=200)]) -> None:
        """Delete an answer, if it is there."""
        await backend.run(lambda: caches.removed(cache_id, lambda cache: cache.invalidate(entry_id=entry_id)))

    @router.post("/flush", status_code=204, response_class=Response)
    async def flush(cache_id: CacheId) -> None:
        """Delete all answers."""
        await backend.run(lambda: caches.removed(cache_id, lambda cache: cache.clear()))

    return router
