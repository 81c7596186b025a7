"""Hit or miss: the decision among stored questions, and the reason people are given."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from semcache.cache.budget import NOVEL, Sums, pack_row, refit, unpack_rows
from semcache.cache.budget.evidence import FEATURES
from semcache.cache.budget.model import SUPPORT, Model
from semcache.cache.deciding.decide import REPEAT_LIMIT, Decision, Learned, decide
from semcache.cache.entries.records import NearEntry
from semcache.cache.types import Reason


def _near(entry_id: str, prompt: str, similarity: float, group: str = "") -> NearEntry:
    """A stored question as `decide` sees it."""
    return NearEntry(entry_id, similarity, prompt, group=group)


def _decide(
    question: str, near: list[NearEntry], *, budget: float = 0.02, draw: float = 0.99, **known: object
) -> Decision:
    repeats = int(known.pop("repeats", 0))  # type: ignore[call-overload]
    learned = Learned(**known)  # type: ignore[arg-type]
    return decide(question, near, learned=learned, max_error_rate=budget, draw=draw, repeats=repeats)


def _model() -> Model:
    """A model for which the cosine alone decides: right above .8, wrong below .6."""
    random = np.random.default_rng(0)
    rows = []
    for cosine in random.uniform(0.3, 1.0, 3_000):
        features = random.normal(size=len(FEATURES)) * 0.1
        features[0] = cosine
        rows.append(pack_row(features, bool(random.random() < 1 / (1 + np.exp(-40 * (cosine - 0.7))))))
    model = refit(unpack_rows(rows), Sums())
    assert model is not None
    return model


MODEL = _model()
SETTLED = Sums(labels=3_000.0, would_serve=10_000.0)
QUESTION = "How do I return a lamp?"


def test_an_empty_cache_misses() -> None:
    """Without a neighbour there is nothing to decide."""
    assert _decide(QUESTION, []).reason is Reason.NOT_SIMILAR


def test_while_learning_a_very_similar_question_is_served() -> None:
    """Cosine .97 and nothing that differs in the words is a hit before anything was learned."""
    decision = _decide("How can I return a lamp?", [_near("e", QUESTION, 0.98)])
    assert decision.chosen is not None
    assert decision.confidence == pytest.approx(0.98)


def test_while_learning_less_similar_questions_are_not_served() -> None:
    """Below .97 the reason says what is needed and how far the learning is."""
    decision = _decide(QUESTION, [_near("e", "May lamps be sent back?", 0.9)], sums=Sums(labels=40))
    assert decision.chosen is None
    assert decision.reason is Reason.NOT_SIMILAR
    assert "0.97 is needed" in decision.detail
    assert "40 of 100" in decision.detail


def test_while_learning_a_guard_refuses() -> None:
    """However near, a question with another number is refused, and the numbers are named."""
    decision = _decide("the tax rate of 2024", [_near("e", "the tax rate of 2023", 0.99)])
    assert decision.reason is Reason.GUARD
    assert decision.detail == "the number differs: 2024 / 2023"
    assert decision.notes == {"e": decision.detail}


BOILERPLATE = "You are the assistant of Acme. Answer in five sentences, name your sources, use British spelling. User: "


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        (BOILERPLATE + "How do I reset my password?", BOILERPLATE + "Is there a discount for students?"),
        ("電話番号を変更するには", "住所を変更するには"),
        ("怎么取消订单", "怎么确认订单"),
    ],
)
def test_while_learning_other_words_are_refused(asked: str, stored: str) -> None:
    """However near the vectors of long or unspaced texts: what differs in their words may be the whole question."""
    decision = _decide(asked, [_near("e", stored, 0.985)])
    assert (decision.chosen, decision.reason) == (None, Reason.GUARD)
    assert "words differ" in decision.detail


def test_while_learning_some_hits_are_checked() -> None:
    """A tenth of the strict rule's hits is answered anew, so that its errors are seen too."""
    decision = _decide("How can I return a lamp?", [_near("e", QUESTION, 0.98)], draw=0.05)
    assert decision.reason is Reason.SHADOW


def test_a_strict_rule_that_was_wrong_stops_serving() -> None:
    """If checks show that even near-identical questions have other answers, they are no longer served."""
    near = [_near("e", QUESTION, 0.98)]
    decision = _decide("How can I return a lamp?", near, sums=Sums(strict_checks=6.0, strict_wrong=2.0))
    assert decision.reason is Reason.BELOW_BUDGET
    assert "of 6 such answers that were checked 2 were wrong" in decision.detail


def test_what_has_been_learned_is_served_below_the_strict_similarity() -> None:
    """With a model the score decides; the reason states the error served and the error allowed."""
    decision = _decide("lamp return?", [_near("e", QUESTION, 0.93)], budget=0.05, model=MODEL, sums=SETTLED)
    assert decision.chosen is not None
    assert "where 5.0% are allowed" in decision.detail
    assert decision.confidence > 0.95


