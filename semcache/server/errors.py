"""Errors as the clients of each API expect them: OpenAI's body under /v1, LangCache's under /v1/caches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from semcache.errors import InvalidInput, RateLimited, RedisUnavailable, SemcacheError, Unavailable

_LANGCACHE_TYPES = {
    400: "invalid-data",
    401: "authentication-failed",
    403: "insufficient-permissions",
    404: "resource-not-found",
    405: "invalid-data",
    413: "payload-too-large",
    424: "resource-unavailable",
    429: "too-many-requests",
}
_OPENAI_TYPES = {401: "invalid_request_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 413: "request_too_large", 429: "rate_limit_exceeded"}
LANGCACHE = "/v1/caches/"
OWN = ("/v1/memory", "/v1/working-memory", "/v1/long-term-memory")


def error_response(
    path: str, status: int, message: str, *, headers: Mapping[str, str] | None = None, code: str = ""
) -> JSONResponse:
    """An error in the form of the API that the path belongs to."""
    if path.startswith(LANGCACHE):
        status = {503: 424, 422: 400, 408: 400, 421: 400}.get(status, status)
        body = _langcache(status, message)
    elif path.startswith(OWN):
        body = {"error": {"message": message, "status": status}, "detail": message}
    else:
        body = _openai(status, message, code)
    return JSONResponse(body, status, headers=dict(headers or {}))


def _langcache(status: int, message: str) -> dict[str, Any]:
    kind = _LANGCACHE_TYPES.get(status, "unexpected-error")
    return {"title": message, "type": f"/errors/{kind}", "status": status, "detail": message}


def _openai(status: int, message: str, code: str) -> dict[str, Any]:
    kind = _OPENAI_TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": code or _CODES.get(status)}}


def response_of(path: str, error: SemcacheError) -> JSONResponse:
    """What the caller is told about an error of ours."""
    if isinstance(error, InvalidInput):
        return error_response(path, 400, str(error))
    if isinstance(error, Unavailable):
        status = 429 if isinstance(error, RateLimited) else 503
        retry = {"retry-after": str(max(1, round(error.retry_after_s)))}
        what = "Redis does not answer; try again" if isinstance(error, RedisUnavailable) else str(error)
        return error_response(path, status, what, headers=retry)
    return error_response(path, 500, "the server is set up wrongly; its log says how")
