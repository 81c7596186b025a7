"""How much of a text a model reads: its window, and whether a text is within it."""

from __future__ import annotations

import re
from typing import Protocol, runtime_checkable

from semcache.embed.protocol import Embedder

#: Tokens that an embedder is taken to read if it does not say.
USUAL_WINDOW = 512
_SPECIAL = 2  # tokens that open and close a text
#: Words that every model knows, at least in pieces. Other control characters than these are dropped by tokenizers,
#: which makes one long word, unknown to the model, of those beside them.
_PLAIN = re.compile(r"(?:[\t\n\r ]|[\x21-\x7e]{1,60}(?![\x21-\x7e]))*")


@runtime_checkable
class Windowed(Protocol):
    """An embedder that says how much it reads, and can count it."""

    @property
    def window(self) -> int:
        """Tokens of its longest input, those that open and close it included; what is beyond does not count."""
        ...

    def count_tokens(self, text: str) -> int:
        """Tokens of the whole text, as `embed` would give it to the model; more than any window has if a word of it is
        unknown to the model, which then does not read it.
        """
        ...


def window_of(embedder: Embedder) -> int:
    """The window of an embedder in tokens; the usual one if it does not say."""
    return embedder.window if isinstance(embedder, Windowed) else USUAL_WINDOW


def count_tokens(embedder: Embedder, text: str) -> int:
    """The tokens of a text; for an embedder that cannot count, as many as there can be: one a byte."""
    return embedder.count_tokens(text) if isinstance(embedder, Windowed) else len(text.encode()) + _SPECIAL


def reads_whole(embedder: Embedder, text: str) -> bool:
    """Whether a text's vector stands for the whole of it: beyond the window, or in words that the model does not know,
    texts that differ get one vector.
    """
    window = window_of(embedder)
    return (len(text) <= window // 2 and bool(_PLAIN.fullmatch(text))) or count_tokens(embedder, text) <= window
