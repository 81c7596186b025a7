"""Answers without a language model: the sentences that best answer the question, quoted, with their sources."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from semcache.llm.asked import Asked, Wants, asked, parts
from semcache.llm.gauge import Gauge, TextEmbedder, gauge_of
from semcache.llm.protocol import Completion, Llm, LlmRequest, Passage, Stream, estimated_usage
from semcache.llm.quotes import Quote, quotes, run_of
from semcache.llm.relevance import NEEDED, Scored, best_first
from semcache.text.acts import Act, act
from semcache.text.questions import classify

NAME = "extractive"
UNKNOWN = "I do not know: nothing in the documents or memories I can see answers that."
_REPLIES = {
    Act.GREETING: "Hello! Ask me something, and I will quote what the documents say.",
    Act.THANKS: "You are welcome.",
    Act.STATEMENT: "Noted. I will remember that.",
}
_MOST_QUOTED = 3
_MOST_STEPS = 8
_NEEDED_OF_ASKER = 1.15  # relatedness + words found: what people say of themselves has few words of the question
_NEARLY_AS_GOOD = 0.27  # relatedness: what is quoted beside the best


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
        lines = _lines(chosen, request.passages) if chosen else [_REPLIES.get(act(request.question), UNKNOWN)]
        for number, line in enumerate(lines):
            yield f"\n{line}" if number else line
        text = "\n".join(lines)
        cited = tuple(dict.fromkeys(request.passages[quote.passage].id for quote in chosen))
        return Completion(text, estimated_usage(request, text), cited, known=text != UNKNOWN)

    def _chosen(self, request: LlmRequest) -> list[Quote]:
        """The units to quote; none if nothing fits, or nothing was asked."""
        if act(request.question) is not Act.QUESTION:
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
        read = self._ranked(wanted, written, passages, needed=NEEDED)
        if told and (not read or told[0].score > read[0].score):
            return _newest_first(told, passages, room)
        return _from_documents(wanted, read, written, room) if read else []

    def _ranked(
        self, wanted: Asked, found: Sequence[Quote], passages: Sequence[Passage], *, needed: float
    ) -> list[Scored]:
        return best_first(wanted, found, passages, self._embedder, self._gauge, needed=needed)


def _from_documents(wanted: Asked, ranked: Sequence[Scored], found: Sequence[Quote], room: int) -> list[Quote]:
    """Steps or a list as a whole, if that is what is asked for or introduced; else the best few units."""
    best = ranked[0].quote
    run = run_of(found, best, most=_MOST_STEPS)
    if len(run) > 1 and (wanted.wants is Wants.STEPS or best.text.endswith(":")):
        return run
    chosen = [scored.quote for scored in _nearly_as_good(ranked)[:room]]
    return chosen if len(chosen) > 1 or room == 1 else [best, *_continued(best, found)]


def _newest_first(ranked: Sequence[Scored], passages: Sequence[Passage], room: int) -> list[Quote]:
    """The best few of what somebody said; what was said last comes first, because it may have changed."""
    best = [scored.quote for scored in _nearly_as_good(ranked)[:room]]
    return sorted(best, key=lambda quote: -passages[quote.passage].at)


def _continued(best: Quote, found: Sequence[Quote]) -> list[Quote]:
    """The sentence that follows in the same paragraph: a single one is often explained by it."""
    return [q for q in found if (q.passage, q.line, q.place) == (best.passage, best.line, best.place + 1)]


def _nearly_as_good(ranked: Sequence[Scored]) -> list[Scored]:
    return [scored for scored in ranked if scored.score >= ranked[0].score - _NEARLY_AS_GOOD]


def _lines(chosen: Sequence[Quote], passages: Sequence[Passage]) -> list[str]:
    """The quotes by source, the best source first, in the order of the text; after each its name in brackets."""
    groups: dict[str, list[Quote]] = {}
    for quote in chosen:
        groups.setdefault(passages[quote.passage].id, []).append(quote)
    lines: list[str] = []
    for group in groups.values():
        passage = passages[group[0].passage]
        lines += _body(sorted(group, key=lambda quote: (quote.passage, quote.place)))
        lines[-1] += f" [{passage.title or passage.id}]"
    return lines


def _body(group: Sequence[Quote]) -> list[str]:
    """Sentences on one line, steps and items on lines of their own."""
    lines: list[str] = []
    number, inline = 0, False
    for quote in group:
        if quote.form == "sentence" and inline:
            lines[-1] += f" {quote.text}"
            continue
        number += quote.form == "step"
        mark = {"step": f"{number}. ", "item": "- ", "row": "- "}.get(quote.form, "") if len(group) > 1 else ""
        lines.append(f'"{quote.text}"' if quote.form == "utterance" else mark + quote.text)
        inline = quote.form == "sentence"
    return lines
