"""Verbs of marriage: "we got divorced", "I married ..."."""

from __future__ import annotations

import re
from collections.abc import Callable

from semcache.memory.facts.reading import Said
from semcache.memory.facts.types import Change
from semcache.memory.facts.values import thing
from semcache.memory.facts.verbs.shared import Claims, back, claim


def split(said: Said) -> Claims:
    other = re.search(r"\b(?:with|,)\s*(?P<who>(?:my )?[\w]+)", said.rest)
    who = thing(other["who"]) if other else ""
    value = who or "partner"
    if not said.denied and (said.form in ("separated", "divorced", "broke") or re.match(r"\s*up\b", said.rest)):
        yield from claim(said, "family", value, change=Change.ENDS, until=back(said))


def _marry(said: Said) -> Claims:
    who = re.match(r"\s*(?P<who>[A-Z]\w+)", said.rest)
    if not said.denied and said.tense != "future":
        yield from claim(said, "marital status", "married", since=back(said))
        yield from claim(said, "family", f"spouse {who['who']}") if who else ()


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "split": split,
    "marry": _marry,
}
