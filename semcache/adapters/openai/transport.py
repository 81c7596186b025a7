"""`wrap`: the SDK's HTTP client with the cache before it. Whatever method asks, its request and answer pass here."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import httpx2
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI
from pydantic import BaseModel

from semcache.adapters.openai.answers import Asked, StoredAnswers, Validate
from semcache.adapters.openai.turns import Turn
from semcache.aio import AsyncSemanticCache
from semcache.cache import SemanticCache
from semcache.cache.computing.bridge import in_thread
from semcache.errors import InvalidInput, SemcacheError
from semcache.inputs import duration
from semcache.llm.requests import Endpoint
from semcache.llm.requests.collecting import Collector
from semcache.llm.requests.replay import RESPONSE_ID

Client = TypeVar("Client", OpenAI, AsyncOpenAI)
_log = logging.getLogger(__name__)
_ENDPOINTS: dict[str, Endpoint] = {"/chat/completions": "chat", "/responses": "responses"}
_OF_BODY = ("content-encoding", "content-length", "transfer-encoding")
_HIT = {"x-semcache": "hit"}


def wrap(
    client: Client,
    cache: SemanticCache | AsyncSemanticCache,
    *,
    validate: Validate | type[BaseModel] | None = None,
    owner: str = "",
    wait_s: float = 60.0,
) -> Client:
    """A client with the same methods, whose answers come from the cache where the rules allow it.

    A hit has new ids, a usage of 0, and says in `_semcache` where it comes from (of a stream, the first chunk). Of many
    who ask the same at once, in whichever thread or process, one asks the service; the others wait for its answer, for
    `wait_s` at most. An answer that has not the form that was asked for (a JSON schema) is not stored. `validate`: a
    pydantic model, or a callable of the text that returns False or raises ValueError: only valid answers are stored
    and served. `owner`: who asks, so that answers about them can be stored for them. An outage of Redis is logged, and
    the service is asked.

    Raises:
        InvalidInput: the client is no OpenAI() or AsyncOpenAI().
    """
    check = validate.model_validate_json if isinstance(validate, type) and issubclass(validate, BaseModel) else validate
    sync = cache.sync if isinstance(cache, AsyncSemanticCache) else cache
    upstream = str(getattr(client, "base_url", ""))
    wait_s = duration("wait_s", wait_s, least=0)
    answers = StoredAnswers(sync, upstream=upstream, validate=check, owner=owner, wait_s=wait_s)
    if isinstance(client, OpenAI):
        return client.copy(http_client=DefaultHttpxClient(transport=_Cached(client._client, answers)))
    if isinstance(client, AsyncOpenAI):
        return client.copy(http_client=DefaultAsyncHttpxClient(transport=_AsyncCached(client._client, answers)))
    raise InvalidInput(f"wrap takes an OpenAI() or an AsyncOpenAI(), not {type(client).__name__}")


@dataclass(frozen=True, slots=True)
class _Looked:
    """What came of looking: the answer, or the request to send, what it asks, and the turn to ask it."""

    request: httpx2.Request
    answer: httpx2.Response | None = None
    asked: Asked | None = None
    turn: Turn | None = None

    def keep(self, answers: StoredAnswers, content: bytes) -> None:
        """Stores the answer and ends the turn. The answer is there, so whatever goes wrong here is logged."""
        try:
            if self.asked is not None:
                answers.keep(self.asked, json.loads(content))
        except (SemcacheError, ValueError) as error:
            _log.warning("an answer is not stored: %s", error)
        finally:
            self.end()

    def end(self) -> None:
        if self.turn is not None:
            self.turn.end()

    def kept(self, answered: httpx2.Response) -> bool:
        """Whether an answer may be stored."""
        return self.asked is not None and answered.status_code == 200

    @property
    def streamed(self) -> bool:
        return self.asked is not None and bool(self.asked.body.get("stream"))


class _Cached(httpx2.BaseTransport):
    def __init__(self, client: httpx2.Client, answers: StoredAnswers) -> None:
        self._client = client
        self._answers = answers

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        looked = _looked(self._answers, request)
        if looked.answer is not None:
            return looked.answer
        try:
            answered = self._client.send(looked.request, stream=True)
            if not looked.kept(answered):
                looked.end()
                return answered
            if looked.streamed:
                return _passed_on(answered, stream=_Read(answered, self._answers, looked))
            content = answered.read()
        except BaseException:
            looked.end()
            raise
        looked.keep(self._answers, content)
        return _passed_on(answered, content=content)

    def close(self) -> None:
        self._client.close()


class _AsyncCached(httpx2.AsyncBaseTransport):
    def __init__(self, client: httpx2.AsyncClient, answers: StoredAnswers) -> None:
        self._client = client
        self._answers = answers

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        looked = await in_thread(partial(_looked, self._answers, request), waits=True)
        if looked.answer is not None:
            return looked.answer
        try:
            answered = await self._client.send(looked.request, stream=True)
            if not looked.kept(answered):
                await in_thread(looked.end)
                return answered
            if looked.streamed:
                return _passed_on(answered, stream=_AsyncRead(answered, self._answers, looked))
            content = await answered.aread()
        except BaseException:
            looked.end()
            raise
        await in_thread(partial(looked.keep, self._answers, content))
        return _passed_on(answered, content=content)

    async def aclose(self) -> None:
        await self._client.aclose()


class _Read(httpx2.SyncByteStream):
    """A stream that is passed on, and kept when it has come whole."""

    def __init__(self, answered: httpx2.Response, answers: StoredAnswers, looked: _Looked) -> None:
        self._answered = answered
        self._answers = answers
        self._looked = looked

    def __iter__(self) -> Iterator[bytes]:
        collector = Collector()
        for data in self._answered.iter_bytes():
            collector.feed(data)
            if collector.whole is not None:  # before its last bytes are read: nobody may read on behind them
                self._looked.keep(self._answers, _taken(collector))
            yield data

    def close(self) -> None:
        self._looked.end()
        self._answered.close()


class _AsyncRead(httpx2.AsyncByteStream):
    """A stream that is passed on, and kept when it has come whole."""

    def __init__(self, answered: httpx2.Response, answers: StoredAnswers, looked: _Looked) -> None:
        self._answered = answered
        self._answers = answers
        self._looked = looked

    async def __aiter__(self) -> AsyncIterator[bytes]:
        collector = Collector()
        async for data in self._answered.aiter_bytes():
            collector.feed(data)
            if collector.whole is not None:
                await in_thread(partial(self._looked.keep, self._answers, _taken(collector)))
            yield data

    async def aclose(self) -> None:
        await in_thread(self._looked.end)
        await self._answered.aclose()


def _looked(answers: StoredAnswers, request: httpx2.Request) -> _Looked:
    """The stored answer to a request, after waiting for whoever asks it now, or the request to send."""
    try:
        if (own := _own_response(answers, request)) is not None:
            return _Looked(request, own)
        endpoint = next((kind for path, kind in _ENDPOINTS.items() if request.url.path.endswith(path)), None)
        body: Any = json.loads(request.read()) if endpoint and request.method == "POST" else None
        if endpoint is None or not isinstance(body, dict):
            return _Looked(request)
        asked = answers.ask(body, endpoint)
        request = request if asked.body is body else _with_body(request, asked.body)
        found, asked, turn = answers.find(asked)
    except (SemcacheError, ValueError) as error:
        _log.warning("the cache is passed over: %s", error)
        return _Looked(request)
    if found is None:
        return _Looked(request, None, asked, turn)
    kind = "text/event-stream" if asked.body.get("stream") else "application/json"
    return _Looked(request, httpx2.Response(200, headers={"content-type": kind, **_HIT}, content=found))


def _own_response(answers: StoredAnswers, request: httpx2.Request) -> httpx2.Response | None:
    """A response that was served here, when it is fetched or deleted by its id."""
    id = request.url.path.rpartition("/")[2]
    if not id.startswith(RESPONSE_ID) or request.method not in ("GET", "DELETE"):
        return None
    body = answers.served(id)
    if body is None:
        return None
    if request.method == "DELETE":
        body = {"id": id, "object": "response", "deleted": answers.drop(id)}
    return httpx2.Response(200, headers=_HIT, json=dict(body))


def _with_body(request: httpx2.Request, body: Any) -> httpx2.Request:
    headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _OF_BODY]
    content = json.dumps(body).encode()
    return httpx2.Request(request.method, request.url, headers=headers, content=content, extensions=request.extensions)


def _taken(collector: Collector) -> bytes:
    whole, collector.whole = collector.whole, None
    return json.dumps(whole).encode()


def _passed_on(answered: httpx2.Response, **content: Any) -> httpx2.Response:
    headers = [(name, value) for name, value in answered.headers.items() if name.lower() not in _OF_BODY]
    return httpx2.Response(200, headers=headers, **content)
