"""The settings of the HTTP server, `semcache serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from semcache.settings.section import Section

_DIGEST_DIGITS = 64


class Upstream(Section):
    """One service that speaks the OpenAI API."""

    url: str = Field(pattern=r"^https?://[^\s/]+", description="its base URL, as OPENAI_BASE_URL would be")
    api_key: SecretStr = Field(SecretStr(""), description="its key; empty = the caller's own is passed on")
    models: list[str] = Field(
        default_factory=lambda: ["*"], description="names of the models that it has; `*` stands for any characters"
    )


class ServerSettings(Section):
    """The HTTP server (semcache serve)."""

    host: str = Field("127.0.0.1", description="address it binds to; one that other machines reach needs keys")
    port: int = Field(8700, ge=0, le=65_535, description="port it binds to")
    workers: int = Field(1, ge=1, le=64, description="processes that answer requests")
    upstreams: list[Upstream] = Field(
        default_factory=list,
        description="`[[server.upstreams]]`: services that requests are passed to, in order of preference; none = that "
        "of `llm.base_url`, with its key",
    )
    keys: dict[str, str] = Field(
        default_factory=dict,
        description="SHA-256 of a key, in hex -> the tenant whose it is, or `tenant/user`",
    )
    keys_file: Path | None = Field(
        None, description="file with more keys, a line each: SHA-256, tenant; read again when it changes"
    )
    max_body_bytes: int = Field(10_485_760, gt=0, description="larger requests are refused")
    body_timeout_s: float = Field(30.0, gt=0, description="a request must have arrived after so long, seconds")
    requests_per_minute: int = Field(0, ge=0, description="of one key, in all workers together; 0 = no limit")
    concurrency: int = Field(0, ge=0, description="requests of one key at a time, in each worker; 0 = no limit")
    upstream_timeout_s: float = Field(600.0, gt=0, description="an upstream may be silent for so long, seconds")
    drain_s: float = Field(30.0, gt=0, description="time that requests have to end when the server stops, seconds")
    end_user_scope: bool = Field(
        False, description="whoever `user` or `safety_identifier` names gets answers to their own requests only"
    )
    tool_answers: Literal["never", "exact"] = Field(
        "never", description="answers that call the caller's tools: not kept, or served to the very same request"
    )
    langcache_decision: Literal["threshold", "budget"] = Field(
        "threshold",
        description="LangCache's API serves what is similar enough, as LangCache itself, or keeps to "
        "`cache.max_error_rate` beside",
    )

    @field_validator("keys")
    @classmethod
    def _digests(cls, keys: dict[str, str]) -> dict[str, str]:
        for digest in keys:
            if len(digest) != _DIGEST_DIGITS or not set(digest) <= set("0123456789abcdef"):
                raise ValueError("a key is given by its SHA-256 in 64 hex digits, `printf %s KEY | sha256sum`")
        return keys


class OtelSettings(Section):
    """Traces, where a program has set up OpenTelemetry."""

    openinference: bool = Field(False, description="spans say their kind in OpenInference's words too (Phoenix)")
