"""Many reads in one round trip, and sets read in pages: what every check is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from redis import Redis

from semcache.store.checks.finding import Finding, Known
from semcache.store.connect import guarded

_PAGE = 1_000
_MOST_ELEMENTS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Question:
    """Commands about one record, and what their replies mean."""

    commands: Sequence[Sequence[Any]]
    judge: Callable[[list[Any]], Iterator[Finding]]


def judged(redis: Redis, questions: Iterable[Question]) -> Iterator[Finding]:
    """The findings of many questions, some thousand commands asked together."""
    asked: list[Question] = []
    commands = 0
    for question in questions:
        asked.append(question)
        commands += len(question.commands)
        if commands >= _PAGE:
            yield from _judged(redis, asked)
            asked, commands = [], 0
    yield from _judged(redis, asked)


def _judged(redis: Redis, asked: Sequence[Question]) -> Iterator[Finding]:
    replies = iter(ask(redis, chain.from_iterable(question.commands for question in asked)))
    for question in asked:
        yield from question.judge(list(islice(replies, len(question.commands))))


def ask(redis: Redis, commands: Iterable[Sequence[Any]]) -> list[Any]:
    """The replies to commands, in pipelines of a thousand. One that meets a wrong type replies with its error."""
    queue, replies = list(commands), []
    for start in range(0, len(queue), _PAGE):
        with guarded(), redis.pipeline(transaction=False) as pipe:
            for command in queue[start : start + _PAGE]:
                pipe.execute_command(*command)
            replies += pipe.execute(raise_on_error=False)
    return replies


def texts(values: Iterable[bytes | None]) -> tuple[str, ...]:
    """Fields of a hash as text, '' for what is not there."""
    return tuple((value or b"").decode("utf-8", "replace") for value in values)


def scored(redis: Redis, key: str) -> Iterator[list[tuple[str, float]]]:
    """The members of a sorted set with their scores, in pages."""
    start = 0
    while True:
        with guarded():
            page: Any = redis.zrange(key, start, start + _PAGE - 1, withscores=True)
        if not page:
            return
        yield [(member.decode(), score) for member, score in page]
        start += _PAGE


def listings(redis: Redis, found: Sequence[Known]) -> Iterator[tuple[Known, list[str]]]:
    """The members of many sorted sets, in pages; what fits into one page is read together."""
    firsts = ask(redis, [("ZRANGE", key.name, 0, _PAGE - 1) for key in found])
    for key, first in zip(found, firsts, strict=True):
        if len(first) < _PAGE:
            yield key, [member.decode() for member in first]
        else:
            yield from ((key, [member for member, _ in page]) for page in scored(redis, key.name))


def members(redis: Redis, key: str) -> Iterator[list[str]]:
    """The members of a set or the fields of a hash are a page; so are the elements of a vector set."""
    with guarded():
        kind: Any = redis.type(key)
        commands = {b"set": ("SMEMBERS", key), b"hash": ("HKEYS", key)}
        command = commands.get(kind, ("VRANDMEMBER", key, _MOST_ELEMENTS))
        found: Any = redis.execute_command(*command) if kind != b"none" else []
    names = [member.decode() for member in found or ()]
    for start in range(0, len(names), _PAGE):
        yield names[start : start + _PAGE]
