"""What callers of the cache may pass, and the question that comes out of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from semcache.cache.types import Sources, StoreOptions
from semcache.errors import InvalidInput
from semcache.inputs import amount, check_text, count, duration, json_object, number, utf8_size, versions
from semcache.text import fingerprint, verbatim

MAX_PROMPT_CHARS = 100_000
MAX_RESPONSE_BYTES = 4_194_304
MAX_METADATA_BYTES = 262_144
_LONGEST_WAIT_S = 1e8  # some three years; threads cannot wait for centuries


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt as it is looked up. `fingerprint` of prompt and context; `context`: a digest, or empty."""

    prompt: str
    fingerprint: str
    context: str
    tags: tuple[str, ...]


def question(prompt: str, *, context: Sequence[str] = (), tags: Iterable[str] | None = None) -> Question:
    """A checked question; raises InvalidInput."""
    advice = "cache the question, not the documents that go with it"
    check_text("the prompt", prompt, most_chars=MAX_PROMPT_CHARS, advice=advice)
    if isinstance(context, str | bytes | Mapping) or not isinstance(context, Iterable):
        raise InvalidInput(f"the context must be a sequence of earlier messages, not {type(context).__name__}")
    digest = _digest([verbatim(check_text("a message of the context", message)) for message in context])
    key = f"{fingerprint(prompt)}.{digest}" if digest else fingerprint(prompt)
    return Question(prompt, key, digest, checked_tags(tags or ()))


def _digest(messages: list[str]) -> str:
    return hashlib.blake2b(json.dumps(messages).encode(), digest_size=16).hexdigest() if messages else ""


def checked_response(response: str) -> str:
    """The answer, if it may be stored."""
    utf8_size("the response", check_text("the response", response), most=MAX_RESPONSE_BYTES)
    return response


def checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags, sorted, each once."""
    if isinstance(tags, str | bytes | Mapping) or not isinstance(tags, Iterable):
        raise InvalidInput(f"tags must be a collection of strings, not {type(tags).__name__}")
    return tuple(sorted({check_text("a tag", tag) for tag in tags}))


def checked_options(options: StoreOptions) -> StoreOptions:
    """A copy of the options that later changes of what was passed in do not reach; raises InvalidInput.

    A callable in `sources` is left as it is: what it returns is checked when it is asked.
    """
    return replace(
        options,
        sources=options.sources if callable(options.sources) else versions(options.sources),
        tags=checked_tags(options.tags),
        ttl=checked_ttl(options.ttl),
        metadata=_copied(options.metadata) if options.metadata is not None else {},
        tokens=None if options.tokens is None else count("tokens", options.tokens, least=0),
        cost=amount("cost", options.cost),
        compute_s=amount("compute_s", options.compute_s),
        response_format=check_text("response_format", options.response_format, most_chars=200),
    )


def _copied(metadata: object) -> dict[str, object]:
    copy: dict[str, object] = json.loads(json_object("metadata", metadata, most_bytes=MAX_METADATA_BYTES))
    return copy


def store_options(
    options: StoreOptions | None,
    *,
    sources: Sources | None = None,
    tags: Iterable[str] = (),
    ttl: float | None = None,
) -> StoreOptions:
    """Checked options; what is given by name takes the place of theirs."""
    given = StoreOptions() if options is None else options
    if not isinstance(given, StoreOptions):
        raise InvalidInput(f"options must be StoreOptions, not {type(given).__name__}")
    named = replace(
        given,
        sources=given.sources if sources is None else sources,
        tags=given.tags if tags == () else tags,
        ttl=given.ttl if ttl is None else ttl,
    )
    return checked_options(named)


def checked_ttl(ttl: float | None) -> float | None:
    """Seconds; None means the default, or never for the default itself. Zero is no way to say 'never'."""
    return None if ttl is None else duration("ttl", ttl, what="a number of seconds, or None for the default")


def checked_lifetime(name: str, seconds: float) -> float:
    """Seconds; there is no default to fall back on."""
    return duration(name, seconds, what="a number of seconds")


def checked_wait(wait_s: float) -> float:
    """Seconds that a caller is ready to wait, 0 and more."""
    return min(number("wait_s", wait_s, least=0, what="a number of seconds"), _LONGEST_WAIT_S)


def checked_budget(max_error_rate: float) -> float:
    """A share of wrong answers, 0..0.5."""
    return number("max_error_rate", max_error_rate, least=0, most=0.5, what="a share (0.02: 2 wrong of 100 served)")


def checked_share(name: str, share: float) -> float:
    """A share of the requests, 0..1."""
    return number(name, share, least=0, most=1, what="a share (0.05: 5 of 100 requests)")


def checked_cap(max_entries: int | None) -> int | None:
    """How many entries are kept at most; None means no cap."""
    return None if max_entries is None else count("max_entries", max_entries)
