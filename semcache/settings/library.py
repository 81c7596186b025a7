"""The settings of the library: Redis, models, cache, memory, sealing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from semcache.settings.section import Section, Url


class RedisSettings(Section):
    """Where Redis >= 8 with vector sets is."""

    url: Url = Field("redis://127.0.0.1:6379/0", description="redis://, rediss:// or unix:// URL")
    timeout_s: float = Field(5.0, gt=0, description="socket timeout, seconds")
    embedding_cache_ttl_s: int = Field(
        0, ge=0, description="keep embeddings in Redis for that long, shared by processes; 0 = in-process LRU only"
    )


class EmbedSettings(Section):
    """The embedding model."""

    model: str = Field(
        "bge-small-en-v1.5-q",
        description="a registry name (`bge-small-en-v1.5-q`, `all-minilm-l6-v2-q` (fast), `e5-small-v2-q`, "
        "`bge-small-en-v1.5`), `onnx:<dir>`, `hf:<name>` or `openai:<model>`",
    )
    threads: int = Field(0, ge=0, description="texts embedded at once; 0 = one for each core")
    lru_bytes: int = Field(33_554_432, ge=0, description="memory for embeddings kept in the process, bytes")
    base_url: Url = Field("https://api.openai.com/v1", description="endpoint of `openai:<model>`")
    api_key: SecretStr = Field(SecretStr(""), description="key of that endpoint")
    timeout_s: float = Field(30.0, gt=0, description="seconds that endpoint may take")
    max_retries: int = Field(2, ge=0, description="retries on its connection errors, 429 and 5xx")


class LlmSettings(Section):
    """The language model. Without a `model` the built-in extractive answerer is used."""

    model: str = Field("extractive", description="`extractive` (no LLM), or a model name of the endpoint")
    base_url: Url = Field("https://api.openai.com/v1", description="any OpenAI-compatible endpoint")
    api_key: SecretStr = Field(SecretStr(""), description="key of the endpoint")
    timeout_s: float = Field(30.0, gt=0, description="seconds to the first token, and between tokens")
    max_retries: int = Field(2, ge=0, description="retries on connection errors, 429 and 5xx")
    helper_timeout_s: float = Field(
        3.0,
        ge=0,
        description="seconds for a whole short reply where the model helps: to complete a follow-up, to class a "
        "question that rules leave open, to tell whether a doubtful answer is one; then rules decide; 0 = rules alone",
    )
    max_tokens: int = Field(800, gt=0, description="longest answer, tokens")
    temperature: float = Field(0.0, ge=0, le=2, description="sampling temperature")
    system_prompt: str = Field(
        "You answer from the given sources and memories. Cite them by their id. "
        "If they do not contain the answer, say that you do not know.",
        description="part of the cache scope: another prompt is another cache",
    )
    calls_per_minute: int = Field(60, ge=0, description="LLM calls a user may cause in a minute; 0 = no limit")


class CacheSettings(Section):
    """The semantic cache."""

    max_error_rate: float = Field(0.02, ge=0, le=0.5, description="share of wrong answers accepted among those served")
    ttl_s: float = Field(86_400.0, gt=0, description="lifetime of an entry, seconds")
    max_entries: int | None = Field(None, gt=0, description="evict the least used beyond this many; none = no cap")
    refresh_ttl_on_hit: bool = Field(False, description="a hit restarts the entry's lifetime")
    idle_ttl_s: float = Field(
        2_592_000.0,
        gt=0,
        description="how long statistics and what was learned outlive the last use of a scope, seconds",
    )
    share_above: float = Field(
        0.35,
        ge=0,
        le=1,
        description="least probability that a question is everyone's to share its answer; higher: fewer answers about "
        "one person or one moment are shared by mistake, and more questions of everyone cost a call",
    )
    judge: Literal["likeness", "llm"] = Field(
        "likeness",
        description="who compares new answers with stored ones: their likeness, or the language model (a call behind "
        "each miss that has neighbours)",
    )
    shadow: float = Field(
        0.0,
        ge=0,
        le=1,
        description="serve nothing, and look up this share of the requests beside the language model, to see what "
        "would be served and how much of it wrong; 0 = serve",
    )


class MemorySettings(Section):
    """The agent memory."""

    session_ttl_s: float = Field(7 * 86_400.0, gt=0, description="lifetime of a session's window, seconds")
    window_max_tokens: int = Field(1_500, gt=0, description="session window put into a prompt, tokens")
    max_turns: int | None = Field(
        None, gt=0, description="turns a user may have; beyond it the oldest that are not pinned leave; none = no cap"
    )
    max_age_days: float | None = Field(
        None, gt=0, description="older turns leave with the next that is written, unless pinned; none = never"
    )

    fact_reader: Literal["llm", "rules"] = Field(
        "llm",
        description="who reads facts in what users say: the language model, where one is configured (a call for each "
        "message, or for ten that wait; until it has answered, rules), or rules alone",
    )

    @property
    def max_age_s(self) -> float | None:
        """`max_age_days` in seconds."""
        return None if self.max_age_days is None else 86_400 * self.max_age_days


class SealSettings(Section):
    """Sealing of remembered text at rest. `semcache seal keygen` makes the secrets."""

    active: str = Field("", description="id of the key that seals; empty = nothing is sealed")
    keys: dict[str, SecretStr] = Field(
        default_factory=dict, description="the ring: 32 bytes in base64 by key id; all that something is sealed under"
    )
    words: SecretStr = Field(
        SecretStr(""), description="32 bytes in base64 by which words are hidden in the index; stays in a rotation"
    )
    accept_plain: bool = Field(
        False, description="read what was stored before sealing was on, until `semcache seal rotate` has sealed it"
    )
    cache_personal: bool = Field(
        False, description="cache answers that rest on a user's memory although the cache is not sealed"
    )
