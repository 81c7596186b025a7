"""Guards: what plainly differs between two questions, in words: before there is a score, or on top of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from semcache.cache.budget.evidence import antonyms, sign_difference, undone
from semcache.text.asking import asked_apart
from semcache.text.differences.antonyms import opposed
from semcache.text.differences.dress import letters_differ, only_fillers_differ
from semcache.text.differences.negation import negation_differs
from semcache.text.differences.order import direction_reversed, order_differs, persons_exchanged
from semcache.text.differences.synonyms import synonymous
from semcache.text.differences.tense import former_differs, tense_differs
from semcache.text.entities import swapped_names
from semcache.text.figures.facts import Fact, Facts, unit_conflict, unmatched
from semcache.text.figures.units import UNITS
from semcache.text.reading import Text

_DATE_KINDS = frozenset(("month", "day", "weekday", "clock"))


class Guard(NamedTuple):
    """A reason not to serve: its kind, and what differs in words."""

    kind: str
    detail: str


def hard_guards(query: Text, candidate: Text) -> list[Guard]:
    """What no learning outweighs, in any language: figures, dates, units, signs, or the case of code that differ."""
    only_query, only_candidate = query.content - candidate.content, candidate.content - query.content
    found = _fact_guards(query, candidate, only_query, only_candidate)
    if signs := sign_difference(query, candidate):
        found.append(Guard("sign", f"the signs differ: {signs[0]} / {signs[1]}"))
    if letters_differ(query.raw, candidate.raw):
        found.append(Guard("letters", "the same letters, but case or blanks differ where they may carry meaning"))
    if former_differs(query, candidate):
        found.append(Guard("tense", "one of them asks how it was, the other how it is"))
    return found


def guards(query: Text, candidate: Text) -> list[Guard]:
    """Everything that plainly differs between two questions, most telling first; empty when nothing does."""
    hard = hard_guards(query, candidate)
    if query.form == candidate.form:
        return hard
    only_query, only_candidate = query.content - candidate.content, candidate.content - query.content
    by_sight = [guard for guard in hard if guard.kind in ("sign", "letters", "tense")]
    found = [guard for guard in hard if guard not in by_sight]
    near = 2 * len(query.content & candidate.content) >= min(len(query.content), len(candidate.content))
    if near and negation_differs(query.negation, candidate.negation) and not _opposite_by_word(query, candidate):
        found.append(Guard("negation", "one of them denies what the other says"))
    if near and query.negation.restricts != candidate.negation.restricts:
        found.append(Guard("restriction", 'one of them is about "only" what the other is about among others'))
    if pair := antonyms(query, candidate):
        found.append(
            Guard("antonym", f"the words exclude each other: {_word(query, pair[0])} / {_word(candidate, pair[1])}")
        )
    if swapped := swapped_names(only_query, only_candidate, query.names, candidate.names):
        found.append(Guard("entity", f"the name differs: {_word(query, swapped[0])} / {_word(candidate, swapped[1])}"))
    same_content = not only_query and not only_candidate
    if _other_roles(query, candidate, same_content):
        found.append(Guard("order", "the same words in another order: who and whom, or from and to, are exchanged"))
    found += by_sight
    if not former_differs(query, candidate) and tense_differs(query.words, candidate.words):
        found.append(Guard("tense", "one of them is about the past, the other about the present"))
    if asked_apart(query.asks, candidate.asks, same_content=same_content):
        found.append(Guard("question", f"they ask for different things: {query.asks} / {candidate.asks}"))
    if not found and (replaced := _replaced_word(query, candidate, only_query, only_candidate)):
        found.append(Guard("word", f"one word is replaced by another: {replaced[0]} / {replaced[1]}"))
    return found


def wording_differs(query: Text, candidate: Text) -> str | None:
    """What differs in wording, for the time before there is a score: all but the fillers of English.

    A word that only one side has may be a condition, a time, or a "not" in a language that no guard knows.
    """
    if only_fillers_differ(query.raw, candidate.raw):
        return None
    mine, other = _surface(query) - _surface(candidate), _surface(candidate) - _surface(query)
    if not mine and not other:
        return "the words are the same, but not their case, order or punctuation"
    return f"the words differ: {_listed(query, mine)} / {_listed(candidate, other)}"


def _surface(text: Text) -> frozenset[str]:
    return frozenset(text.words)


def _listed(text: Text, words: frozenset[str]) -> str:
    told = islice((word for word in dict.fromkeys(text.words) if word in words), 3)
    return ", ".join(word.replace("_", " ") for word in told) or "none"


def guard(query: str, candidate: str) -> str | None:
    """What plainly differs between two questions, in words ("the number differs: 2023 / 2024"), or None."""
    found = guards(Text.of(query), Text.of(candidate))
    return found[0].detail if found else None


def _fact_guards(
    query: Text, candidate: Text, only_query: frozenset[str], only_candidate: frozenset[str]
) -> list[Guard]:
    mine, other = unmatched(query.facts, candidate.facts)
    found = []
    if (mine and other) or (mine and not only_candidate) or (other and not only_query):
        calendar = {fact.kind for fact in (*mine, *other)} <= _DATE_KINDS
        left, right = _written(query.facts, mine), _written(candidate.facts, other)
        kind = "date" if calendar else "unit" if _same_figures(left, right) else "number"
        found.append(Guard(kind, f"the {kind} differs: {left} / {right}"))
    elif units := unit_conflict(query.facts, candidate.facts):
        found.append(Guard("unit", f"the unit differs: {units[0]} / {units[1]}"))
    return found


def _same_figures(left: str, right: str) -> bool:
    """ "5 mg" and "5 g": the figure is the same, the unit is not."""
    figures = [word for word in left.split() if word[0].isdecimal()]
    return bool(figures) and figures == [word for word in right.split() if word[0].isdecimal()]


def _written(within: Facts, found: list[Fact]) -> str:
    return ", ".join(dict.fromkeys(within.stated[fact] for fact in found)) or "none"


def _opposite_by_word(query: Text, candidate: Text) -> bool:
    """ "not safe" facing "unsafe": the negation is undone by an antonym next to it."""
    found = opposed(query.bag - candidate.bag, candidate.bag - query.bag)
    return found is not None and undone(query, candidate, *found)


def _other_roles(query: Text, candidate: Text, same_content: bool) -> bool:
    if direction_reversed(query.roles, candidate.roles):
        return True
    return same_content and (
        order_differs(query.words, candidate.words, query.roles, candidate.roles)
        or persons_exchanged(query.words, candidate.words)
    )


def _replaced_word(
    query: Text, candidate: Text, only_query: frozenset[str], only_candidate: frozenset[str]
) -> tuple[str, str] | None:
    """The one content word that differs between two texts alike in every other word, unless it is a synonym."""
    if len(only_query) != 1 or len(only_candidate) != 1 or len(query.content) < 2:
        return None
    mine, other = next(iter(only_query)), next(iter(only_candidate))
    written, facing = _word(query, mine), _word(candidate, other)
    swapped = tuple([other if word == mine else word for word in query.sequence])
    if swapped != candidate.sequence or synonymous(mine, other) or written in UNITS or facing in UNITS:
        return None
    if not _same_beside(query, candidate, mine, other):
        return None
    explained = query.negation.odd != candidate.negation.odd
    return None if explained or written[0].isdecimal() or facing[0].isdecimal() else (written, facing)


def _same_beside(query: Text, candidate: Text, mine: str, other: str) -> bool:
    """Whether two words stand in the same place: the word before them, or behind them, is the same."""
    (before, after), (before_other, after_other) = _around(query.stems, mine), _around(candidate.stems, other)
    return (before == before_other != "") or (after == after_other != "")


def _around(stems: Sequence[str], word: str) -> tuple[str, str]:
    at = stems.index(word)
    return stems[at - 1] if at else "", stems[at + 1] if at + 1 < len(stems) else ""


def _word(text: Text, stemmed: str) -> str:
    """The word of the text that has this stem, as people wrote it; "none" for ""."""
    return next(
        (word.replace("_", " ") for word, root in zip(text.words, text.stems, strict=True) if root == stemmed), "none"
    )
