"""Answers without a language model: the sentences that best answer the question, quoted, with their sources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from semcache.llm.asked import Asked, Wants, answers, asked, content_terms, parts
from semcache.llm.gauge import Gauge, TextEmbedder, gauge_of
from semcache.llm.limits import Fit, days_fit, forbids, measures, names_day, numbers_fit
from semcache.llm.protocol import Completion, Llm, LlmRequest, Passage, Stream, estimated_usage
from semcache.llm.quotes import Quote, lines_of, quotes, run_of
from semcache.llm.relevance import NEEDED, Scored, best_first
from semcache.llm.replies import ENGLISH_ONLY, UNKNOWN, asks_the_time, unquoted
from semcache.text.language import language_of
from semcache.text.questions import classify
from semcache.text.questions.acts import Act, act, asking_part
from semcache.text.questions.followups import plain
from semcache.text.questions.volatile import asks_of_former

NAME = "extractive"
_BEFORE = "I know only what holds now:"
_BY_LIMIT = "Not by this limit:"
_MOST_QUOTED = 3
_MOST_STEPS = 8
_NEEDED_OF_ASKER = 1.15  # relatedness + words found: what people say of themselves has few words of the question
_NEARLY_AS_GOOD = 0.27  # relatedness: what is quoted beside the best
_ELSEWHERE = 0.1  # the same, of another document
_MEASURING = 0.2  # the same, of what has the measure that is asked for
_SAME_CASE = 0.8  # the same, of what sets the limit for the case that is asked about
_OF_RECORDS = 0.6  # more is needed of documents for a question about the asker's own records
_OF_NOW = 0.3
_OF_OTHER_YEARS = 0.6
_OTHER_YEAR = re.compile(r"\b(?:last|next) (?:year|month|week|quarter)\b", re.I)
_TO_DO = re.compile(r"(?:can|could|would|will) you\b.*\bfor (?:me|us)\b", re.I)  # nobody here does anything
_FIGURES = (Wants.DURATION, Wants.TIME, Wants.MONEY, Wants.NUMBER)
_ASKS_WHICH = re.compile(r"(?:which|what|where|who)\b", re.I)
_SUBJECT = re.compile(r"(?<=[a-z] )[A-Z][\w-]*")  # a name inside a sentence
_LEANING = re.compile(
    r"(?:this|that|these|those|it|its|they|them|he|she|then|there|otherwise|later|after|before|but|and|or|also|if|when"
    r"|in that case|for this|both|each|either|only|exceptions?)\b",
    re.I,
)
_OTHERWISE = re.compile(
    r"(?:later|after (?:that|this)|if [^,]*(?:later|more|less) than (?:that|this)"
    r"|otherwise|beyond|below|above|who|anyone|in all other)\b",
    re.I,
)
_PROMISES = re.compile(
    r"\b(?:two|three|four|several|the following|these) (?:\w+ )?(?:choices|options|ways|steps|rules|cases)\b", re.I
)


class ExtractiveLlm(Llm):
    """Quotes what was retrieved; deterministic. Without an embedder only the question's own words count.

    The first answer measures the embedder (32 short texts).
    """

    name = NAME
    generative = False

    def __init__(self, embedder: TextEmbedder | None = None) -> None:
        self._embedder = embedder

    @cached_property
    def _gauge(self) -> Gauge | None:
        return gauge_of(self._embedder) if self._embedder else None

    def stream(self, request: LlmRequest) -> Stream:
        chosen = self._chosen(request)
        lines = self._quoted(request, chosen) if chosen else [unquoted(request)]
        for number, line in enumerate(lines):
            yield f"\n{line}" if number else line
        text = "\n".join(lines)
        cited = tuple(dict.fromkeys(request.passages[quote.passage].id for quote in chosen))
        known = bool(chosen) or (lines[0] != UNKNOWN and not lines[0].startswith(ENGLISH_ONLY))
        return Completion(text, estimated_usage(request, text), cited, known=known)

    def _quoted(self, request: LlmRequest, chosen: Sequence[Quote]) -> list[str]:
        """The quotes as lines, with a word before them where they must not be taken as they stand."""
        lines = lines_of(chosen, request.passages)
        written = request.passages[chosen[0].passage].kind == "document"
        if written and asks_of_former(request.question):
            return [_BEFORE, *lines]
        limited = asked(asking_part(request.question)).wants is Wants.YES_NO and numbers_fit(
            request.question, chosen[0].text
        )
        if not written or limited is not Fit.EXCLUDES or forbids(chosen[0].text):
            return lines
        return [_BY_LIMIT, *lines]

    def _chosen(self, request: LlmRequest) -> list[Quote]:
        """The units to quote; none if nothing fits, or nothing was asked."""
        if act(request.question) is not Act.QUESTION or language_of(request.question) != "en":
            return []
        if asks_the_time(request.question):
            return []
        found = quotes(request.passages)
        questions = parts(request.question)
        room = max(1, _MOST_QUOTED // len(questions))
        chosen = [quote for question in questions for quote in self._answer(question, found, request.passages, room)]
        return list(dict.fromkeys(chosen))

    def _answer(self, question: str, found: list[Quote], passages: Sequence[Passage], room: int) -> list[Quote]:
        """What the asker told, for a question about the asker or where it fits better; else what documents say."""
        wanted, personal = asked(question), classify(question).personal
        said = [quote for quote in found if passages[quote.passage].kind == "memory"]
        told = self._ranked(wanted, said, passages, needed=_NEEDED_OF_ASKER if personal else NEEDED)
        if told and personal:
            return _newest_first(told, passages, room)
        written = [quote for quote in found if passages[quote.passage].kind == "document"]
        read = self._ranked(wanted, written, passages, needed=NEEDED + _more_needed(question, written))
        if read and not measures(question, read[0].quote.text):
            read = [scored for scored in read if scored.score >= read[0].score - _MEASURING]
        read = [scored for scored in read if measures(question, scored.quote.text)]
        if told and (not read or told[0].score > read[0].score):
            return _newest_first(told, passages, room)
        return _from_documents(wanted, read, written, room) if read else []

    def _ranked(
        self, wanted: Asked, found: Sequence[Quote], passages: Sequence[Passage], *, needed: float
    ) -> list[Scored]:
        return best_first(wanted, found, passages, self._embedder, self._gauge, needed=needed)


def _more_needed(question: str, written: Sequence[Quote]) -> float:
    """What is needed of documents beyond the usual: they know neither their reader's records nor this moment.

    A question that measures what a document limits is about anyone in that case: `my dog weighs 12 kg`.
    """
    read = classify(question)
    if any(numbers_fit(question, quote.text) is not Fit.NOTHING for quote in written):
        return 0.0
    to_do = _TO_DO.match(plain(question)) is not None
    another = _OTHER_YEAR.search(question) and not any(_OTHER_YEAR.search(quote.text) for quote in written)
    return max(_OF_RECORDS * (read.personal or to_do), _OF_NOW * read.volatile, _OF_OTHER_YEARS * bool(another))


def _from_documents(wanted: Asked, ranked: Sequence[Scored], found: Sequence[Quote], room: int) -> list[Quote]:
    """Steps or a list as a whole, if that is what is asked for or introduced; else the best few units."""
    if fitting := _open_then(wanted, ranked):
        return fitting
    if wanted.wants is not Wants.STEPS:  # a step is nothing without the others, and they are no answer
        ranked = _without_steps(wanted, ranked)
    best = _for_the_case(wanted, ranked)
    run = run_of(found, best, most=_MOST_STEPS)
    if best.form == "step" and _holds(wanted, best):
        return [best]
    if len(run) > 1 and (wanted.wants is Wants.STEPS or best.text.endswith(":") or best.form == "step"):
        return run
    beside = [quote for quote in _beside(wanted, best, ranked) if quote.form != "step" and not quote.text.endswith(":")]
    chosen = [best, *(quote for quote in beside if quote != best)][:room]
    promised = [
        further for quote in chosen if _PROMISES.search(quote.text) for further in _continued(wanted, quote, found)
    ]
    fit = numbers_fit(wanted.text, best.text)
    if fit is Fit.EXCLUDES or names_day(wanted.text, wanted.text):
        chosen += [
            quote for quote in found if _follows(best, quote) and _goes_on(wanted, quote) and quote not in chosen
        ]
    if promised or len(chosen) > 1 or room == 1 or fit is not Fit.NOTHING:
        return [*chosen, *promised]
    return [best, *_continued(wanted, best, found)]


def _without_steps(wanted: Asked, ranked: Sequence[Scored]) -> Sequence[Scored]:
    """What is no step; all, if the best one is a step that holds what is asked for: `within 48 hours`."""
    others = [scored for scored in ranked if scored.quote.form != "step"]
    best = ranked[0]
    alone = not others or (best.score > others[0].score + _NEARLY_AS_GOOD and _holds(wanted, best.quote))
    return ranked if alone else others


def _holds(wanted: Asked, quote: Quote) -> bool:
    """Whether a unit alone holds the figure that is wanted."""
    return wanted.wants in _FIGURES and answers(wanted.wants, quote.text)


def _open_then(wanted: Asked, ranked: Sequence[Scored]) -> list[Quote]:
    """For `which hubs are open on Sunday`: of each document the best unit that says so."""
    if not _ASKS_WHICH.match(plain(wanted.text)):
        return []
    fitting = [scored.quote for scored in ranked if days_fit(wanted.text, scored.quote.text) is Fit.COVERS]
    return list({_topic(quote): quote for quote in reversed(fitting)}.values())[::-1][:_MOST_STEPS]


def _for_the_case(wanted: Asked, ranked: Sequence[Scored]) -> Quote:
    """The best unit, or the one of its passage that sets a limit for the numbers asked about."""
    best = ranked[0]
    if numbers_fit(wanted.text, best.quote.text) is Fit.COVERS:
        return best.quote
    return next((scored.quote for scored in ranked[1:] if _fits_better(wanted, scored, best)), best.quote)


def _fits_better(wanted: Asked, scored: Scored, best: Scored) -> bool:
    """Whether a unit sets the limit for what is asked about: of the best one's document, or at least as near to it."""
    of_best, fit = (numbers_fit(wanted.text, other.quote.text) for other in (best, scored))
    room = _SAME_CASE if fit is Fit.COVERS or of_best is Fit.NOTHING else _NEARLY_AS_GOOD
    if fit is of_best or scored.score < best.score - room:
        return False
    near = scored.score >= best.score - _NEARLY_AS_GOOD and _found_of(wanted, scored.quote) >= _found_of(
        wanted, best.quote
    )
    if near and (of_best, fit) == (Fit.EXCLUDES, Fit.COVERS):
        return True
    if _topic(scored.quote) != _topic(best.quote):
        return False
    if of_best is Fit.NOTHING:
        return wanted.names <= set(content_terms(scored.quote.text))
    return _as_much(wanted, scored.quote, best.quote)