def test_what_would_break_the_budget_is_not_served() -> None:
    """A candidate that is likely wrong is a miss with the reason in figures."""
    decision = _decide("lamp?", [_near("e", "Which sofas are there?", 0.5)], model=MODEL, sums=SETTLED)
    assert decision.chosen is None
    assert decision.reason is Reason.BELOW_BUDGET
    assert "are wrong in" in decision.detail


def test_a_difference_explains_a_miss_better_than_figures() -> None:
    """A refused candidate that differs in a number is explained by the number."""
    near = [_near("e", "the tax rate of 2023", 0.9)]
    decision = _decide("the tax rate of 2024", near, budget=1e-9, model=MODEL, sums=SETTLED)
    assert decision.reason is Reason.GUARD
    assert "2024 / 2023" in decision.detail


def test_a_budget_of_nothing_serves_nothing_and_says_so() -> None:
    """With no region within the budget the reason tells how good the surest answers are."""
    near = [_near("e", QUESTION, 0.75)]
    decision = _decide("Which sofas are there?", near, budget=0.0, model=MODEL, sums=SETTLED)
    assert decision.reason is Reason.BELOW_BUDGET
    assert "nothing can be served yet" in decision.detail


def test_a_would_be_hit_may_be_a_shadow_call() -> None:
    """With a small draw the answer is made again; what is learned from it is marked."""
    decision = _decide("lamp return?", [_near("e", QUESTION, 0.95)], budget=0.05, draw=0.0, model=MODEL, sums=SETTLED)
    assert decision.reason is Reason.SHADOW
    assert decision.evidence is not None
    assert decision.evidence.shadow


def test_after_a_drift_everything_is_checked_again() -> None:
    """Just after a fresh start nearly every would-be hit is a shadow call."""
    near = [_near("e", QUESTION, 0.95)]
    decision = _decide("lamp return?", near, budget=0.05, draw=0.9, model=MODEL, sums=Sums(labels=400.0))
    assert decision.reason is Reason.SHADOW


def test_while_questions_are_of_a_new_subject_everything_is_checked() -> None:
    """What would be served is checked whatever the draw, and says why; the same question in other dress is served."""
    near, alarmed = [_near("e", QUESTION, 0.95)], replace(SETTLED, novelty=NOVEL)
    decision = _decide("lamp return?", near, budget=0.05, draw=0.99, model=MODEL, sums=alarmed)
    assert decision.reason is Reason.SHADOW
    assert "not like those" in decision.detail
    assert _decide("how do I return a lamp", near, budget=0.05, draw=0.99, model=MODEL, sums=alarmed).chosen


def test_a_question_served_too_often_is_answered_for_itself() -> None:
    """The third time a question would be served from another one's answer, it is checked whatever the draw."""
    near = [_near("e", QUESTION, 0.95)]
    served = _decide("lamp return?", near, budget=0.05, model=MODEL, sums=SETTLED, repeats=REPEAT_LIMIT - 1)
    checked = _decide("lamp return?", near, budget=0.05, model=MODEL, sums=SETTLED, repeats=REPEAT_LIMIT)
    assert served.chosen is not None
    assert checked.reason is Reason.SHADOW


@pytest.mark.parametrize(
    ("asked", "stored", "differs"),
    [
        ("the tax rate of 2024", "the tax rate of 2023", "the number differs: 2024 / 2023"),
        ("What does curl --fail do?", "What does curl fail do?", "the signs differ: -- / none"),
        ("Is 😀 rude?", "Is 😡 rude?", "the signs differ: 😀 / 😡"),
        ("Ist das Formular 14 gültig?", "Ist das Formular 15 gültig?", "the number differs: 14 / 15"),
    ],
)
def test_no_learning_outweighs_a_figure_or_a_sign(asked: str, stored: str, differs: str) -> None:
    """However sure the score is: what differs in any language is refused before a model and with one."""
    for known in ({}, {"model": MODEL, "sums": SETTLED}):
        decision = _decide(asked, [_near("e", stored, 0.999)], budget=0.1, **known)
        assert (decision.chosen, decision.reason, decision.detail) == (None, Reason.GUARD, differs)


@pytest.mark.parametrize(
    "word", ["tomorrow", "nicht", "zelden", "завтра", "明天", "غدا", "कल", "நாளை", "พรุ่งนี้", "내일", "αύριο"]
)
@pytest.mark.parametrize(
    "text", ["Does the shop open early?", "Öffnet der Laden früh?", "दुकान खुली है?", "Магазин открыт?"]
)
def test_while_learning_a_word_more_is_another_question(text: str, word: str) -> None:
    """A word that only one side has is refused in any script, wherever it stands; later it is evidence."""
    written = text.split()
    for at in range(len(written) + 1):
        longer = " ".join([*written[:at], word, *written[at:]])
        for asked, stored in ((text, longer), (longer, text)):
            decision = _decide(asked, [_near("e", stored, 0.999)])
            assert (decision.chosen, decision.reason) == (None, Reason.GUARD)
            assert _decide(asked, [_near("e", stored, 0.999)], budget=0.1, model=MODEL, sums=SETTLED).chosen is not None


