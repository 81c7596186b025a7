"""Every error semcache raises, by what the caller can do about it."""

from __future__ import annotations


class SemcacheError(Exception):
    """Root of all errors raised by semcache; its text says what to do."""


class InvalidInput(SemcacheError, ValueError):
    """The argument or the record is wrong: fix it and call again; a retry will not help."""


class ConfigurationError(SemcacheError):
    """A setting is missing or wrong: fix the settings and start again."""


class MissingExtra(ConfigurationError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(f"{what} needs an optional dependency: pip install 'semcache[{extra}]'")
        self.extra = extra


class Unavailable(SemcacheError):
    """A service cannot be reached now: retry after `retry_after_s` seconds. A miss never looks like this."""

    def __init__(self, message: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RedisUnavailable(Unavailable):
    """Redis does not answer, is loading, or refuses writes."""


class KafkaUnavailable(Unavailable):
    """Kafka does not answer."""


class LlmUnavailable(Unavailable):
    """The language model does not answer; semcache falls back to nothing by itself."""


class LlmRefused(LlmUnavailable):
    """The language model is there, and does not answer this request: another one it may."""


class EmbedderUnavailable(Unavailable):
    """The embedding model cannot be downloaded or its service does not answer."""


class RateLimited(Unavailable):
    """The caller has used up a limit; `retry_after_s` says when it opens again."""


class Quarantine(SemcacheError):
    """A record that can never be applied: dead-letter it and go on. `error_class` names the kind."""

    def __init__(self, message: str, *, error_class: str = "poison") -> None:
        super().__init__(message)
        self.error_class = error_class


class SealError(SemcacheError):
    """Sealed text cannot be opened: the key is missing or wrong, or the text was altered."""
