"""Where an answer came from, in words: its badge, why, how long it took, what it saved, what it rests on (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from semcache.chat import Answer
from semcache_ui.services import words

Kind = Literal["hit", "miss", "uncacheable", "fresh"]

STAGES = ("understand", "embed", "lookup", "recall", "generate", "store")
_LABELS: Mapping[Kind, str] = {
    "hit": "cache hit", "miss": "miss", "uncacheable": "not cacheable", "fresh": "without the cache"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of an answer; `share` of the total, 0..1."""

    name: str
    seconds: float
    share: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A stored question that was near; `note`: what speaks against serving its answer, empty if nothing does."""

    prompt: str
    similarity: float
    note: str
    served: bool


@dataclass(frozen=True, slots=True)
class Provenance:
    """What stands under an answer. `label` and `why` make one line, `facts` the next.

    `because`: why it says what it says, in a sentence or two; `numbers`: what the decision was made of.
    """

    kind: Kind
    label: str
    why: str
    facts: tuple[str, ...]
    stages: tuple[Stage, ...]
    neighbours: tuple[Neighbour, ...]
    understood_as: str = ""
    personal: bool = False
    because: str = ""
    numbers: tuple[tuple[str, str], ...] = ()


def provenance(answer: Answer, *, asked: str, paid: bool = True) -> Provenance:
    """What to say under an answer to the question `asked`; `paid`: a language model makes answers.

    What the built-in answerer would have taken is nothing that anybody saves.
    """
    return Provenance(
        kind=answer.outcome,
        label=_LABELS[answer.outcome],
        why=_why(answer),
        facts=tuple(_facts(answer, paid=paid)),
        stages=stages(answer.timings),
        neighbours=_neighbours(answer),
        understood_as=answer.question if _differs(answer.question, asked) else "",
        personal=answer.personal_scope,
        because=_because(answer),
        numbers=tuple(_numbers(answer)),
    )


def stages(timings: Mapping[str, float]) -> tuple[Stage, ...]:
    """The stages that took any time, in the order of the way."""
    known = [name for name in STAGES if name in timings]
    others = [name for name in timings if name not in STAGES and name != "total"]
    total = timings.get("total") or sum(timings[name] for name in known + others) or 1.0
    return tuple(Stage(name, timings[name], timings[name] / total) for name in known + others if timings[name] > 0)


def _why(answer: Answer) -> str:
    if answer.hit is None:
        return answer.reason
    if answer.hit.exact:
        return "the same question was asked before"
    return f"same meaning as “{words.shortened(answer.hit.prompt, 90)}”"


def _because(answer: Answer) -> str:
    """`It was made now, because nothing similar is stored. It rests on Returns and on what you told.`"""
    if answer.hit is not None:
        began = f"This was answered {words.ago(answer.hit.age_s)}, and what it rests on has not changed since."
    elif answer.outcome == "fresh":
        began = "You asked for it to be made anew."
    else:
        began = f"It was made now: {answer.reason}."
    if not answer.known:
        return f"{began} Nothing that was found answers the question."
    named = [f"{document} (version {version})" for document, version in answer.sources.items()]
    told = sum(memory.id in answer.cited for memory in answer.memories)
    named += [f"{words.count(told, 'thing')} you told"] if told else []
    return f"{began} It rests on {', '.join(named)}." if named else began


def _numbers(answer: Answer) -> Iterator[tuple[str, str]]:
    yield "question is", "about everyone" if answer.kind == "shared" else str(answer.kind)
    yield "looked up in", "your own answers" if answer.personal_scope else "the shared answers"
    if answer.hit is not None:
        yield "similarity", f"{answer.hit.similarity:.4f}"
        yield "confidence", words.share(answer.hit.confidence, digits=2)
    elif found := _neighbours(answer):
        yield "nearest", f"{found[0].similarity:.4f}"
    if answer.miss is not None:
        yield "reason", answer.miss.reason.value.replace("_", " ")
    if entry := answer.entry_id:
        yield "kept as", entry


def _facts(answer: Answer, *, paid: bool) -> list[str]:
    facts = []
    if answer.hit is not None:
        facts.append(_verified(answer))
        facts.append(f"first answered {words.ago(answer.hit.age_s)}")
    if answer.timings:
        facts.append(_answered_in(answer.timings))
    if paid and (saved := _saved(answer)):
        facts.append(saved)
    if answer.outcome == "miss":
        facts.append("kept for next time" if answer.entry_id else "not kept")
    if answer.tokens and paid:
        facts.append(words.count(answer.tokens, "token"))
    return facts


def _verified(answer: Answer) -> str:
    hit = answer.hit
    if hit is None or hit.exact:
        return "exact match"
    return f"similarity {hit.similarity:.3f}, confidence {words.share(hit.confidence)}"


def _answered_in(timings: Mapping[str, float]) -> str:
    """The time to the answer; what is stored afterwards does not count."""
    known = [stage for stage in stages(timings) if stage.name != "store"]
    seconds = sum(stage.seconds for stage in known)
    slowest = max(known, key=lambda stage: stage.seconds, default=None)
    if slowest is None or slowest.seconds > 0.95 * seconds:
        return f"in {words.took(seconds)}"
    return f"in {words.took(seconds)} ({slowest.name} {words.took(slowest.seconds)})"


def _saved(answer: Answer) -> str:
    saved = answer.saved
    parts = [words.count(saved.tokens, "token")] if saved.tokens else []
    parts += [f"${saved.cost:.4f}"] if saved.cost else []
    parts += [words.took(saved.seconds)] if saved.seconds >= 0.001 else []
    return f"saved {', '.join(parts)}" if parts else ""


def _neighbours(answer: Answer) -> tuple[Neighbour, ...]:
    found = answer.hit.candidates if answer.hit else answer.miss.candidates if answer.miss is not None else ()
    served = answer.hit.entry_id if answer.hit else None
    return tuple(Neighbour(c.prompt, c.similarity, c.note, c.entry_id == served) for c in found[:10])


def _differs(question: str, asked: str) -> bool:
    return question.strip().casefold() != asked.strip().casefold()
