"""The share of wrong hits among those of which no single one can be told."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcache.embed import CachedEmbedder
from semcache.evals.comparing.likelihood import Estimate, wrong_share
from semcache.evals.comparing.truth import Truth
from semcache.evals.log import Log, Request
from semcache.evals.stats import with_estimate
from semcache.evals.thresholds import replay_judged

odds = st.lists(st.floats(-8, 8), max_size=60)

#: Of each subject two questions, and two people's answers in words of their own.
SUBJECTS = {
    "bread": (
        "Why does my sourdough stay flat in the oven?",
        "My sourdough loaf does not rise when I bake it, what is wrong?",
        "Most flat loaves come from a starter that is not active enough. Feed it twice a day for a week, keep it "
        "warm, and only bake with it when it doubles within four to six hours and smells pleasantly sour.",
        "Look at the proofing first: if the dough went too far, the gluten gives up and the loaf spreads out. "
        "Shape it tighter, let it rest in the fridge overnight, and load it cold onto a very hot stone with plenty "
        "of steam.",
    ),
    "tyres": (
        "How do I repair a puncture in a bicycle tyre?",
        "What is the way to fix a flat bike tyre on the road?",
        "Take the wheel out, lever one side of the tyre over the rim and pull out the tube. Pump it up, listen for "
        "the hiss, roughen the spot with sandpaper, and press a patch on after the glue has become dull.",
        "I carry a spare tube and never patch on the road. Swap the tube, run your fingers along the inside of the "
        "tyre to find the thorn or the glass that did it, pump hard, and mend the old one at home in the evening.",
    ),
    "plants": (
        "Why do the leaves of my tomato plants turn yellow?",
        "The leaves on my tomatoes are going yellow, what should I do?",
        "Yellow leaves at the bottom usually mean that nitrogen is short. Give them a liquid feed every fortnight, "
        "and take off what is yellow already, since it will not recover and only invites mildew and other trouble.",
        "With me it was the watering: soaked one day and bone dry the next. Water deeply in the morning, mulch the "
        "soil so that it stays evenly moist, and check that the pots drain, because roots that stand wet cannot "
        "breathe.",
    ),
    "piano": (
        "How often should a piano be tuned?",
        "How frequently does one have to get an upright piano tuned?",
        "Twice a year is the usual advice, once after the heating goes on and once after it goes off, because the "
        "sound board swells and shrinks with the moisture in the air and takes the strings along with it.",
        "It depends on how much it is played and where it stands. A new instrument wants four visits in the first "
        "year until the strings have stretched; an old one in a steady room will be fine with a single visit a "
        "year.",
    ),
    "passport": (
        "How do I renew a passport that has expired?",
        "What must I do to get a new passport when the old one has run out?",
        "Fill in the form online, have a photograph taken that is less than six months old, and send the old "
        "booklet by registered mail. It took nearly five weeks for mine to come back, so do not book any flights "
        "before then.",
        "I went to the town hall with an appointment. They take the fingerprints there, you pay at the counter, "
        "and for an extra fee the express service has it ready for you to collect within three working days.",
    ),
    "squeak": (
        "How can I stop wooden stairs from squeaking?",
        "My wooden staircase creaks at every step, how do I silence it?",
        "The noise is wood rubbing on wood. Dust talcum powder or graphite into the joint between tread and riser, "
        "walk up and down a few times so that it works its way in, and wipe off whatever is left on top.",
        "Find the loose tread, drill a pilot hole at an angle, and drive a long screw through it into the stringer "
        "below. Countersink the head, fill the hole with a plug, and glue small blocks underneath if you can get "
        "there.",
    ),
}


def asked(subject: str, which: int) -> Request:
    texts = SUBJECTS[subject]
    return Request(texts[which], texts[2 + which], None)


@given(odds)
def test_the_share_lies_within_its_interval(found: list[float]) -> None:
    """And of nothing there is nothing."""
    estimate = wrong_share(found)
    assert 0 <= estimate.low <= estimate.share <= estimate.high <= 1
    assert estimate.hits == len(found)
    assert found or estimate == Estimate()


@given(odds.filter(bool), st.floats(0, 3))
def test_worse_odds_are_never_a_smaller_share(found: list[float], worse: float) -> None:
    """Whatever speaks less for all of them makes more of them wrong."""
    assert wrong_share([each - worse for each in found]).share >= wrong_share(found).share


@settings(max_examples=30)
@given(st.floats(0, 1), st.integers(0, 10_000))
def test_a_known_share_is_found_again(share: float, seed: int) -> None:
    """Odds drawn from two overlapping kinds: two Gaussians whose log odds have variance 4."""
    draw = np.random.default_rng(seed)
    wrong = draw.random(1_500) < share
    found = wrong_share((np.where(wrong, -2.0, 2.0) + 2.0 * draw.standard_normal(1_500)).tolist())
    assert found.share == pytest.approx(wrong.mean(), abs=0.07)
    assert found.low <= wrong.mean() <= found.high


@given(st.integers(0, 50), st.integers(0, 50), odds)
def test_an_interval_holds_the_share_of_both_kinds(wrong: int, right: int, found: list[float]) -> None:
    """Those that were told one by one, and those that are an estimate."""
    estimate = wrong_share(found)
    judged = wrong + right + estimate.hits
    if judged:
        low, high = with_estimate(wrong + estimate.wrong, judged, estimate)
        assert 0 <= low <= (wrong + estimate.wrong) / judged <= high <= 1


def test_long_answers_in_other_words_are_told_together(embedder: CachedEmbedder) -> None:
    """Answers of two people to one question come out as right, answers to two questions as wrong."""
    log = Log(tuple(asked(subject, which) for subject in SUBJECTS for which in (0, 1)), "responses")
    truth = Truth.of(log, embedder)
    same = [truth.compared(asked(subject, 0), asked(subject, 1)) for subject in SUBJECTS]
    other = [truth.compared(asked(one, 0), asked(two, 1)) for one, two in combinations(SUBJECTS, 2)]
    shares = [wrong_share([v for v, by in found if by == "likelihood"]).share for found in (same, other)]
    assert shares[0] < 0.2
    assert shares[1] > 0.8
    assert not [verdict for verdict, _ in same if verdict is False]


@pytest.mark.parametrize(
    ("question", "answer"),
    [("May I keep it?", "Yes: within 30 days."), (SUBJECTS["bread"][0], SUBJECTS["bread"][3])],
    ids=["short answers", "the same question"],
)
def test_where_likelihood_says_nothing_a_hit_stays_unjudged(
    embedder: CachedEmbedder, question: str, answer: str
) -> None:
    """Short answers turn on a word or a figure; one question answered twice does not show what makes it another."""
    one, other = Request(question, answer, None), Request(SUBJECTS["bread"][0], SUBJECTS["bread"][2], None)
    short = Request("May one keep it?", "No: not beyond a month.", None)
    truth = Truth.of(Log((one, other, short), "responses"), embedder)
    assert not isinstance(truth.same(one, short if len(answer) < 40 else other), float)


def test_thresholds_count_what_is_estimated() -> None:
    """Hits of which only odds are known are judged together, and not called unjudged."""
    vectors = np.eye(4, dtype=np.float32)[[0, 0, 0, 1]]
    (found,) = replay_judged(vectors, lambda one, other: -6.0 if one == 1 else 6.0, [0.9])
    assert (found.hits, found.judged_hits, found.unjudged_hits, found.wrong_hits) == (2, 2, 0, 1)
