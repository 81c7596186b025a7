"""Answers without a language model: the sentences that best answer the question, quoted, with their sources."""

from __future__ import annotations

from collections.abc import Sequence

from semcache.llm.asked import Wants, asked, parts
from semcache.llm.protocol import Completion, Llm, LlmRequest, Passage, Stream, estimated_usage
from semcache.llm.quotes import Quote, quotes, run_of
from semcache.llm.relevance import Scored, TextEmbedder, best_first

NAME = "extractive"
UNKNOWN = "I do not know: nothing in the documents or memories I can see answers that."
_MOST_SENTENCES = 3
_MOST_STEPS = 8


class ExtractiveLlm(Llm):
    """Quotes what was retrieved; deterministic. With an embedder it also understands paraphrases."""

    name = NAME
    generative = False

    def __init__(self, embedder: TextEmbedder | None = None) -> None:
        self._embedder = embedder

    def stream(self, request: LlmRequest) -> Stream:
        chosen = self._chosen(request)
        text = ""
        for line in _lines(chosen, request.passages) if chosen else [UNKNOWN]:
            part = f"\n{line}" if text else line
            text += part
            yield part
        cited = tuple(dict.fromkeys(request.passages[quote.passage].id for quote in chosen))
        return Completion(text, estimated_usage(request, text), cited, known=bool(chosen))

    def _chosen(self, request: LlmRequest) -> list[Quote]:
        """The units to quote, best first, neighbours together; none if nothing fits."""
        found = quotes(request.passages)
        chosen: list[Quote] = []
        questions = parts(request.question)
        for question in questions:
            room = max(1, _MOST_SENTENCES // len(questions))
            for quote in self._answer(question, found, request.passages, room=room):
                if quote not in chosen:
                    chosen.append(quote)
        return chosen

    def _answer(self, question: str, found: list[Quote], passages: Sequence[Passage], *, room: int) -> list[Quote]:
        wanted = asked(question)
        ranked = best_first(wanted, found, passages, self._embedder)
        if not ranked:
            return []
        run = run_of(found, ranked[0].quote, most=_MOST_STEPS)
        if len(run) > 1 and (wanted.wants is Wants.STEPS or ranked[0].quote.text.endswith(":")):
            return run
        return [scored.quote for scored in _worth_adding(ranked)[:room]]


def _worth_adding(ranked: Sequence[Scored]) -> list[Scored]:
    """The best unit, and those nearly as good."""
    return [scored for scored in ranked if scored.score >= 0.85 * ranked[0].score]


def _lines(chosen: Sequence[Quote], passages: Sequence[Passage]) -> list[str]:
    """One line a source: its quoted units, then its name in brackets; steps and items on lines of their own."""
    lines: list[str] = []
    groups: dict[str, list[Quote]] = {}
    for quote in chosen:
        groups.setdefault(passages[quote.passage].id, []).append(quote)
    for group in groups.values():
        passage = passages[group[0].passage]
        lines += [*_body(sorted(group, key=lambda quote: (quote.passage, quote.place)))]
        lines[-1] += f" [{passage.title or passage.id}]"
    return lines


def _body(group: Sequence[Quote]) -> list[str]:
    lines: list[str] = []
    number, inline = 0, False
    for quote in group:
        if quote.form == "sentence" and inline:
            lines[-1] += f" {quote.text}"
            continue
        number += quote.form == "step"
        mark = {"step": f"{number}. ", "item": "- ", "row": "- "}.get(quote.form, "")
        lines.append((mark if len(group) > 1 else "") + quote.text)
        inline = quote.form == "sentence"
    return lines