def _found_of(wanted: Asked, quote: Quote) -> int:
    """How many of the question's words a unit has."""
    return len(set(wanted.terms) & set(content_terms(quote.text)))


def _follows(best: Quote, quote: Quote) -> bool:
    return (quote.passage, quote.line, quote.place) == (best.passage, best.line, best.place + 1)


def _goes_on(wanted: Asked, quote: Quote) -> bool:
    """Whether a sentence says what holds beyond the limit before it, or on the weekday that is asked about."""
    return _OTHERWISE.match(quote.text) is not None or names_day(wanted.text, quote.text)


def _topic(quote: Quote) -> str:
    """The document's title, by which its passages are known as one."""
    return quote.head.split(". ", 1)[0]


def _as_much(wanted: Asked, quote: Quote, best: Quote) -> bool:
    """Whether a unit is about the same as the best one: it has all of the question's words that the best has."""
    of_best, own = set(content_terms(best.text)), set(content_terms(quote.text))
    return set(wanted.terms) & of_best <= own


def _beside(wanted: Asked, best: Quote, ranked: Sequence[Scored]) -> list[Quote]:
    """What is nearly as good: hardly anything of other documents, nothing that sets a limit for another case."""
    near = [
        scored.quote
        for scored in _nearly_as_good(ranked)
        if _topic(scored.quote) == _topic(best) or scored.score >= ranked[0].score - _ELSEWHERE
    ]
    whole = set(wanted.terms) & set(content_terms(best.text))
    if whole == set(wanted.terms):  # what has less of the question is about something like it: kittens, not puppies
        near = [quote for quote in near if whole <= set(content_terms(quote.text))]
    if numbers_fit(wanted.text, best.text) is Fit.NOTHING:
        return near
    return [quote for quote in near if numbers_fit(wanted.text, quote.text) is Fit.COVERS]


