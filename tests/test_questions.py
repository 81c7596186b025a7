"""Classes by what is learned: questions kept aside, doubt, and other languages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.question_classes import labelled, learned
from semcache.embed import CachedEmbedder, Kind, Vectors
from semcache.questions import SHARE_ABOVE, QuestionClass, classify
from semcache.questions.learned import ANY_EMBEDDER, features, weights_of
from semcache.text import questions
from semcache.text.language import language_of


class Unfitted:
    """An embedder that no weights were fitted for."""

    dim = 8
    fingerprint = "somebody's~model"

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        raise AssertionError("its vectors say nothing here")


def test_of_questions_kept_aside_few_are_taken_for_another_class(embedder: CachedEmbedder) -> None:
    """Of every third question of the domains that nothing was fitted to, at most .12 of the personal and volatile ones
    are shared, and at most .08 of the shared ones are not."""
    rows = labelled()["aside, English"][::3]
    shared = dict(zip((row["text"] for row in rows), learned(rows, embedder, SHARE_ABOVE), strict=True))
    dangerous = [row["text"] for row in rows if row["kind"] in ("personal", "volatile")]
    everyones = [row["text"] for row in rows if row["kind"] == "shared"]
    assert len(dangerous) > 60
    assert len(everyones) > 40
    assert sum(shared[text] for text in dangerous) <= 0.12 * len(dangerous)
    assert sum(not shared[text] for text in everyones) <= 0.08 * len(everyones)


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("wheres my permit", "personal"),
        ("did my transfer come through", "personal"),
        ("has the project ticket i opened been looked at", "personal"),
        ("is the office closed", "volatile"),
        ("cheapest flights to Faro this week", "volatile"),
        ("how do i transfer a domain", "shared"),
        ("What is a parking permit?", "shared"),
    ],
)
def test_what_no_rule_lists_is_told_by_what_was_learned(embedder: CachedEmbedder, question: str, kind: str) -> None:
    """Missing apostrophes, records of all sorts, and now without a word of now; and what everyone may ask of them."""
    assert classify(question, embedder=embedder).kind == kind


@pytest.mark.parametrize(
    "text", ["Wo ist meine Bestellung?", "¿Está abierta la tienda hoy?", "我的订单在哪里？", "أين طلبي؟"]
)
def test_another_language_is_in_doubt_for_an_english_model(embedder: CachedEmbedder, text: str) -> None:
    """It may be about its asker and about now, and says why it is not shared."""
    found = classify(text, embedder=embedder)
    assert (found.kind is not QuestionClass.SHARED, found.personal, found.volatile) == (True, True, True)
    assert "language" in found.reason


def test_an_embedder_without_weights_is_read_by_words() -> None:
    """Clear cases are told without its vectors; in doubt nothing is shared."""
    assert weights_of(Unfitted.fingerprint) is weights_of(Unfitted.fingerprint)
    assert weights_of(ANY_EMBEDDER).dim == 0
    assert classify("How do I reset my password?", embedder=Unfitted()).kind == "shared"
    assert classify("wheres my parcel", embedder=Unfitted()).kind == "personal"
    assert classify("Wo ist mein Paket?", embedder=Unfitted()).personal


@given(st.text(min_size=1, max_size=80).filter(str.strip), st.floats(0, 1))
def test_a_higher_cut_never_shares_more(text: str, cut: float) -> None:
    """Of any text: what is shared at a cut is shared at every lower one, and its probabilities sum to one."""
    if classify(text, share_above=cut).kind is QuestionClass.SHARED:
        assert classify(text, share_above=cut / 2).kind is QuestionClass.SHARED
    read = questions.classify(text)
    assert np.isfinite(features(text, None, read)).all()
    assert sum(weights_of(ANY_EMBEDDER).probabilities(text, None, read)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Where is my order?", "en"),
        ("opening hours", "en"),
        ("Wie lange kann ich ein Rad zurückgeben?", "de"),
        ("Où est ma commande ?", "fr"),
        ("Где мой заказ?", ""),
        ("👍", "en"),
    ],
)
def test_the_language_of_a_short_question(text: str, code: str) -> None:
    """Told by script, by English words, else by the identifier."""
    assert language_of(text) == code
