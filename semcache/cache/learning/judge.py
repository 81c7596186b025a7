"""Whether two answers agree: equal text, likeness with guards, or a language model; outside the request's path.

Every judge is `judge(new, others) -> verdicts`: True, False, or None when it cannot tell; a None teaches nothing.
`default_judge` takes equal texts as equal, then asks the language model if there is one, else weighs the likeness.
How often each is wrong: `python benchmarks/answer_judges.py`; votes over all neighbours make up for it (votes.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from semcache.cache.budget.evidence import antonyms
from semcache.cache.deciding.guards import hard_guards
from semcache.embed import Embedder
from semcache.errors import ConfigurationError, InvalidInput, Unavailable
from semcache.llm import Llm, LlmRequest
from semcache.text import normal_form
from semcache.text.differences.negation import negation_differs
from semcache.text.figures.facts import unmatched
from semcache.text.reading import reader

Verdicts = Sequence[bool | None]


class Answer(Protocol):
    """An answer as evidence: its text, and the versions of the documents it was built from (empty = unknown)."""

    @property
    def response(self) -> str: ...
    @property
    def sources(self) -> Mapping[str, int]: ...


Judge = Callable[[Answer, Sequence[Answer]], Verdicts]


def compared(judge: Judge, new: Answer, stored: Sequence[Answer]) -> list[bool | None]:
    """What a judge says of a new answer beside stored ones; raises InvalidInput if it says something else."""
    verdicts = list(judge(new, stored))
    if len(verdicts) != len(stored):
        raise InvalidInput(f"a judge returns one verdict for each stored answer: {len(stored)}, not {len(verdicts)}")
    if odd := [said for said in verdicts if not isinstance(said, bool | np.bool_ | None)]:
        raise InvalidInput(f"a judge says True, False or None (it cannot tell), not {odd[0]!r}")
    return [None if said is None else bool(said) for said in verdicts]


#: Sentences of unrelated subjects: their mean cosine is where an embedder's scale of likeness begins.
_UNRELATED = (
    "The museum opens at ten and is closed on Mondays.",
    "Add two eggs to the flour and stir until the dough is smooth.",
    "Photosynthesis turns light, water and carbon dioxide into sugar.",
    "The function returns None if the key is missing.",
    "Your invoice will be sent by email at the end of the month.",
    "The treaty was signed after three years of negotiations.",
    "Turn left at the lights and follow the river to the bridge.",
    "The band released its second album last spring.",
    "A router forwards packets between networks.",
    "Water the plants twice a week, but not in winter.",
)
#: Log odds that two answers agree, by what is seen of them; fitted to 360 pairs of answers with two embedders.
_WEIGHTS = {
    "constant": -3.7,
    "likeness": 6.7,
    "overlap": 1.9,
    "jaccard": -3.9,
    "figures_conflict": -6.0,
    "figures_missing": -1.2,
    "figures_shared": 3.2,
    "negation": -0.6,
    "antonym": -1.8,
    "yes_against_no": -3.8,
    "same_sources": 1.0,
    "other_sources": -3.0,
}
#: Between these log odds the judge does not tell.
DIFFERENT_BELOW = -1.5
SAME_ABOVE = 0.8

_CITATION = re.compile(r"\s*\[[^\[\]]{1,80}\]")
_SYSTEM = (
    "You compare answers. Two answers agree if a person who acts on one does the same as with the other: the same "
    "figures, names and conditions, the same yes or no. Wording, order and additional detail do not matter."
)
_text_of = reader(max_bytes=33_554_432)


def equal_text(new: Answer, others: Sequence[Answer]) -> list[bool | None]:
    """True where the texts are the same, citations and mere dress aside; cannot tell otherwise."""
    return [same_text(new.response, other.response) or None for other in others]


def same_text(first: str, second: str) -> bool:
    """Whether two answers are one text but for citations and dress: the case of ordinary words, blanks, final marks.

    `curl -I` and `curl -i` are two.
    """
    first, second = _plain(first), _plain(second)
    return _same_words(first, second) and not hard_guards(_text_of(first), _text_of(second))


def _same_words(first: str, second: str) -> bool:
    return normal_form(first) == normal_form(second)


def default_judge(embedder: Embedder, llm: Llm | None = None) -> Judge:
    """Equal texts first; then the language model if one is given that follows instructions, else likeness."""
    likeness = likeness_judge(embedder)
    second = llm_judge(llm, fallback=likeness) if llm is not None and llm.generative else likeness
    return first_to_tell(equal_text, second)


def first_to_tell(*judges: Judge) -> Judge:
    """Each judge is asked about what those before it could not tell."""

    def judge(new: Answer, others: Sequence[Answer]) -> list[bool | None]:
        verdicts: list[bool | None] = [None] * len(others)
        for one in judges:
            open_ = [at for at, verdict in enumerate(verdicts) if verdict is None]
            if not open_:
                break
            for at, verdict in zip(open_, one(new, [others[at] for at in open_]), strict=True):
                verdicts[at] = verdict
        return verdicts

    return judge


def likeness_judge(embedder: Embedder) -> Judge:
    """Weighs embeddings, shared words and figures, negation, antonyms and sources. Loads the model when first asked."""
    baseline: list[float] = []

    def judge(new: Answer, others: Sequence[Answer]) -> list[bool | None]:
        if not baseline:
            baseline.append(unrelated_cosine(embedder))
        vectors = embedder.embed([_plain(answer.response) for answer in (new, *others)])
        cosines = vectors[1:] @ vectors[0]
        likenesses = (cosines - baseline[0]) / (1 - baseline[0])
        return [weighed(new, other, float(likeness)) for other, likeness in zip(others, likenesses, strict=True)]

    return judge


def weighed(new: Answer, other: Answer, likeness: float) -> bool | None:
    """A verdict by the evidence; of the same words it cannot tell, for models hardly read the case that may differ."""
    if _same_words(_plain(new.response), _plain(other.response)):
        return same_text(new.response, other.response) or None
    return verdict_of(log_odds(new, other, likeness))


def unrelated_cosine(embedder: Embedder) -> float:
    """Mean cosine of sentences that have nothing to do with each other: .43 for bge-small, .05 for MiniLM."""
    vectors = embedder.embed(_UNRELATED)
    return float((vectors @ vectors.T)[np.triu_indices(len(vectors), 1)].mean())


def verdict_of(odds: float) -> bool | None:
    if odds >= SAME_ABOVE:
        return True
    return False if odds < DIFFERENT_BELOW else None


def log_odds(first: Answer, second: Answer, likeness: float) -> float:
    """Log odds that two answers agree. `likeness`: cosine on a scale where 0 is unrelated and 1 equal."""
    seen = evidence(first.response, second.response, likeness) | _sources(first.sources, second.sources)
    return sum(_WEIGHTS[name] * value for name, value in seen.items())


def evidence(first: str, second: str, likeness: float) -> dict[str, float]:
    """What speaks for and against the agreement of two texts, by the names of the weights."""
    a, b = _text_of(_plain(first)), _text_of(_plain(second))
    shared, every = len(a.content & b.content), len(a.content | b.content)
    mine, other = unmatched(a.facts, b.facts)
    figures = len(a.facts.stated.keys() & b.facts.stated.keys())
    conflict = not {fact.kind for fact in mine}.isdisjoint(fact.kind for fact in other)
    return {
        "constant": 1.0,
        "likeness": likeness,
        "overlap": shared / (min(len(a.content), len(b.content)) or 1),
        "jaccard": shared / (every or 1),
        "figures_conflict": float(conflict),
        "figures_missing": float(bool(mine or other) and not conflict),
        "figures_shared": figures / (figures + len(mine) + len(other) or 1),
        "negation": float(negation_differs(a.negation, b.negation)),
        "antonym": float(antonyms(a, b) is not None),
        "yes_against_no": float({*a.words[:1], *b.words[:1]} == {"yes", "no"}),
    }


def _sources(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, float]:
    """Answers from other documents are other answers; from the same versions of the same, they may be one."""
    if not first or not second:
        return {}
    return {
        "same_sources": float(dict(first) == dict(second)),
        "other_sources": float(first.keys().isdisjoint(second)),
    }


def llm_judge(llm: Llm, *, fallback: Judge) -> Judge:
    """Asks a language model about all answers in one call; `fallback` judges when nobody answers.

    Raises:
        ConfigurationError: the model cannot compare answers, because it only quotes what was retrieved.
    """
    if not llm.generative:
        raise ConfigurationError(f"{llm.name} cannot compare answers: set llm.model to one that follows instructions")

    def judge(new: Answer, others: Sequence[Answer]) -> Verdicts:
        try:
            reply = llm.answer(LlmRequest(question=_question(new, others), system=_SYSTEM))
        except Unavailable:
            return fallback(new, others)
        return fallback(new, others) if reply.incomplete else read_reply(reply.text, len(others))

    return judge


def _question(new: Answer, others: Sequence[Answer]) -> str:
    stored = "\n\n".join(f"{number}. {_plain(other.response)}" for number, other in enumerate(others, start=1))
    return (
        f"New answer:\n{_plain(new.response)}\n\nStored answers:\n{stored}\n\n"
        "Which stored answers agree with the new one? Reply with their numbers, separated by commas, or with: none"
    )


def read_reply(reply: str, count: int) -> list[bool | None]:
    """Verdicts on `count` answers from "1, 3" or "none"; None for all if the reply is something else."""
    said = reply.strip().strip(".").lower()
    if said == "none":
        return [False] * count
    numbers = {int(number) for number in re.findall(r"\d+", said)}
    if not re.fullmatch(r"(?:numbers?:?\s*)?\d+(?:\s*(?:,|and|\s)\s*\d+)*", said) or not numbers <= {
        *range(1, count + 1)
    }:
        return [None] * count
    return [number in numbers for number in range(1, count + 1)]


def _plain(response: str) -> str:
    """An answer without its citations."""
    return _CITATION.sub("", response).strip() or response
