"""What the benchmark of the proxy stands on: an upstream of fixed latency, and a client that reads whole answers."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from semcache.devstack.ports import free_port
from semcache.llm.requests.collecting import Collector
from semcache.questions import QuestionClass, classify
from tests.waiting import wait_until

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))  # its scripts import each other by name
from proxy import load, new_questions, other_words
from proxy_http import ANSWER, Answered, Connection, asking, upstream

LATENCY_S = 0.05


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with upstream(port := free_port(), LATENCY_S):
        wait_until("the upstream listens", lambda: is_open(port))
        yield port


def is_open(port: int) -> bool:
    try:
        asyncio.run(answered(port, "?"))
    except OSError:
        return False
    return True


async def answered(port: int, question: str, **more: object) -> Answered:
    connection = await Connection.open(port)
    answer = await connection.send(asking(question, **more))
    connection.close()
    return answer


def test_the_upstream_answers_after_its_latency_at_once_or_as_a_stream(port: int) -> None:
    """Both forms are whole answers that a proxy stores."""
    whole = asyncio.run(answered(port, "How do I export my invoice?"))
    assert whole.ms >= LATENCY_S * 1000
    assert json.loads(whole.body)["choices"][0]["message"]["content"] == ANSWER
    streamed = asyncio.run(answered(port, "How do I export my invoice?", stream=True))
    collector = Collector()
    collector.feed(streamed.body)
    assert collector.whole is not None
    assert collector.whole["choices"][0]["message"]["content"] == ANSWER
    assert (whole.outcome, streamed.outcome) == ("direct", "direct")


def test_clients_ask_again_as_soon_as_they_are_answered(port: int) -> None:
    """Four clients get some four times what one gets, and nothing fails."""
    new = new_questions()
    one, four = (asyncio.run(load(port, clients, 1.0, lambda: asking(next(new)))) for clients in (1, 4))
    assert 2 * one["per_s"] < four["per_s"] <= 4 / LATENCY_S
    assert (one["errors"], four["errors"]) == (0, 0)


def test_the_questions_are_shared_ones_and_all_different() -> None:
    """Each would be looked up and stored, none is asked twice."""
    new, others = list(itertools.islice(new_questions(), 300)), list(other_words())
    assert len(set(new)) == 300
    assert len(set(others)) == len(others) > 1_000
    assert {classify(text).kind for text in [*new[::30], *others[::100]]} == {QuestionClass.SHARED}
