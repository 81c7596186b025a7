"""What a language model is asked, what it answers, and what one has to implement."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from semcache.errors import LlmUnavailable
from semcache.text import token_count

Role = Literal["system", "user", "assistant"]
PassageKind = Literal["document", "memory"]


@dataclass(frozen=True, slots=True)
class Passage:
    """Retrieved text an answer may rest on.

    `id` is what an answer cites; `score` is the retriever's, higher is better; `at`: when a memory was said,
    seconds since the epoch (0 = unknown).
    """

    id: str
    kind: PassageKind
    title: str
    text: str
    score: float = 0.0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class LlmRequest:
    """A standalone question with what was retrieved for it and the session before it, oldest first.

    `within_s`: seconds in which the whole answer has to be there, tried once; None: as the model is set up.
    """

    question: str
    passages: tuple[Passage, ...] = ()
    history: tuple[Message, ...] = ()
    system: str = ""
    within_s: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; `estimated` if the endpoint did not count them."""

    prompt_tokens: int
    completion_tokens: int
    estimated: bool = False

    @property
    def total(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer. `cited`: ids of the passages it names; `known` is False if it says that it does not know.

    `finish_reason`: why the model ended it, as the endpoint says; only "stop" means that nothing is missing.
    """

    text: str
    usage: Usage
    cited: tuple[str, ...] = ()
    known: bool = True
    finish_reason: str = "stop"

    @property
    def incomplete(self) -> str:
        """What is missing, in words; empty if nothing is. An incomplete answer is for its asker: it is not kept."""
        if self.finish_reason != "stop":
            limit = " (its limit of tokens: raise SEMCACHE_LLM_MAX_TOKENS)" if self.finish_reason == "length" else ""
            return f"the language model ended with finish_reason {self.finish_reason!r}{limit}"
        if _ends_in_reasoning(self.text):
            return "the language model ended before its answer, in its reasoning"
        return ""


# What opens and closes a reasoning model's thoughts. In square brackets other words are citations: [analysis].
_NAMES = r"(?:seed:)?(?:think|thinking|thoughts?|reasoning|analysis)"
_THOUGHTS = re.compile(
    rf"[<\[◁](?P<closes>/?)(?P<name>(?<=[</]){_NAMES}(?=>)|(?<=[\[/])think(?=\])|(?<=[◁/])think(?=▷))[>\]▷]",
    re.IGNORECASE,
)


def _ends_in_reasoning(text: str) -> bool:
    """Whether thoughts are still open at the end, or closed with nothing behind them."""
    opened, last = "", 0
    for mark in _THOUGHTS.finditer(text):
        last = mark.end()
        if not mark["closes"]:
            opened = mark["name"].lower()
        elif mark["name"].lower() == opened:
            opened = ""
    return bool(opened) or (last > 0 and not text[last:].strip())


Stream = Generator[str, None, Completion]


@runtime_checkable
class Llm(Protocol):
    """Answers questions. Subclass it, or offer the same members; implementations are thread-safe.

    `name` is part of the cache scope: answers of another model are never served as this one's.
    `generative`: follows instructions, so it can also rewrite a question or compare two answers.
    """

    name: str
    generative: bool

    def stream(self, request: LlmRequest) -> Stream:
        """Yields the answer as it comes; the generator's return value is the whole `Completion`.

        Closing the generator early ends the call.

        Raises:
            InvalidInput: the request can never be answered (longer than the model's context).
            LlmUnavailable: nobody answers, the answer broke off, or it is empty or a refusal.
            RateLimited: the endpoint says to come back in `retry_after_s`.
        """
        ...

    def answer(self, request: LlmRequest) -> Completion:
        """The whole answer at once."""
        stream = self.stream(request)
        while True:
            try:
                next(stream)
            except StopIteration as end:
                return completion_of(end.value)


def completion_of(value: object) -> Completion:
    """The return value of a stream, checked.

    Raises:
        LlmUnavailable: the answer is empty.
    """
    if not isinstance(value, Completion):
        raise TypeError("Llm.stream must return a Completion: end it with `return complete(text, request)`")
    if not value.text.strip():
        raise LlmUnavailable(f"the language model answered nothing (finish_reason {value.finish_reason!r})")
    return value


def complete(text: str, request: LlmRequest, *, usage: Usage | None = None, finish_reason: str = "stop") -> Completion:
    """A Completion from the text alone: usage estimated, citations and 'I do not know' read from it."""
    return Completion(
        text=text,
        usage=usage or estimated_usage(request, text),
        cited=cited_ids(text, request.passages),
        known=not says_unknown(text),
        finish_reason=finish_reason,
    )


def estimated_usage(request: LlmRequest, text: str) -> Usage:
    """Tokens of prompt and answer, some 15 % off."""
    prompt = [request.system, request.question, *(p.text for p in request.passages)]
    prompt += [message.content for message in request.history]
    return Usage(sum(map(token_count, prompt)), token_count(text) if text else 0, estimated=True)


def cited_ids(text: str, passages: Sequence[Passage]) -> tuple[str, ...]:
    """Ids of the passages that the text names in square brackets, in the order of the passages."""
    named = {
        part.strip() for group in re.findall(r"\[([^\[\]]+)\]", text) for part in [group, *re.split(r"[,;]", group)]
    }
    return tuple(dict.fromkeys(p.id for p in passages if p.id in named))


_UNKNOWN = re.compile(
    r"\b(?:i (?:do not|don't|cannot|can't) (?:know|tell|say|find|answer)"
    r"|i(?:'m| am) (?:not sure|unable to|not able to)"
    r"|(?:sources?|documents?|memories|context|information|passages?)[^.!?\n]{0,60}"
    r"(?:do(?:es)? not|don't|doesn't) (?:\w+ )?(?:say|contain|mention|cover|include|provide|specify|answer|state)"
    r"|(?:no|not enough|insufficient) (?:information|sources?|documents?)\b"
    r"|(?:is|are|was|were) not (?:mentioned|covered|specified|provided|stated) in)",
    re.IGNORECASE,
)


def says_unknown(text: str) -> bool:
    """Whether an answer opens by saying that it does not know (its first two sentences are read)."""
    opening = " ".join(re.split(r"(?<=[.!?])\s+", text.replace("’", "'").strip())[:2])
    return not opening or _UNKNOWN.search(opening) is not None
