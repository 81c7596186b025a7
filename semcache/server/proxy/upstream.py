"""Services that requests are passed to: which has a model, what is passed on and what is not."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import httpx2

from semcache.errors import LlmUnavailable
from semcache.settings import Settings
from semcache.settings.server import Upstream
from semcache.telemetry import ModelCall

_log = logging.getLogger(__name__)
_HOP_BY_HOP = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade".split()
)
_NOT_SENT = _HOP_BY_HOP | {"host", "content-length", "accept-encoding", "expect", "cookie", "forwarded", "via"}
_NOT_RETURNED = _HOP_BY_HOP | {"content-encoding", "content-length", "set-cookie", "date", "server"}
_TRY_ANOTHER = (502, 503, 504)
_CONNECT_S = 10.0


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it is passed on. `path` is what follows /v1/."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    model: str = ""


class Upstreams:
    """All of them, behind one pool of connections. `keyed`: callers' keys are ours, and no business of an upstream."""

    def __init__(self, settings: Settings, *, keyed: bool) -> None:
        self._upstreams = settings.server.upstreams or [
            Upstream(url=settings.llm.base_url, api_key=settings.llm.api_key)
        ]
        self._keyed = keyed
        self._openinference = settings.otel.openinference
        timeout = httpx2.Timeout(settings.server.upstream_timeout_s, connect=_CONNECT_S, pool=None)
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=200)
        self._client = httpx2.AsyncClient(timeout=timeout, limits=limits, follow_redirects=False, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    def id_of(self, model: str) -> str:
        """Tells the upstream of a model apart from others, without its address."""
        return hashlib.sha256(_base(self._of(model)[0].url).encode()).hexdigest()[:16]

    def traced(self, endpoint: str, call: Call) -> ModelCall | None:
        """The span of a call; None if no model is called."""
        if not endpoint:
            return None
        address = urlsplit(self._of(call.model)[0].url).hostname or ""
        return ModelCall(endpoint, call.model, body=call.body, address=address, openinference=self._openinference)

    @asynccontextmanager
    async def send(self, call: Call, added: Mapping[str, str] = MappingProxyType({})) -> AsyncIterator[httpx2.Response]:
        """The answer as it comes in, from the first upstream of the model that is there; `added`: more headers.

        Raises:
            LlmUnavailable: none is.
        """
        async with AsyncExitStack() as stack:
            yield await self._first(call, added, stack)

    async def _first(self, call: Call, added: Mapping[str, str], stack: AsyncExitStack) -> httpx2.Response:
        candidates = self._of(call.model)
        for number, upstream in enumerate(candidates, 1):
            last = number == len(candidates)
            try:
                attempt = AsyncExitStack()
                response = await attempt.enter_async_context(self._request(upstream, call, added))
            except httpx2.TransportError as error:
                _log.warning("upstream %s: %s", urlsplit(upstream.url).hostname, str(error) or type(error).__name__)
                continue
            if last or response.status_code not in _TRY_ANOTHER:
                stack.push_async_exit(attempt)
                return response
            await attempt.aclose()
        raise LlmUnavailable("the upstream does not answer; try again")

    @asynccontextmanager
    async def _request(
        self, upstream: Upstream, call: Call, added: Mapping[str, str]
    ) -> AsyncIterator[httpx2.Response]:
        url = f"{_base(upstream.url)}/{call.path}" + (f"?{call.query}" if call.query else "")
        headers = {**self._headers(upstream, call.headers), **added}
        async with self._client.stream(call.method, url, headers=headers, content=call.body) as response:
            yield response

    def _headers(self, upstream: Upstream, given: Mapping[str, str]) -> dict[str, str]:
        headers = {
            name: value for name, value in given.items() if name not in _NOT_SENT and not name.startswith("x-semcache")
        }
        if self._keyed or upstream.api_key.get_secret_value():
            headers.pop("authorization", None)
        if key := upstream.api_key.get_secret_value():
            headers["authorization"] = f"Bearer {key}"
        return {**headers, "accept-encoding": "identity"}

    def _of(self, model: str) -> Sequence[Upstream]:
        named = [each for each in self._upstreams if any(fnmatchcase(model, pattern) for pattern in each.models)]
        return named or self._upstreams[:1]


def returned_headers(response: httpx2.Response) -> list[tuple[str, str]]:
    """What of an upstream's headers reaches the caller."""
    return [(name, value) for name, value in response.headers.multi_items() if name.lower() not in _NOT_RETURNED]


def _base(url: str) -> str:
    """The base URL; a host alone gets the /v1 that OpenAI's API has."""
    return url.rstrip("/") if urlsplit(url).path.strip("/") else url.rstrip("/") + "/v1"


def upstream_of(option: str) -> dict[str, Any]:
    """`URL` or `MODELS=URL` of the command line as an item of `server.upstreams`."""
    models, equals, url = option.partition("=")
    if equals and "://" not in models:
        return {"url": url, "models": [model.strip() for model in models.split(",") if model.strip()]}
    return {"url": option}
