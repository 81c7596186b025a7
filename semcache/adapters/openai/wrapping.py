"""The SDK's HTTP client with the cache before it: whatever method asks, its request and answer pass here."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any, TypeVar

import httpx2
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI
from pydantic import BaseModel

from semcache.adapters.openai.answers import Asked, StoredAnswers, Validate
from semcache.aio import AsyncSemanticCache
from semcache.cache import SemanticCache
from semcache.cache.computing.bridge import in_thread
from semcache.errors import InvalidInput, SemcacheError
from semcache.llm.requests import Endpoint
from semcache.llm.requests.collecting import Collector

Client = TypeVar("Client", OpenAI, AsyncOpenAI)
_log = logging.getLogger(__name__)
_ENDPOINTS: dict[str, Endpoint] = {"/chat/completions": "chat", "/responses": "responses"}
_OF_BODY = ("content-encoding", "content-length", "transfer-encoding")


def wrap(
    client: Client,
    cache: SemanticCache | AsyncSemanticCache,
    *,
    validate: Validate | type[BaseModel] | None = None,
    owner: str = "",
) -> Client:
    """A client with the same methods, whose answers come from the cache where the rules allow it.

    A hit has new ids, a usage of 0, and says in `_semcache` where it comes from. `validate`: a pydantic model, or a
    callable of the text that returns False or raises ValueError: only valid answers are stored, and served. `owner`:
    who asks, so that answers about them can be stored for them. An outage of Redis is logged, and the service is asked.

    Raises:
        InvalidInput: the client is no OpenAI() or AsyncOpenAI().
    """
    check = validate.model_validate_json if isinstance(validate, type) and issubclass(validate, BaseModel) else validate
    sync = cache.sync if isinstance(cache, AsyncSemanticCache) else cache
    answers = StoredAnswers(sync, upstream=str(getattr(client, "base_url", "")), validate=check, owner=owner)
    if isinstance(client, OpenAI):
        return client.copy(http_client=DefaultHttpxClient(transport=_Cached(client._client, answers)))
    if isinstance(client, AsyncOpenAI):
        return client.copy(http_client=DefaultAsyncHttpxClient(transport=_AsyncCached(client._client, answers)))
    raise InvalidInput(f"wrap takes an OpenAI() or an AsyncOpenAI(), not {type(client).__name__}")


class _Cached(httpx2.BaseTransport):
    def __init__(self, client: httpx2.Client, answers: StoredAnswers) -> None:
        self._client = client
        self._answers = answers

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        asked, found = _found(self._answers, request)
        if asked is not None and found is not None:
            return _response(asked, found)
        answered = self._client.send(request, stream=True)
        if asked is None or answered.status_code != 200:
            return answered
        if asked.body.get("stream"):
            return httpx2.Response(200, headers=_headers(answered), stream=_Read(answered, self._answers, asked))
        content = answered.read()
        _keep(self._answers, asked, content)
        return httpx2.Response(200, headers=_headers(answered), content=content)

    def close(self) -> None:
        self._client.close()


class _AsyncCached(httpx2.AsyncBaseTransport):
    def __init__(self, client: httpx2.AsyncClient, answers: StoredAnswers) -> None:
        self._client = client
        self._answers = answers

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        asked, found = await in_thread(partial(_found, self._answers, request))
        if asked is not None and found is not None:
            return _response(asked, found)
        answered = await self._client.send(request, stream=True)
        if asked is None or answered.status_code != 200:
            return answered
        if asked.body.get("stream"):
            return httpx2.Response(200, headers=_headers(answered), stream=_AsyncRead(answered, self._answers, asked))
        content = await answered.aread()
        await in_thread(partial(_keep, self._answers, asked, content))
        return httpx2.Response(200, headers=_headers(answered), content=content)

    async def aclose(self) -> None:
        await self._client.aclose()


class _Read(httpx2.SyncByteStream):
    """A stream that is passed on, and kept when it has come whole."""

    def __init__(self, answered: httpx2.Response, answers: StoredAnswers, asked: Asked) -> None:
        self._answered = answered
        self._keep = partial(_keep_whole, answers, asked)

    def __iter__(self) -> Iterator[bytes]:
        collector = Collector()
        for data in self._answered.iter_bytes():
            collector.feed(data)
            if collector.whole is not None:  # before its last bytes are read: nobody may read on behind them
                self._keep(collector)
            yield data

    def close(self) -> None:
        self._answered.close()


class _AsyncRead(httpx2.AsyncByteStream):
    """A stream that is passed on, and kept when it has come whole."""

    def __init__(self, answered: httpx2.Response, answers: StoredAnswers, asked: Asked) -> None:
        self._answered = answered
        self._keep = partial(_keep_whole, answers, asked)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        collector = Collector()
        async for data in self._answered.aiter_bytes():
            collector.feed(data)
            if collector.whole is not None:
                await in_thread(partial(self._keep, collector))
            yield data

    async def aclose(self) -> None:
        await self._answered.aclose()


def _found(answers: StoredAnswers, request: httpx2.Request) -> tuple[Asked | None, bytes | None]:
    """The request, if the cache has a part in it, and its stored answer."""
    endpoint = next((kind for path, kind in _ENDPOINTS.items() if request.url.path.endswith(path)), None)
    try:
        body: Any = json.loads(request.read()) if endpoint and request.method == "POST" else None
        if endpoint is None or not isinstance(body, dict):
            return None, None
        found, asked = answers.find(answers.ask(body, endpoint))
    except (SemcacheError, ValueError) as error:
        _log.warning("the cache is passed over: %s", error)
        return None, None
    return asked, found


def _keep_whole(answers: StoredAnswers, asked: Asked, collector: Collector) -> None:
    whole, collector.whole = collector.whole, None
    _keep(answers, asked, json.dumps(whole).encode())


def _keep(answers: StoredAnswers, asked: Asked, content: bytes) -> None:
    """The answer is there, so whatever goes wrong here is logged."""
    try:
        answers.keep(asked, json.loads(content))
    except (SemcacheError, ValueError) as error:
        _log.warning("an answer is not stored: %s", error)


def _response(asked: Asked, content: bytes) -> httpx2.Response:
    kind = "text/event-stream" if asked.body.get("stream") else "application/json"
    return httpx2.Response(200, headers={"content-type": kind, "x-semcache": "hit"}, content=content)


def _headers(answered: httpx2.Response) -> list[tuple[str, str]]:
    return [(name, value) for name, value in answered.headers.items() if name.lower() not in _OF_BODY]
