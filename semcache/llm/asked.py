"""What a question asks for: its parts, its content words, the names it insists on, and the kind of answer it wants."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from semcache.llm.quantities import without_quantities
from semcache.text.tokens import STOP_WORDS, stem, tokens


class Wants(StrEnum):
    """The kind of answer."""

    STEPS = "steps"
    MONEY = "money"
    DURATION = "duration"
    NUMBER = "number"
    TIME = "time"
    CONTACT = "contact"
    YES_NO = "yes_no"
    ANYTHING = "anything"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `terms`: stems of its content words, in order; `names`: words an answer's source must contain.

    `thing`: what it takes to exist, or asks whether it does, as `scooters` in `do you sell scooters`; empty if nothing.
    """

    text: str
    terms: tuple[str, ...]
    names: frozenset[str]
    wants: Wants
    thing: str = ""


# Words that shape a question and say nothing about its subject.
_SHAPE = frozenset(
    "today tonight currently nowadays until while because whether can could would should shall will may might "
    "must there here if any some "
    "please tell me know need want like get "
    "got us im i'm ive let say just also so then than too very really much many long often far soon possible able help "
    "hi hello thanks thank hey give show explain mean happen happens happened take takes work works happening not no "
    "don't dont doesn't isn't can't cannot won't without only still yet ever one ones thing things way something "
    "anything someone anyone exactly actually maybe question anybody wondering does doing am each per all more most up "
    "out into over off whats what's whos who's when's where's how's why's id i'd ill i'll it's theres it s t d ll re "
    "ve m".split()
)
_UNITS = "days|weeks|months|years|hours|minutes|seconds"
_WANTS: tuple[tuple[Wants, str], ...] = (
    (
        Wants.CONTACT,
        r"\b(?:how|where|can|could|may|do) (?:do |can |could |may )?(?:i|we|one) (?:\w+ )?(?:reach|contact|phone|ring"
        r"|e-?mail|get hold of|get in touch|call (?:you|someone|somebody|the))\b"
        r"|\b(?:phone|telephone|contact|e-?mail|hotline|help ?line)(?: number| address| details?)?\??$"
        r"|\bphone number\b|\be-?mail address\b|\bby (?:phone|e-?mail)\b.*\?",
    ),
    (Wants.DURATION, rf"\bhow (?:long|soon|quickly|fast|much time|many (?:{_UNITS}))\b"),
    (Wants.NUMBER, r"\bhow (?:big|large|heavy|far|tall|wide|deep|high|old)\b"),
    (Wants.MONEY, r"\bhow much\b(?! (?:time|space|memory|storage|data|water|weight))"),
    (Wants.MONEY, r"\b(?:price|prices|cost|costs|fee|fees|fines? for|charge[sd]?|pricing)\b"),
    (Wants.NUMBER, r"\bhow (?:much|many|big|large|heavy|far|often|tall|wide|deep|high|old)\b|\b(?:max|min)imum\b"),
    (Wants.STEPS, r"\bhow (?:do|can|should|would|could|to|does one)\b|\b(?:steps|instructions)\b"),
    (Wants.STEPS, r"\bwhat(?:'s| is) the (?:best |easiest |right )?way to\b"),
    (Wants.TIME, r"\b(?:when|what (?:time|date|day)|which day|opening hours|until when)\b"),
    (
        Wants.YES_NO,
        r"^(?:(?:so|and|but|hi|hello),? )*(?:is|are|was|were|do|does|did|can|could|will|would|should|may)\b",
    ),
)
_EXISTS = (
    re.compile(r"(?:what|who)(?:'s| is| are| was) (?:the|your) (?:[\w-]+ )?(?P<thing>[\w-]+) (?:of|for|at|on)\b"),
    re.compile(
        r"(?:so |and |but )?(?:(?:do|can) you (?:also |still )?(?:sell|have|offer|rent|treat|serve|stock"
        r"|make|provide|run|teach)"
        r"|is there|are there|have you got|does (?:the|your|it)\b.*? (?:have|come))\b.* (?P<thing>[\w-]+)\W*$"
    ),
)
_WANTS_COMPILED = tuple((wants, re.compile(pattern)) for wants, pattern in _WANTS)
_COUNTS = "one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|thirty"
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_ANSWERS: dict[Wants, re.Pattern[str]] = {
    wants: re.compile(pattern, re.IGNORECASE)
    for wants, pattern in {
        Wants.MONEY: r"[€$£¥]\s?\d|\d[\d.,]*\s?(?:[€$£¥]|(?:eur|usd|gbp|chf|euros?|dollars?|pounds?|francs?|cents?)\b)"
        r"|\bfree\b|\bno (?:extra )?(?:charge|cost|fee)|%",
        Wants.CONTACT: r"\+?\d[\d ()/-]{5,}\d|[\w.+-]+@[\w-]+\.\w+",
        Wants.DURATION: rf"\b(?:\d+|an?|{_COUNTS}|same|next|few)[\w\s-]{{0,14}}\b"
        r"(?:second|minute|hour|day|week|month|year|night)s?\b"
        r"|\b(?:immediately|instantly|overnight|at once|straight away|for ever|forever|lifetime)\b",
        Wants.NUMBER: rf"\d|\b(?:{_COUNTS}|once|twice|no limit|unlimited|never)\b",
        Wants.TIME: rf"\d|\b(?:{_DAYS}|{_MONTHS}|morning|evening|noon|midnight|daily|weekly|monthly|yearly|every"
        r"|before|after|until|once|as soon as|within|when)\b",
    }.items()
}
_PART = re.compile(
    r"(?<=\?)\s+|,?\s+and\s+(?=(?:how|what|when|where|who|which|why|can|do|does|is|are)\b)", re.IGNORECASE
)
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b(?:[A-Z][\w'’-]*[a-z0-9][\w'’-]*|[A-Z]{2,}[\w-]*)\b|\b\w*\d\w*\b")


