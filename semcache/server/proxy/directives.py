"""What the headers of a request say about caching, and the headers that tell what was done (pure)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from semcache.errors import InvalidInput

_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Directives:
    """What a caller asks of the cache. They narrow what the settings allow, and never widen it."""

    look_up: bool = True
    keep: bool = True
    ttl_s: float | None = None
    tags: tuple[str, ...] = ()
    max_error_rate: float | None = None
    walls: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Directives:
        """Read from headers in lower case.

        Raises:
            InvalidInput: a value is not understood; the message names the header.
        """
        said = set(_words(headers.get("x-semcache", "")))
        if unknown := said - {"bypass", "refresh", "no-store"}:
            raise InvalidInput(f"x-semcache is bypass, refresh or no-store, not {_shown(unknown.pop())}")
        control = set(_words(headers.get("cache-control", "")))
        return cls(
            look_up=not (said & {"bypass", "refresh"} or control & {"no-cache", "no-store"}),
            keep=not (said & {"bypass", "no-store"} or "no-store" in control),
            ttl_s=_number(headers, "x-semcache-ttl", least=0.001, most=1e10),
            tags=tuple(part.strip() for part in headers.get("x-semcache-tags", "").split(",") if part.strip()),
            max_error_rate=_number(headers, "x-semcache-max-error", least=0.0, most=0.5),
            walls=_walls(headers.get("x-semcache-scope", "")),
        )


def _words(text: str) -> list[str]:
    return [word.strip().lower() for word in text.split(",") if word.strip()]


def _number(headers: Mapping[str, str], name: str, *, least: float, most: float) -> float | None:
    text = headers.get(name)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise InvalidInput(f"{name} is a number from {least:g} to {most:g}, not {_shown(text)}")
    return value


def _walls(text: str) -> dict[str, str]:
    """`k=v, ...` as items of a scope. Their names get a prefix: no caller can set a wall of ours."""
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value):
            raise InvalidInput(f"x-semcache-scope is `name=value, ...`, not {_shown(part)}")
        found[f"caller.{name}"] = value
    return found


def _shown(text: str) -> str:
    return repr(printable(text)[:60])


def printable(text: str) -> str:
    """What may stand in a header: printable ASCII, at most 200 characters."""
    return re.sub(r"[^ -~]", "?", text)[:_LONGEST_REASON]


def outcome_headers(outcome: str, reason: str = "", **more: object) -> dict[str, str]:
    """`x-semcache` and what goes with it; None is left out."""
    headers = {"x-semcache": outcome}
    given = {"reason": reason or None, **more}
    return headers | {
        f"x-semcache-{name.replace('_', '-')}": printable(str(value))
        for name, value in given.items()
        if value is not None
    }
