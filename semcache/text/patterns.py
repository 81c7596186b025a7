"""Patterns made of many alternatives, one a line."""

from __future__ import annotations

import re


def any_of(*alternatives: str, start: bool = False) -> re.Pattern[str]:
    """Matches any of the regular expressions, whatever the case; with `start`, at the beginning of the text."""
    joined = "|".join(f"(?:{alternative})" for alternative in alternatives)
    return re.compile(rf"^(?:{joined})" if start else joined, re.IGNORECASE)