def parts(question: str) -> list[str]:
    """The questions inside a question, at most three: `A? B?`, `how much is A and when does B`."""
    found = [part.strip() for part in _PART.split(question) if part and content_terms(part)]
    return found[:3] or [question]


def asked(question: str) -> Asked:
    """Reads one question."""
    lowered = question.lower().replace("’", "'").strip()
    wants = next((wants for wants, pattern in _WANTS_COMPILED if pattern.search(lowered)), Wants.ANYTHING)
    names = _names(without_quantities(question))
    return Asked(question, content_terms(question), names, wants, _thing(without_quantities(lowered), wants))


def _thing(question: str, wants: Wants) -> str:
    if wants not in (Wants.ANYTHING, Wants.YES_NO):  # prices and hours are there in other words than those
        return ""
    found = next(filter(None, (pattern.match(question) for pattern in _EXISTS)), None)
    return found["thing"] if found and content_words(found["thing"]) else ""


def content_terms(text: str) -> tuple[str, ...]:
    """Stems of the words that carry the subject, in order, each once."""
    return tuple(dict.fromkeys(map(stem, content_words(text))))


def content_words(text: str) -> tuple[str, ...]:
    """The same words unstemmed, lower case."""
    return tuple(dict.fromkeys(word for word in tokens(text) if word not in STOP_WORDS and word not in _SHAPE))


def answers(wants: Wants, sentence: str) -> bool:
    """Whether a sentence holds the kind of thing that is wanted; True where no pattern can tell."""
    pattern = _ANSWERS.get(wants)
    return pattern is None or pattern.search(sentence) is not None


def _names(question: str) -> frozenset[str]:
    """Stems of names and of words with digits; a question in capitals or Title Case insists on none of its words."""
    words = re.findall(r"[A-Za-z][\w'’-]*", question)
    capitals = sum(word[0].isupper() for word in words)
    if len(words) > 2 and capitals > 0.6 * len(words):
        return frozenset(stem(word.lower()) for word in _NAME.findall(question) if re.search(r"\d", word))
    found = (part for word in _NAME.findall(question) for part in tokens(word))
    return frozenset(stem(word) for word in found if word not in STOP_WORDS and word not in _SHAPE)
