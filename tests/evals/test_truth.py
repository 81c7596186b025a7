"""Which answers of a log are the same."""

from __future__ import annotations

import pytest

from semcache.cache.learning.state import AnswerRecord
from semcache.embed import CachedEmbedder
from semcache.evals.comparing.truth import Truth
from semcache.evals.log import Log, Request
from semcache.evals.pairs import grouped


@pytest.fixture(scope="module")
def truth(embedder: CachedEmbedder) -> Truth:
    return Truth.of(Log((), "answers"), embedder)


def without_id(response: str) -> Request:
    return Request("q", response, None)


def test_ids_decide_where_there_are_any(truth: Truth) -> None:
    """Equal texts under two ids are two answers, different texts under one id are one."""
    assert truth.same(Request("a", "one", "x"), Request("b", "two", "x")) is True
    assert truth.same(Request("a", "one", "x"), Request("b", "one", "y")) is False


def test_responses_are_compared_by_meaning(truth: Truth) -> None:
    """Without ids the same in other words is right, another figure is wrong."""
    said = without_id("You can return a bike within 30 days of delivery.")
    assert truth.same(said, without_id("you can return a bike within 30 days of delivery")) is True
    assert truth.same(said, without_id("Bikes can be returned within 30 days after delivery.")) is True
    assert truth.same(said, without_id("You can return a bike within 14 days of delivery.")) is False


def test_the_cache_learns_from_what_the_log_knows(embedder: CachedEmbedder) -> None:
    """The judge of a replay goes by ids; a prompt that occurs with two answers is known by its answer."""
    log = Log((Request("q", "one", "x"), Request("q", "two", "y"), Request("r", "three", "y")), "answers")
    new, *others = (
        AnswerRecord("", prompt, said, {}, "") for prompt, said in (("q", "two"), ("q", "one"), ("r", "three"))
    )
    assert Truth.of(log, embedder).of_log()(new, others) == [False, True]


def test_what_no_label_says_is_not_known(embedder: CachedEmbedder) -> None:
    """Of pairs, joined texts are right for each other, texts set apart are wrong, and all others are unjudged."""
    groups = grouped([("a", "b", True), ("A ", "c", False), ("d", "e", True)])
    log = Log(tuple(Request(text, "", of) for text, of in groups.ids.items()), "pairs", different=groups.different)
    asked = {request.prompt: request for request in log.requests}
    truth = Truth.of(log, embedder)
    assert truth.same(asked["a"], asked["b"]) is True
    assert truth.same(asked["a"], asked["A "]) is True
    assert truth.same(asked["b"], asked["c"]) is False
    assert truth.same(asked["a"], asked["d"]) is None
