"""Any OpenAI-compatible endpoint, streamed: what is sent, which errors are retried, and what each of them means."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from semcache.errors import InvalidInput, LlmRefused, LlmUnavailable, MissingExtra, RateLimited, SemcacheError
from semcache.llm.prompt import chat_messages
from semcache.llm.protocol import Llm, LlmRequest, Stream, Usage, complete
from semcache.settings import LlmSettings

if TYPE_CHECKING:
    import openai
    from openai import Stream as ChunkStream
    from openai.types.chat import ChatCompletionChunk

# Endpoints differ in the parameters they know: on a 400 that names one of these, the next way is tried and remembered.
_FALLBACKS: dict[str, str | None] = {
    "stream_options": None,
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": None,
    "temperature": None,
}
_LONGEST_WAIT_S = 8.0  # a user is waiting: a longer Retry-After is handed to the caller instead


class OpenAiLlm(Llm):
    """Chat completions of one model at one endpoint."""

    generative = True

    def __init__(self, settings: LlmSettings) -> None:
        self._settings = settings
        self._renamed: dict[str, str | None] = {}
        self.name = settings.model

    @cached_property
    def _client(self) -> openai.OpenAI:
        try:
            from openai import OpenAI
        except ImportError as error:
            raise MissingExtra("openai", f"the language model {self.name!r}") from error
        return OpenAI(
            base_url=self._settings.base_url,
            api_key=self._settings.api_key.get_secret_value() or "none",  # local endpoints want none, the SDK wants one
            timeout=self._settings.timeout_s,
            max_retries=0,
        )

    def close(self) -> None:
        """Closes the connections, if any was opened."""
        if "_client" in self.__dict__:
            self._client.close()

    def stream(self, request: LlmRequest) -> Stream:
        text, refusal, ended, usage = "", "", "", None
        deadline = time.monotonic() + (request.within_s or math.inf)
        chunks = self._open(request)
        with self._translated("broke off its answer"), chunks:
            for chunk in chunks:
                if time.monotonic() > deadline:
                    raise LlmUnavailable(self._hint(f"did not answer within {request.within_s:g} s"))
                usage = _usage(chunk) or usage
                part = _text(chunk)
                refusal += _refusal(chunk)
                ended = _finish_reason(chunk) or ended
                if part:
                    text += part
                    yield part
        if not ended:
            raise LlmUnavailable(self._hint("ended its answer in the middle"))
        if not text.strip():
            said = f"refuses to answer: {refusal.strip()[:300]}" if refusal.strip() else "answered nothing"
            raise LlmRefused(self._hint(f"{said} (finish_reason {ended!r})"))
        # Half an answer and then a refusal is no answer to keep.
        return complete(text, request, usage=usage, finish_reason="refusal" if refusal.strip() else ended)

    def _open(self, request: LlmRequest) -> ChunkStream[ChatCompletionChunk]:
        retrying = Retrying(
            stop=stop_after_attempt(1 if request.within_s else 1 + self._settings.max_retries),
            wait=_wait_s,
            retry=retry_if_exception(_worth_retrying),
            reraise=True,
        )
        return retrying(self._open_once, request)

    def _open_once(self, request: LlmRequest) -> ChunkStream[ChatCompletionChunk]:
        with self._translated():
            messages = [{"role": m.role, "content": m.content} for m in chat_messages(request)]
            return self._create(messages, request.within_s or self._settings.timeout_s)

    def _create(self, messages: list[dict[str, str]], timeout_s: float) -> ChunkStream[ChatCompletionChunk]:
        from openai import BadRequestError

        while True:
            parameters = self._parameters()
            try:
                opened = self._client.chat.completions.create(
                    model=self.name, messages=cast(Any, messages), stream=True, timeout=timeout_s, **parameters
                )
                return cast("ChunkStream[ChatCompletionChunk]", opened)
            except BadRequestError as error:
                refused = next((p for p in parameters if p in str(error) and p not in self._renamed), None)
                if refused is None:
                    raise
                self._renamed = {**self._renamed, refused: _FALLBACKS[refused]}

    def _parameters(self) -> dict[str, Any]:
        wanted: dict[str, Any] = {
            "stream_options": {"include_usage": True},
            "max_tokens": self._settings.max_tokens,
            "temperature": self._settings.temperature,
        }
        sent: dict[str, Any] = {}
        for name, value in wanted.items():
            final: str | None = name
            while final is not None and final in self._renamed:
                final = self._renamed[final]
            if final is not None:
                sent[final] = value
        return sent

    @contextmanager
    def _translated(self, unreachable: str = "cannot be reached; check SEMCACHE_LLM_BASE_URL") -> Iterator[None]:
        _ = self._client  # first: its package may be missing
        from openai import OpenAIError

        try:
            yield
        except (OpenAIError, _http_error(), ValueError) as error:
            if isinstance(error, SemcacheError):
                raise
            raise self._error(error, unreachable) from error

    def _error(self, error: Exception, unreachable: str) -> SemcacheError:
        from openai import APIConnectionError, APIStatusError, APITimeoutError, RateLimitError

        if isinstance(error, RateLimitError):
            wait_s = _retry_after_s(error)
            return RateLimited(self._hint(f"refuses more calls for {wait_s:g} s: {_said(error)}"), retry_after_s=wait_s)
        if isinstance(error, APITimeoutError):
            return LlmUnavailable(self._hint("did not answer in time: see llm.timeout_s"))
        if isinstance(error, APIConnectionError):
            return LlmUnavailable(self._hint(unreachable))
        if isinstance(error, APIStatusError):
            return self._status_error(error)
        return LlmUnavailable(self._hint(f"failed: {error}"))

    def _status_error(self, error: openai.APIStatusError) -> SemcacheError:
        said = _said(error)
        if error.status_code == 413 or ("context" in said and "length" in said):
            return InvalidInput(f"the question with its sources is too long for {self.name}: {said}")
        checks = {
            401: "check SEMCACHE_LLM_API_KEY" + ("" if self._settings.api_key.get_secret_value() else " (none is set)"),
            403: "the key may not use this model; check SEMCACHE_LLM_API_KEY and SEMCACHE_LLM_MODEL",
            404: "check SEMCACHE_LLM_MODEL and the path in SEMCACHE_LLM_BASE_URL (most end in /v1)",
        }
        what = checks.get(error.status_code, said)
        kind = LlmRefused if error.status_code in (400, 422) else LlmUnavailable
        return kind(self._hint(f"answered {error.status_code}: {what}"))

    def _hint(self, what: str) -> str:
        return f"the language model {self.name} at {self._settings.base_url} {what}"


def _http_error() -> type[Exception]:
    """Root of the errors of the SDK's own HTTP library (httpx or httpx2): a broken stream raises them bare."""
    from openai import DefaultHttpxClient

    library = DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]
    return cast(type[Exception], import_module(library).HTTPError)


