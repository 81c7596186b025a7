"""How well a quotable unit answers a question, and whether anything answers it at all (pure but for the embedder).

Weights and limits are in units of relatedness (see gauge). They were set on 440 questions about the sample world,
against 300 questions about anything else; `tests/llm/test_answering.py` tries them on documents of other fields.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcache.llm.asked import Asked, Wants, answers, content_terms, content_words
from semcache.llm.gauge import Gauge, TextEmbedder
from semcache.llm.limits import MONTHS, Fit, days_fit, measures, names_another, names_day, numbers_fit
from semcache.llm.protocol import Passage
from semcache.llm.quantities import without_quantities
from semcache.llm.quotes import Quote
from semcache.text.tokens import stem

_RANK = -0.055  # for each place of its passage behind the first
_WORDS = 0.27  # all words of the question are in it
_KIND = 0.24  # it holds a price, a number, ... where one is asked for
_OTHER_CODE = -0.9  # it is about E21 where E07 is asked for
_OTHER_NAME = -0.9  # it is about Roam Monthly where Roam Yearly is asked for
_LIMIT = 0.12  # it covers what the question measures
_DAY = 0.2  # it speaks of the weekday or month that is asked about
_COVERS = 0.6  # open on the day that is asked about
_EXCLUDES = -0.5
_LIMITED_NEEDS_LESS = 0.3  # a unit sets a limit for what the question measures
_LEAST_RELATED = 0.5
_INTRODUCTION = -0.3
NEEDED = 1.55  # relatedness + words found + names found
_WORDS_FOUND = 0.8
_NAMES_FOUND = 0.25
_NAMES_MISSING = -0.25
_PRICED = 0.25  # likeness of the thing whose price is asked for
_PRESENT = 0.65  # the same of what is asked to exist: `do you sell scooters`, `the salary of a mechanic`
_LOOKED_AT = 3  # units whose words count as found
_NEEDED_COVER = 0.6  # without an embedder: share of the question's words, weighted by rarity
_CODE = re.compile(r"\b[A-Za-z]{1,4}-?\d{1,4}[a-z]?\b")
_MONTHS = frozenset(map(stem, MONTHS))
_FITS = {Fit.NOTHING: 0.0, Fit.COVERS: _COVERS, Fit.EXCLUDES: _EXCLUDES}
_OTHER_SUBJECT = -0.15  # it forbids something else than what is asked about
_FORBIDDEN = re.compile(r"(?P<what>[^,.;:]{3,60}?) (?:cannot|can't|can not|must not|may not|are not|is not)\b")
_LEANS = re.compile(r"^(?:this|that|these|those|otherwise|then|in that case)\b|\bthe (?:old|new|other) one\b", re.I)
_MEASURED = ("money", "duration", "number", "time", "contact")


@dataclass(frozen=True, slots=True)
class Scored:
    """A unit with its score; higher answers better."""

    quote: Quote
    score: float


def best_first(
    asked: Asked,
    found: Sequence[Quote],
    passages: Sequence[Passage],
    embedder: TextEmbedder | None,
    gauge: Gauge | None,
    *,
    needed: float = NEEDED,
) -> list[Scored]:
    """The units by how well they answer the question; empty if none reaches what is needed."""
    if not found:
        return []
    words = _Words(asked, found)
    if embedder is None or gauge is None:
        return _by_words(asked, found, words)
    related = _related(asked, found, embedder, gauge)
    place = {name for name in asked.names if not name.endswith("day")}
    days = np.array([0.0 if place else _FITS[days_fit(asked.text, quote.text)] for quote in found])
    limited = _is_limited(asked, found)
    softly = _found_softly(asked, found, related, passages, embedder, gauge)
    limited = limited or (asked.wants is Wants.CONTACT and any(answers(asked.wants, quote.text) for quote in found))
    floor = 0.0 if limited or needed < NEEDED else _LEAST_RELATED
    least = max(floor, needed - _LIMITED_NEEDS_LESS * limited - softly)
    if related.max() < least:
        return []
    fitting = [
        _LIMIT * (_is_about(asked, q) and numbers_fit(asked.text, q.text) is Fit.COVERS)
        + _DAY * names_day(asked.text, q.text)
        for q in found
    ]
    scores = related + np.array(fitting) + _WORDS * words.cover + _measured(asked, found) + _codes(asked, found) + days
    scores += _RANK * _ranks(found, passages) + _introductions(asked, found)
    return _sorted(found, scores + np.array([_OTHER_SUBJECT * _forbids_another(asked, quote) for quote in found]))


def _is_about(asked: Asked, quote: Quote) -> bool:
    """Whether a unit, under its headings, has the names of the question."""
    return {name for name in asked.names if not name.isdigit()} <= set(content_terms(f"{quote.head} {quote.text}"))


def _forbids_another(asked: Asked, quote: Quote) -> bool:
    """`Spare batteries cannot be shipped to Norway`, where nothing was asked of batteries."""
    what = _FORBIDDEN.match(quote.text)
    subject = set(content_terms(what["what"])) if what else set()
    return bool(subject) and not subject & {*asked.terms, *content_terms(quote.head)}


def _related(asked: Asked, found: Sequence[Quote], embedder: TextEmbedder, gauge: Gauge) -> NDArray[np.float64]:
    """(n,) relatedness of the question and each unit under its headings."""
    question = embedder.embed([asked.text], kind="query")[0]
    texts = [f"{quote.head}. {quote.text}" for quote in found]
    return gauge.texts.relatedness(embedder.embed(texts, kind="passage") @ question)


def _found_softly(
    asked: Asked,
    found: Sequence[Quote],
    related: NDArray[np.float64],
    passages: Sequence[Passage],
    embedder: TextEmbedder,
    gauge: Gauge,
) -> float:
    """What the words say: how near each of the question's has a like in the best units, and if its names are there."""
    best = [found[int(i)] for i in np.argsort(-related, kind="stable")[:_LOOKED_AT]]
    there = content_words(" ".join(f"{quote.head} {quote.text}" for quote in best))
    limited = _is_limited(asked, found)
    dated = _MONTHS if limited else frozenset()
    wanted = [word for word in content_words(without_quantities(asked.text)) if stem(word) not in dated]
    likenesses = [_likeness(word, there, embedder, gauge) for word in wanted] or [0.0]
    if asked.wants is Wants.MONEY and min(likenesses) < _PRICED:
        return -math.inf  # the price of something that is not there
    if (thing := asked.thing) and _likeness(thing, there, embedder, gauge) < _PRESENT:
        return -math.inf
    anywhere = {term for p in passages for term in content_terms(f"{p.title} {p.text}")}
    named = {n for n in asked.names - dated if not n.endswith("day") and not (limited and n.isdigit())} <= anywhere
    return _WORDS_FOUND * float(np.mean(likenesses)) + (_NAMES_FOUND if named else _NAMES_MISSING)