def _newest_first(ranked: Sequence[Scored], passages: Sequence[Passage], room: int) -> list[Quote]:
    """The best few of what somebody said; what was said last comes first, because it may have changed."""
    best = [scored.quote for scored in _nearly_as_good(ranked)[:room]]
    return sorted(best, key=lambda quote: -passages[quote.passage].at)


def _continued(wanted: Asked, best: Quote, found: Sequence[Quote]) -> list[Quote]:
    """The sentence that follows in the same paragraph: a single one is often explained by it. All, if it names some."""
    most = _MOST_STEPS if _PROMISES.search(best.text) else 1
    same = [q for q in found if (q.passage, q.line) == (best.passage, best.line)]
    following = [q for q in same if best.place < q.place <= best.place + most]
    return following if most > 1 else [q for q in following if not _is_of_another(wanted, best.text, q.text)]


def _is_of_another(wanted: Asked, best: str, other: str) -> bool:
    """Whether a sentence says the like of another subject: `The Oak room ...`, `The Loft ...`; puppies and kittens."""
    if _LEANING.match(other) or wanted.wants is Wants.STEPS:
        return False
    asked_of, own = (set(wanted.terms) & set(content_terms(text)) for text in (best, other))
    names, others = set(_SUBJECT.findall(best)), set(_SUBJECT.findall(other))
    less = wanted.wants is not Wants.ANYTHING and bool(own) and not asked_of <= own
    return less or bool(names and others and not names & others)


def _nearly_as_good(ranked: Sequence[Scored]) -> list[Scored]:
    return [scored for scored in ranked if scored.score >= ranked[0].score - _NEARLY_AS_GOOD]
