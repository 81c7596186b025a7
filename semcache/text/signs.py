"""Signs that carry meaning: operators of code and sums, the minus of a figure. Punctuation is not among them."""

from __future__ import annotations

import re
from collections import Counter

# A slash counts where it stands by itself, a hyphen as the minus of a figure: not in and/or, e-mail, 5-10 days.
_SIGNS = re.compile(r"[+*<>=^~|\\]|(?<=\s)/(?=\s)|(?<![^\s(])-(?=\d)")
# Scripts that put no space between words: two of their "words" are whole clauses.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def signs_apart(first: str, second: str) -> tuple[str, str] | None:
    """The signs that only one of two texts has; None if they have the same."""
    mine, other = _signs(first), _signs(second)
    if mine == other:
        return None
    return " ".join(sorted(mine - other)) or "none", " ".join(sorted(other - mine)) or "none"


def _signs(text: str) -> Counter[str]:
    return Counter(_SIGNS.findall(text))


def is_unspaced(word: str) -> bool:
    """Whether a "word" is of a script without spaces, as of Chinese, Japanese, Thai, Lao, Burmese or Khmer."""
    return _UNSPACED.search(word) is not None
