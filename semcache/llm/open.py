"""Which language model the settings mean."""

from __future__ import annotations

import hashlib
import json

from semcache.llm.extractive import NAME, ExtractiveLlm
from semcache.llm.gauge import TextEmbedder
from semcache.llm.openai import OpenAiLlm
from semcache.llm.protocol import Llm
from semcache.settings import LlmSettings

_FETCHING = {"api_key", "timeout_s", "helper_timeout_s", "max_retries", "calls_per_minute"}


def open_llm(settings: LlmSettings, *, embedder: TextEmbedder | None = None) -> Llm:
    """The built-in answerer for `model = "extractive"`, else the endpoint. No I/O: nothing is reached before a call."""
    return ExtractiveLlm(embedder) if settings.model == NAME else OpenAiLlm(settings)


def answering(settings: LlmSettings) -> str:
    """A digest of all settings that shape an answer, for the cache scope: what only says how it is fetched is left out.

    What is left out is listed, so that a setting that is new counts.
    """
    shaping = settings.model_dump(exclude=_FETCHING)
    return hashlib.blake2b(json.dumps(shaping, sort_keys=True).encode(), digest_size=8).hexdigest()