def _is_limited(asked: Asked, found: Sequence[Quote]) -> bool:
    """Whether any unit sets a limit for what the question measures."""
    return any(numbers_fit(asked.text, quote.text) is not Fit.NOTHING for quote in found)


def _likeness(word: str, there: Sequence[str], embedder: TextEmbedder, gauge: Gauge) -> float:
    """1 if the word is there in any inflection, else how near the nearest is, 0..1."""
    if stem(word) in set(map(stem, there)):
        return 1.0
    if not there:
        return 0.0
    vectors = embedder.embed([word, *there])
    return float(np.clip(gauge.words.relatedness((vectors[1:] @ vectors[0]).max()), 0.0, 1.0))


class _Words:
    """Which of the question's words each unit contains. `cover`: (n,) share of them, weighted by rarity, 0..1."""

    def __init__(self, asked: Asked, found: Sequence[Quote]) -> None:
        own = [frozenset(content_terms(quote.text)) for quote in found]
        self.under = [terms | frozenset(content_terms(quote.head)) for terms, quote in zip(own, found, strict=True)]
        frequency = Counter(term for terms in self.under for term in terms)
        self._weights = {term: math.log(1 + (len(found) + 1) / (frequency[term] + 0.5)) for term in asked.terms}
        self.cover = np.array([self.share(terms) for terms in own])

    def share(self, terms: frozenset[str]) -> float:
        total = sum(self._weights.values())
        return sum(weight for term, weight in self._weights.items() if term in terms) / total if total else 0.0


def _measured(asked: Asked, found: Sequence[Quote]) -> NDArray[np.float64]:
    if asked.wants not in _MEASURED:
        return np.zeros(len(found))
    fits = [answers(asked.wants, quote.text) and measures(asked.text, quote.text) for quote in found]
    return np.array([_KIND * fit for fit in fits])


def _introductions(asked: Asked, found: Sequence[Quote]) -> NDArray[np.float64]:
    """A penalty for `To start a return:` where no steps are asked for, and for what leans on the sentence before it."""
    return np.array(
        [
            _INTRODUCTION * ((asked.wants != "steps" and q.text.endswith(":")) or bool(_LEANS.search(q.text)))
            for q in found
        ]
    )


def _codes(asked: Asked, found: Sequence[Quote]) -> NDArray[np.float64]:
    """A penalty for naming others (E07, C3, Roam Monthly) than the question does."""
    wanted = _codes_in(asked.text)
    named = [_codes_in(quote.text) for quote in found]
    others = [names_another(asked.text, f"{quote.head}. {quote.text}") for quote in found]
    return np.array(
        [
            _OTHER_CODE * bool(wanted and codes and not codes & wanted) + _OTHER_NAME * other
            for codes, other in zip(named, others, strict=True)
        ]
    )


def _codes_in(text: str) -> set[str]:
    return {code.lower().replace("-", "") for code in _CODE.findall(text)}


def _ranks(found: Sequence[Quote], passages: Sequence[Passage]) -> NDArray[np.float64]:
    """(n,) the place of each unit's passage among those of its kind."""
    seen: Counter[str] = Counter()
    places = []
    for passage in passages:
        places.append(seen[passage.kind])
        seen[passage.kind] += 1
    return np.array([places[quote.passage] for quote in found], np.float64)


def _by_words(asked: Asked, found: Sequence[Quote], words: _Words) -> list[Scored]:
    covers = np.array([words.share(terms) for terms in words.under])
    fitting = [asked.names <= terms for terms in words.under]
    scores = np.where(fitting, covers + 0.5 * words.cover + 0.2 * np.sign(_measured(asked, found)), 0.0)
    enough = [i for i in range(len(found)) if fitting[i] and covers[i] >= _NEEDED_COVER]
    return _sorted([found[i] for i in enough], scores[enough]) if enough else []


def _sorted(found: Sequence[Quote], scores: NDArray[np.float64]) -> list[Scored]:
    order = np.argsort(-scores, kind="stable")
    return [Scored(found[int(i)], float(scores[i])) for i in order]
