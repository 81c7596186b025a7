"""What a question of the asker's own things needs from memory: which bike `my bike` is, how many cats there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from semcache.llm import Passage
from semcache.llm.asked import Wants, asked
from semcache.llm.quantities import NUMBERS
from semcache.memory.facts.types import USER, Fact
from semcache.text.questions.acts import tells_of_loss
from semcache.text.questions.phrases import is_name
from semcache.text.tokens import stem, stems

_MINE = re.compile(r"\b(?:my|our) (?P<what>[a-z]{3,})\b", re.IGNORECASE)
_OF_WHAT = re.compile(r"(?:so |and |ok )?(?:what|which)\b", re.IGNORECASE)
_PROPERTIES = (Wants.NUMBER, Wants.MONEY, Wants.DURATION, Wants.YES_NO)
_HOW_MANY = re.compile(
    r"\bhow many (?P<what>[\w-]+) (?:do|have) (?:i|we)(?: (?:still|now|currently))? ?(?:have|got|own|left)?\b",
    re.IGNORECASE,
)
_COUNTED = ("pet", "family", "possession")
_LOST = re.compile(rf"\b(?P<count>{'|'.join(NUMBERS)}|both|all) of (?:my|our)\b", re.IGNORECASE)
_GONE = re.compile(r"\b(?:died|dead|passed away|put (?:down|to sleep)|ran away|gave away|sold)\b", re.IGNORECASE)
_NAMES = re.compile(r"\b[A-ZÀ-Þ][\w'-]+")


def with_name(question: str, facts: Callable[[], Sequence[Fact]], about: Callable[[str], Sequence[Passage]]) -> str:
    """A question of `my bike` with the name of the asker's bike in its place; empty if there is none, or are several.

    `about`: the passages nearest to a name. One that has it and speaks of a bike tells that it is one.
    """
    mine = _MINE.search(question)
    if mine is None or not (_OF_WHAT.match(question) or asked(question).wants in _PROPERTIES):
        return ""
    owned = dict.fromkeys(f.value for f in facts() if f.attribute == "possession" and f.subject == USER and f.holds)
    fitting = [value for value in owned if is_name(value) and _is_one(value, mine["what"], about(value))]
    if len(fitting) != 1:
        return ""
    return f"{question[: mine.start()]}the {fitting[0]}{question[mine.end() :]}"


def _is_one(value: str, what: str, passages: Sequence[Passage]) -> bool:
    texts = [passage.title for passage in passages if value.lower() in f"{passage.title} {passage.text}".lower()]
    return any(stem(what.lower()) in stems(title) for title in texts)


def number_of(question: str, facts: Callable[[], Sequence[Fact]], told: Sequence[str]) -> str:
    """`You have two cats: Tom and Minka.`, for a question of how many; empty if no fact counts them.

    `facts`: all, those that ended too; `told`: what the asker has said, of which a loss counts against them.
    """
    how_many = _HOW_MANY.search(question)
    if how_many is None:
        return ""
    what = stem(how_many["what"].lower())
    told_first = sorted(facts(), key=lambda fact: (fact.told_at, fact.value))
    counted = [f for f in told_first if f.attribute in _COUNTED and _is_left(f) and what in stems(f.value)]
    if not counted:
        return ""
    names = [name for fact in counted for name in _NAMES.findall(fact.value)]
    losses = [
        t for t in dict.fromkeys(told) if tells_of_loss(t) or (_GONE.search(t) and set(_NAMES.findall(t)) & set(names))
    ]
    gone = [name for name in names if any(re.search(rf"\b{re.escape(name)}\b", text) for text in losses)]
    unnamed = sum(_lost(text) for text in losses if what in stems(text) and not set(_NAMES.findall(text)) & set(gone))
    number = max(0, sum(map(_count, counted)) - len(gone) - unnamed)
    left = [name for name in names if name not in gone] if not unnamed else []
    noun = how_many["what"].lower() if number != 1 else how_many["what"].lower().removesuffix("s")
    listed = f": {' and '.join(filter(None, [', '.join(left[:-1]), left[-1]]))}" if left and len(left) == number else ""
    return f"You have {_word(number)} {noun}{listed}."


def _is_left(fact: Fact) -> bool:
    """Whether any of it may be: a fact of several with names ends with the first of them."""
    several = len(_NAMES.findall(fact.value)) > 1
    return fact.subject == USER and fact.holds and (fact.valid_to is None or several)


def _count(fact: Fact) -> int:
    """`two dogs Ben and Kira`: 2; `second cat Minka`: 1."""
    first = fact.value.split()[0].lower()
    number = int(first) if first.isdecimal() else int(NUMBERS.get(first, 0))
    return number or max(1, len(_NAMES.findall(fact.value)))


def _lost(text: str) -> int:
    found = _LOST.search(text)
    return int(NUMBERS.get(found["count"].lower(), 2)) if found else 1


def _word(number: int) -> str:
    words = {int(value): word for word, value in reversed(NUMBERS.items()) if word not in ("a", "an")}
    return "no" if number == 0 else words.get(number, str(number))