def _text(chunk: ChatCompletionChunk) -> str:
    return chunk.choices[0].delta.content or "" if chunk.choices and chunk.choices[0].delta else ""


def _refusal(chunk: ChatCompletionChunk) -> str:
    return chunk.choices[0].delta.refusal or "" if chunk.choices and chunk.choices[0].delta else ""


def _finish_reason(chunk: ChatCompletionChunk) -> str:
    return chunk.choices[0].finish_reason or "" if chunk.choices else ""


def _usage(chunk: ChatCompletionChunk) -> Usage | None:
    return Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens) if chunk.usage else None


def _said(error: openai.APIStatusError) -> str:
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or error.message)[:300]


def _retry_after_s(error: openai.APIStatusError) -> float:
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return 1.0


def _worth_retrying(error: BaseException) -> bool:
    """Connection errors, timeouts, short 429s and 5xx; nothing that would be refused again."""
    if isinstance(error, RateLimited):
        return error.retry_after_s <= _LONGEST_WAIT_S
    status = getattr(error.__cause__, "status_code", None)
    return isinstance(error, LlmUnavailable) and (status is None or status in (408, 409) or status >= 500)


def _wait_s(state: RetryCallState) -> float:
    """0.25, 0.5, 1 ... s, or what the endpoint asked for."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_s if isinstance(error, RateLimited) else 0.0
    return max(asked, 0.25 * 2.0 ** (state.attempt_number - 1))
