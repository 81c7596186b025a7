"""Whom an answer serves: the public call, and a cache that keeps to it."""

from __future__ import annotations

import pytest

import semcache
from semcache.cache import Computed, Hit, Miss, Reason, SemanticCache
from semcache.embed import CachedEmbedder
from semcache.errors import InvalidInput
from tests.cache.conftest import MakeCache

CLASSES = {
    "How do I reset my password?": "shared",
    "What does a rental bike cost?": "shared",
    "Where is my order?": "personal",
    "What is my dog called?": "personal",
    "What time is it now?": "volatile",
    "Is the shop open today?": "volatile",
    "And for two?": "follow_up",
    "Why not?": "follow_up",
}
NOT_SHARED = [question for question, kind in CLASSES.items() if kind != "shared"]


@pytest.mark.parametrize(("question", "kind"), CLASSES.items())
def test_a_question_is_classified_with_a_reason(question: str, kind: str, embedder: CachedEmbedder) -> None:
    """The kind compares with its name, the reason is in words; an embedder may be given."""
    found = semcache.classify(question)
    assert found.kind == kind
    assert len(found.reason) > 10
    assert semcache.classify(question, embedder=embedder).kind == kind


@pytest.mark.parametrize("wrong", ["", "  ", None, 7, b"bytes", "\ud800"])
def test_what_is_no_text_is_refused(wrong: object) -> None:
    """Classifying takes what the cache takes."""
    with pytest.raises(InvalidInput, match="the question"):
        semcache.classify(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("question", NOT_SHARED)
def test_a_classifying_cache_keeps_nothing_that_is_not_shared(make_cache: MakeCache, question: str) -> None:
    """It is computed for each who asks; a lookup says why, and counts; storing stores nothing."""
    cache = make_cache(classify=True)
    assert cache.store(question, "kept?") is None
    answers = iter(("for ann", "for bob"))
    assert [cache.get_or_compute(question, lambda: next(answers)) for _ in range(2)] == ["for ann", "for bob"]
    missed = cache.lookup(question)
    assert isinstance(missed, Miss)
    assert missed.reason is Reason.UNCACHEABLE
    assert missed.detail == semcache.classify(question).reason
    explained = cache.explain(question)
    assert (explained.served, explained.reason, explained.detail) == (None, Reason.UNCACHEABLE, missed.detail)
    assert list(cache.entries()) == []
    assert cache.stats().misses[Reason.UNCACHEABLE] == 3


@pytest.mark.parametrize("question", NOT_SHARED)
def test_what_was_stored_before_is_not_served(make_cache: MakeCache, question: str) -> None:
    """A cache that begins to classify does not serve what one without had kept."""
    make_cache().store(question, "somebody's")
    assert isinstance(make_cache().lookup(question), Hit)
    assert not make_cache(classify=True).lookup(question)


@pytest.mark.parametrize("question", [question for question, kind in CLASSES.items() if kind == "shared"])
def test_what_is_shared_is_kept_as_ever(make_cache: MakeCache, question: str) -> None:
    """Classifying costs a shared question nothing."""
    cache = make_cache(classify=True)
    assert cache.get_or_compute(question, lambda: "for all") == "for all"
    hit = cache.lookup(question)
    assert isinstance(hit, Hit)
    assert hit.response == "for all"


def test_a_follow_up_with_its_context_is_kept(make_cache: MakeCache) -> None:
    """What it depends on is part of what was asked then; in another context it is another question."""
    cache = make_cache(classify=True)
    context = ["What does a rental bike cost?"]
    cache.store("And for two?", "Twice that.", context=context)
    assert cache.lookup("And for two?", context=context)
    assert not cache.lookup("And for two?", context=["How many tickets may I bring?"])
    assert not cache.lookup("And for two?")


def test_a_stream_that_is_not_shared_is_closed_with_its_caller(make_cache: MakeCache) -> None:
    """Pieces come as they are made; who stops early ends the computation; nothing is looked up with a miss at hand."""
    cache = make_cache(classify=True)
    closed = []

    def compute():  # type: ignore[no-untyped-def]
        try:
            yield "half "
            yield "past"
            return Computed(note="about now")
        finally:
            closed.append(True)

    missed = cache.lookup("What time is it now?")
    assert isinstance(missed, Miss)
    assert list(cache.stream("What time is it now?", compute, miss=missed)) == ["half ", "past"]
    stream = cache.stream("What time is it now?", compute, miss=missed)
    assert next(stream) == "half "
    stream.close()
    assert closed == [True, True]
    assert cache.stats().lookups == 1


def test_without_the_option_every_prompt_is_for_everyone(cache: SemanticCache) -> None:
    """The default: who needs classes says so."""
    cache.store("What time is it now?", "Noon.")
    assert cache.lookup("What time is it now?")
