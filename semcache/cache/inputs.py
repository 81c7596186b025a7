"""What callers of the cache may pass, and the question that comes out of it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from semcache.errors import InvalidInput
from semcache.text import fingerprint, verbatim

MAX_PROMPT_CHARS = 100_000
MAX_RESPONSE_BYTES = 4_194_304


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt as it is looked up. `asked` is the fingerprint of prompt and context; `context` a digest, or empty."""

    prompt: str
    asked: str
    context: str
    tags: tuple[str, ...]


def question(prompt: str, *, context: Sequence[str] = (), tags: Iterable[str] | None = None) -> Question:
    """A checked question; raises InvalidInput."""
    checked_text("the prompt", prompt)
    if len(prompt) > MAX_PROMPT_CHARS:
        raise InvalidInput(
            f"the prompt has {len(prompt)} characters, at most {MAX_PROMPT_CHARS} are looked up: "
            "cache the question, not the documents that go with it"
        )
    if isinstance(context, str):
        raise InvalidInput("the context is a sequence of earlier messages, not one string")
    digest = _digest([verbatim(checked_text("a message of the context", message)) for message in context])
    asked = fingerprint(prompt)
    return Question(prompt, f"{asked}.{digest}" if digest else asked, digest, checked_tags(tags or ()))


def _digest(messages: list[str]) -> str:
    return hashlib.blake2b(json.dumps(messages).encode(), digest_size=16).hexdigest() if messages else ""


def checked_text(what: str, text: str) -> str:
    """The text, if it is one: not blank, valid Unicode."""
    if not isinstance(text, str):
        raise InvalidInput(f"{what} must be a string, not {type(text).__name__}")
    if not text.strip():
        raise InvalidInput(f"{what} is empty")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"{what} is no valid Unicode: {error.reason}") from error
    return text


def checked_response(response: str) -> str:
    """The answer, if it may be stored."""
    checked_text("the response", response)
    size = len(response.encode())
    if size > MAX_RESPONSE_BYTES:
        raise InvalidInput(f"the response has {size} bytes, at most {MAX_RESPONSE_BYTES} are stored")
    return response


def checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags, sorted, each once."""
    if isinstance(tags, str):
        raise InvalidInput("tags is a collection of strings, not one string")
    return tuple(sorted({checked_text("a tag", tag) for tag in tags}))


def checked_sources(sources: Mapping[str, int] | None) -> dict[str, int]:
    """Document ids with the positive version the answer was built from."""
    if not isinstance(sources, Mapping | None):
        raise InvalidInput('sources maps document ids to versions: {"doc-42": 7}')
    for document, version in (sources or {}).items():
        checked_text("a source", document)
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise InvalidInput(f"the version of source {document!r} must be a positive whole number, not {version!r}")
    return dict(sources or {})


def checked_ttl(ttl: float | None) -> float | None:
    """Seconds; None means the default, or never for the default itself. Zero is no way to say 'never'."""
    if ttl is None:
        return None
    if isinstance(ttl, bool) or not isinstance(ttl, int | float) or not math.isfinite(ttl) or ttl < 0.001:
        raise InvalidInput(f"ttl must be a positive number of seconds, not {ttl!r}; None means the default")
    return float(ttl)


def checked_amount(what: str, amount: float | None) -> float | None:
    """A finite number that is not negative, or None for unknown."""
    if amount is None:
        return None
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not math.isfinite(amount) or amount < 0:
        raise InvalidInput(f"{what} must be a number, zero or more, not {amount!r}")
    return float(amount)


def checked_budget(max_error_rate: float) -> float:
    """A share of wrong answers, 0..0.5."""
    number = isinstance(max_error_rate, int | float) and not isinstance(max_error_rate, bool)
    if not number or not 0 <= max_error_rate <= 0.5:
        raise InvalidInput(f"max_error_rate must be 0..0.5, not {max_error_rate!r}: 0.02 allows 2 wrong of 100 served")
    return max_error_rate


def checked_cap(max_entries: int | None) -> int | None:
    """How many entries are kept at most; None means no cap."""
    whole = isinstance(max_entries, int) and not isinstance(max_entries, bool)
    if max_entries is not None and (not whole or max_entries < 1):
        raise InvalidInput(f"max_entries must be a positive whole number, not {max_entries!r}; None means no cap")
    return max_entries


def checked_metadata(metadata: Mapping[str, object] | None) -> str:
    """JSON of the metadata."""
    try:
        return json.dumps(dict(metadata or {}), ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"metadata must be what JSON can hold: {error}") from error
