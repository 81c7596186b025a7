"""Language models behind one protocol."""

from semcache.llm.open import answering, open_llm
from semcache.llm.protocol import (
    Completion,
    Llm,
    LlmRequest,
    Message,
    Passage,
    Stream,
    Usage,
    complete,
    completion_of,
)

__all__ = [
    "Completion",
    "Llm",
    "LlmRequest",
    "Message",
    "Passage",
    "Stream",
    "Usage",
    "answering",
    "complete",
    "completion_of",
    "open_llm",
]
