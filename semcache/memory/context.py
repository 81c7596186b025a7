"""What a prompt is given of a user's memory: current facts, turns that were recalled, the session; within a budget.

Each line cites the turn it comes from. The session has the first claim on the budget, its newest turns first, facts the
second, recalled turns the third; what a part leaves over falls to the next. A turn stands in one part only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from semcache.memory.facts.stated import by_relevance
from semcache.memory.facts.types import Fact
from semcache.memory.types import Recollection, Turn
from semcache.text.tokens import token_count

T = TypeVar("T")

_SESSION_SHARE = 0.5
_FACTS_SHARE = 0.5  # of what the session leaves
_HEADS = ("Known about the user:", "Said earlier:", "This session:")


@dataclass(frozen=True, slots=True)
class Context:
    """The text, and what it holds. `tokens`: an estimate of its length, at most what was allowed."""

    text: str
    facts: tuple[Fact, ...]
    recalled: tuple[Recollection, ...]
    window: tuple[Turn, ...]
    tokens: int

    @property
    def cited(self) -> tuple[str, ...]:
        """Ids of the turns that the text cites, each once."""
        cited = [fact.turns[-1] for fact in self.facts if fact.turns]
        cited += [item.turn.id for item in self.recalled] + [turn.id for turn in self.window]
        return tuple(dict.fromkeys(cited))


def assemble(
    query: str, *, facts: Iterable[Fact], recalled: Iterable[Recollection], window: Sequence[Turn], max_tokens: int
) -> Context:
    """The context of a question: `recalled` best first, `window` in order of time."""
    session_budget = int(_SESSION_SHARE * max_tokens)
    said = [(turn, session_line(turn)) for turn in reversed(window)]
    shown = _fitting(said, session_budget, head=_HEADS[2], stop=True)
    rest = max_tokens - _cost(_HEADS[2], shown)

    known = [(fact, fact_line(fact)) for fact in by_relevance(query, facts)]
    told = _fitting(known, int(_FACTS_SHARE * rest), head=_HEADS[0])
    rest -= _cost(_HEADS[0], told)

    in_window = {turn.id for turn, _ in shown}
    earlier = [(item, earlier_line(item.turn)) for item in recalled if item.turn.id not in in_window]
    found = _fitting(earlier, rest, head=_HEADS[1])
    ordered = sorted(found, key=lambda pair: (pair[0].turn.at, pair[0].turn.id))

    parts = ([line for _, line in told], [line for _, line in ordered], [line for _, line in reversed(shown)])
    text = "\n".join("\n".join([head, *lines]) for head, lines in zip(_HEADS, parts, strict=True) if lines)
    return Context(
        text,
        facts=tuple(fact for fact, _ in told),
        recalled=tuple(item for item, _ in found),
        window=tuple(turn for turn, _ in reversed(shown)),
        tokens=token_count(text),
    )


def fact_line(fact: Fact) -> str:
    """`- [turn id] home: Porto, since 1 March 2023`; of somebody else: `- [turn id] sister, name: Eva`."""
    who = "" if fact.subject == "user" else f"{fact.subject}, "
    what = f"{who}{fact.attribute}: {'' if fact.holds else 'not '}{fact.value}"
    since = "" if fact.valid_from is None else f", since {_day(fact.valid_from)}"
    return f"- [{fact.turns[-1] if fact.turns else fact.id}] {what}{since}"


def earlier_line(turn: Turn) -> str:
    """`- [turn id] 7 May 2023, user: ...`."""
    return f"- [{turn.id}] {_day(turn.at)}, {turn.line}"


def session_line(turn: Turn) -> str:
    """`- [turn id] user: ...`."""
    return f"- [{turn.id}] {turn.line}"


def _fitting(pairs: Iterable[tuple[T, str]], budget: int, *, head: str, stop: bool = False) -> list[tuple[T, str]]:
    """The pairs whose lines fit, in order; with `stop`, none after the first that does not."""
    left = budget - token_count(head) - 1
    kept: list[tuple[T, str]] = []
    for pair in pairs:
        cost = token_count(pair[1]) + 1
        if cost <= left:
            kept.append(pair)
            left -= cost
        elif stop:
            break
    return kept


def _cost(head: str, kept: Sequence[tuple[object, str]]) -> int:
    return sum(token_count(line) + 1 for _, line in kept) + token_count(head) + 1 if kept else 0


def _day(at: float) -> str:
    try:
        day = datetime.fromtimestamp(at, UTC)
    except (OverflowError, ValueError, OSError):
        return "some time"
    return f"{day.day} {day:%B %Y}"