def test_the_same_question_in_other_dress_is_served_in_every_state() -> None:
    """Whatever its similarity and its neighbours' vote, and though the score allows nothing."""
    near = [_near("x", "lamp?", 0.91, "b"), _near("y", QUESTION, 0.9, "a"), _near("z", "lamps", 0.89, "b")]
    for known in ({}, {"model": MODEL, "sums": SETTLED}, {"model": MODEL, "sums": SETTLED, "budget": 0.001}):
        decision = _decide("how do i return a lamp", near, **known)
        assert decision.chosen == near[1]
        assert decision.evidence is not None
        assert decision.evidence.group == "a"


def test_other_dress_is_checked_too() -> None:
    """A share of what dress serves is answered anew; if it was wrong too often, it is served no more."""
    near = [_near("e", QUESTION, 0.9)]
    assert _decide(f"{QUESTION}?", near, draw=0.05).reason is Reason.SHADOW
    wrong = Sums(strict_checks=6.0, strict_wrong=2.0)
    assert _decide(f"{QUESTION}?", near, sums=wrong).reason is Reason.BELOW_BUDGET
    assert _decide(f"{QUESTION}?", near, budget=0.0).chosen is None


def test_all_guards_can_refuse_what_the_score_would_serve() -> None:
    """The option puts every guard on top of the learned score; a negation is evidence for it without."""
    near = [_near("e", "Is the tax refunded?", 0.97)]
    asked = "Is the tax not refunded?"
    free = _decide(asked, near, budget=0.1, model=MODEL, sums=SETTLED)
    held = _decide(asked, near, budget=0.1, model=MODEL, sums=SETTLED, hard_guards=True)
    assert free.chosen is not None
    assert held.reason is Reason.GUARD


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ("What were the opening hours of the shop?", "What are the opening hours of the shop?"),
        ("How much did delivery cost?", "How much does delivery cost?"),
        ("What was the refund policy?", "What is the refund policy?"),
        ("What is the annual fee?", "What was the annual fee?"),
    ],
)
def test_what_was_so_before_is_not_what_is_so_now(asked: str, stored: str) -> None:
    """Old hours and prices are not served to who asks for the present ones, nor the other way round: in any state."""
    for known in ({}, {"model": MODEL, "sums": SETTLED, "budget": 0.1}):
        decision = _decide(asked, [_near("e", stored, 0.99)], **known)
        assert (decision.chosen, decision.reason) == (None, Reason.GUARD)


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ("Which hours were the hardest of the war?", "What were the hardest hours of the war?"),
        ("What did Ada Lovelace do?", "What has Ada Lovelace done?"),
        ("How do I return a lamp?", "How can I return a lamp?"),
    ],
)
def test_the_past_of_both_is_no_difference(asked: str, stored: str) -> None:
    """Two questions about the past, or about what never changed, stay as near as they are."""
    decision = _decide(asked, [_near("e", stored, 0.99)], model=MODEL, sums=SETTLED, budget=0.1)
    assert decision.chosen is not None


def test_the_group_with_most_near_entries_is_the_candidate() -> None:
    """Not the single nearest entry is judged but the nearest of the group that the neighbours vote for."""
    near = [_near("x", "other", 0.91, "b"), _near("y", QUESTION, 0.905, "a"), _near("z", "return lamp", 0.9, "a")]
    decision = _decide("lamp return?", near, budget=0.1, model=MODEL, sums=SETTLED)
    assert decision.candidate == near[1]
    assert decision.evidence is not None
    assert decision.evidence.group == "a"


def test_a_lookup_is_scored_in_half_a_millisecond() -> None:
    """Evidence, score and decision of one lookup take under .5 ms of processor time."""
    near = [_near(str(i), f"Can I send back the lamp number {i} that I bought?", 0.95 - i / 100) for i in range(10)]
    learned = Learned(MODEL, SETTLED)

    def timed(number: int) -> float:
        start = time.thread_time()
        decide(f"Is it fine to return lamp {number}?", near, learned=learned, max_error_rate=0.02, draw=0.5)
        return time.thread_time() - start

    assert min(timed(number) for number in range(200)) < 0.0005


def test_nothing_is_served_where_nothing_was_found_right() -> None:
    """However high the score: a candidate less similar than those that were ever right is refused, and learned from."""
    features, at = [0.0] * len(FEATURES), FEATURES.index("cosine")
    assert not MODEL.supports([*features[:at], 0.3, *features[at + 1 :]])
    narrow = replace(MODEL, support=np.full(len(SUPPORT), 0.97))
    near = [_near("e", QUESTION, 0.95)]
    assert _decide("lamp return?", near, budget=0.05, model=MODEL, sums=SETTLED).chosen is not None
    decision = _decide("lamp return?", near, budget=0.05, model=narrow, sums=SETTLED)
    assert (decision.chosen, decision.reason) == (None, Reason.NOT_SIMILAR)
    assert "hardly any answer was found right" in decision.detail
    assert decision.evidence is not None
