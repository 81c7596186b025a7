"""`openai:<model>`: any endpoint that speaks OpenAI's embeddings API, through redisvl's vectorizer."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from semcache.embed.checks import checked, normalised
from semcache.embed.protocol import Kind, Vectors
from semcache.embed.registry import fingerprint
from semcache.embed.window import USUAL_WINDOW
from semcache.errors import EmbedderUnavailable, InvalidInput, MissingExtra, SemcacheError
from semcache.settings import EmbedSettings

if TYPE_CHECKING:
    import openai
    from redisvl.utils.vectorize.text.openai import OpenAITextVectorizer

_BATCH = 64  # texts a request
_OPENAI_WINDOW = 8_191  # tokens
_MAX_CHARS = 24_000  # of a text; the API refuses more than 8,192 tokens


class OpenAiEmbedder:
    """One model of one endpoint. Connects when first used; threads may share it.

    Texts longer than 24,000 characters are cut. The endpoint knows no kinds: a query is embedded as a passage is.
    """

    def __init__(self, model: str, settings: EmbedSettings) -> None:
        self._model = model
        self._settings = settings
        self._lock = threading.Lock()
        self._vectorizer: OpenAITextVectorizer | None = None

    @property
    def dim(self) -> int:
        return int(self._connected().dims or 0)

    @property
    def fingerprint(self) -> str:
        """The endpoint tells no revision: its address and the model's name have to do."""
        said = f"{self._settings.base_url.rstrip('/')} {self._model} {_MAX_CHARS}"
        digest = hashlib.blake2b(said.encode(), digest_size=6).hexdigest()
        return fingerprint(f"openai-{self._model}", digest, "remote", "fp32")

    @property
    def window(self) -> int:
        """What OpenAI's own models read; of other models the endpoint tells nothing."""
        return _OPENAI_WINDOW if self._model.startswith("text-embedding-") else USUAL_WINDOW

    def count_tokens(self, text: str) -> int:
        """As many as there can be: the endpoint does not count before it is paid, and a token is a byte at least."""
        return len(text.encode())

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        cut = [text[:_MAX_CHARS] for text in checked(texts)]
        vectorizer = self._connected()
        with self._translated():
            rows = vectorizer.embed_many(cut, batch_size=_BATCH)
        if len(rows) != len(cut):
            raise EmbedderUnavailable(self._said(f"gave {len(rows)} vectors for {len(cut)} texts"))
        return normalised(rows, dim=int(vectorizer.dims or 0))

    def _connected(self) -> OpenAITextVectorizer:
        with self._lock:
            if self._vectorizer is None:
                with self._translated():
                    self._vectorizer = _vectorizer(self._model, self._settings)
            return self._vectorizer

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """redisvl raises ValueErrors; what happened is the error they were raised in."""
        try:
            yield
        except SemcacheError:
            raise
        except ImportError as error:
            raise MissingExtra("openai", f"the embedding model {self._model!r}") from error
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise self._ours(error) from error

    def _ours(self, error: Exception) -> SemcacheError:
        import openai

        cause = error.__context__
        if isinstance(cause, openai.RateLimitError):
            wait_s = _retry_after_s(cause)
            return EmbedderUnavailable(self._said(f"refuses more calls for {wait_s:g} s"), retry_after_s=wait_s)
        if isinstance(cause, openai.APITimeoutError):
            return EmbedderUnavailable(self._said(f"did not answer within {self._settings.timeout_s:g} s"))
        if isinstance(cause, openai.APIConnectionError):
            return EmbedderUnavailable(self._said("cannot be reached; check SEMCACHE_EMBED_BASE_URL"))
        if isinstance(cause, openai.APIStatusError):
            return self._status_error(cause)
        return EmbedderUnavailable(self._said(f"answered what is no embedding: {cause or error}"))

    def _status_error(self, error: openai.APIStatusError) -> SemcacheError:
        said = str(error.message)[:300]
        if error.status_code == 413 or "context length" in said:
            return InvalidInput(f"a text is too long for {self._model}: {said}")
        checks = {
            401: "check SEMCACHE_EMBED_API_KEY"
            + ("" if self._settings.api_key.get_secret_value() else " (none is set)"),
            403: "the key may not use this model; check SEMCACHE_EMBED_API_KEY and SEMCACHE_EMBED_MODEL",
            404: "check SEMCACHE_EMBED_MODEL and the path in SEMCACHE_EMBED_BASE_URL (most end in /v1)",
        }
        return EmbedderUnavailable(self._said(f"answered {error.status_code}: {checks.get(error.status_code, said)}"))

    def _said(self, what: str) -> str:
        return f"the embedding model {self._model} at {self._settings.base_url} {what}"


def _vectorizer(model: str, settings: EmbedSettings) -> OpenAITextVectorizer:
    """redisvl's vectorizer without its six attempts of up to a minute: the SDK retries, and a caller is waiting."""
    from redisvl.utils.vectorize.text.openai import OpenAITextVectorizer

    class Vectorizer(OpenAITextVectorizer):  # type: ignore[misc]
        def _embed(self, content: str, **kwargs: Any) -> Any:
            return OpenAITextVectorizer._embed.__wrapped__(self, content, **kwargs)

        def _embed_many(self, contents: list[str], batch_size: int = _BATCH, **kwargs: Any) -> Any:
            return OpenAITextVectorizer._embed_many.__wrapped__(self, contents, batch_size, **kwargs)

        def _set_model_dims(self) -> int:
            return len(self._embed("dimension"))

    return Vectorizer(
        model=model,
        api_config={
            "api_key": settings.api_key.get_secret_value() or "none",  # local endpoints want none, the SDK wants one
            "base_url": settings.base_url,
            "timeout": settings.timeout_s,
            "max_retries": settings.max_retries,
        },
    )


def _retry_after_s(error: openai.APIStatusError) -> float:
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return 1.0
