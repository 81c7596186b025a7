"""Which language model the settings mean."""

from __future__ import annotations

from semcache.llm.extractive import NAME, ExtractiveLlm
from semcache.llm.gauge import TextEmbedder
from semcache.llm.openai import OpenAiLlm
from semcache.llm.protocol import Llm
from semcache.settings import LlmSettings


def open_llm(settings: LlmSettings, *, embedder: TextEmbedder | None = None) -> Llm:
    """The built-in answerer for `model = "extractive"`, else the endpoint. No I/O: nothing is reached before a call."""
    return ExtractiveLlm(embedder) if settings.model == NAME else OpenAiLlm(settings)
