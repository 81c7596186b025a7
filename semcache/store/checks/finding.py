"""What a check of the data finds, and the keys it looks at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from string import Formatter

from semcache.store import keys


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong: the key that shows it, what is wrong, and what mends it."""

    key: str
    wrong: str
    mend: str


@dataclass(frozen=True, slots=True)
class Known:
    """A key of ours: its kind, None if nobody declared it, and the ids in its name, unescaped."""

    name: str
    kind: keys.KeyKind | None
    ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """The name up to the end of its hash tag: what one user, scope or namespace owns."""
        return self.name.partition("}")[0] + "}"

    def sibling(self, kind: keys.KeyKind, **ids: str) -> str:
        """A key of another kind with the same owner."""
        return kind.build(**{name: id for name, id in self.ids.items() if name in kind.parts} | ids)


_OWNED = re.compile(r"sc:(\{\w+:)?([^}]*\}:)?([\w-]+)")


def read_key(name: str) -> Known:
    """A key's kind and ids."""
    found = _OWNED.match(name)
    for kind, shape in _shapes().get((found[1], found[3]), ()) if found else ():
        if match := shape.fullmatch(name):
            return Known(name, kind, {id: keys.unescape(value) for id, value in match.groupdict().items()})
    return Known(name, None)


@cache
def _shapes() -> dict[tuple[str | None, str], list[tuple[keys.KeyKind, re.Pattern[str]]]]:
    """Kinds by the beginning of their tag and the first word after it."""
    shapes: dict[tuple[str | None, str], list[tuple[keys.KeyKind, re.Pattern[str]]]] = {}
    for kind in keys.KINDS:
        parts = [(re.escape(text), name) for text, name, _, _ in Formatter().parse(f"{keys.PREFIX}:{kind.pattern}")]
        shape = "".join(text + (f"(?P<{name}>[^:{{}}]*)" if name else "") for text, name in parts)
        owned = _OWNED.match(kind.build(**dict.fromkeys(kind.parts, "x")))
        assert owned
        shapes.setdefault((owned[1], owned[3]), []).append((kind, re.compile(shape)))
    return shapes
