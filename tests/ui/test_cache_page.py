"""The cache page, and the services behind it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from streamlit.testing.v1 import AppTest

from semcache import samples
from semcache.errors import InvalidInput
from semcache_ui.services import caches
from semcache_ui.services.budget import budget_of
from semcache_ui.services.installation import Installation
from tests.ui.reading import listed, said

Page = Callable[..., AppTest]
RETURN = "How long do I have to return a bike?"
BATTERY = "How much is a spare battery for the C3?"


@pytest.fixture
def asked(helpdesk: Installation) -> Installation:
    """Two answers are kept; the first has been served twice."""
    for question in (RETURN, BATTERY, RETURN, RETURN):
        for _ in helpdesk.chat.ask(question, user="ann", session="s"):
            pass
    return helpdesk


def test_entries_are_found_and_sorted(asked: Installation) -> None:
    """Words of question or answer narrow the list; each order puts the right one first."""
    assert [e.prompt for e in asked.caches.find("€549").entries] == [BATTERY]
    assert [e.prompt for e in asked.caches.find("RETURN A BIKE").entries] == [RETURN]
    first = {order: asked.caches.find(order=order).entries[0].prompt for order in caches.ORDERS}
    assert first == {
        "most used": RETURN,
        "saved most": RETURN,
        "newest": BATTERY,
        "oldest": RETURN,
        "expiring soonest": RETURN,
    }


def test_the_leaderboard_knows_only_what_was_served_again(asked: Installation) -> None:
    """What nobody asked twice has saved nothing."""
    best = caches.leaderboard(asked.caches.find().entries)
    assert [(e.prompt, caches.saved_tokens(e) == 2 * e.tokens > 0) for e in best] == [(RETURN, True)]


def test_sources_say_whether_they_are_still_what_they_were(asked: Installation) -> None:
    """A changed document shows on the answers that were built from it before they are removed."""
    (entry,) = asked.caches.find("return").entries
    assert [(s.document, s.fresh) for s in asked.caches.sources(entry)] == [("returns", True)]
    asked.app.knowledge.upsert("returns", "All new.", version=2)
    (source,) = asked.caches.sources(entry)
    assert (source.built_from, source.current, source.fresh) == (1, 2, False)


def test_an_empty_question_is_not_explained(asked: Installation) -> None:
    """There is nothing to say about no question."""
    with pytest.raises(InvalidInput):
        asked.caches.explain("  ")


def test_a_users_own_answers_are_apart(asked: Installation) -> None:
    """Another cache, another list."""
    assert asked.caches.find(user="ann").entries == ()
    assert asked.caches.stats("ann").entries == 0


def test_an_empty_cache_says_how_to_fill_it(installation: Installation, page: Page) -> None:
    """Without answers the page says where they come from."""
    assert "Nothing is kept yet" in said(page("views/cache.py"))


def test_the_page_shows_what_is_kept_and_saved(asked: Installation, page: Page) -> None:
    """Figures, list and leaderboard of the shared cache."""
    test = page("views/cache.py")
    figures = {m.label: m.value for m in test.metric}
    assert (figures["Answers"], figures["Hit rate"]) == ("2", "50.0 %")
    assert listed(test) == [RETURN, BATTERY]


def test_an_answer_is_opened_and_removed(asked: Installation, page: Page) -> None:
    """An opened answer shows its source and version; removing it leaves the other."""
    entry = asked.caches.find("return").entries[0]
    test = page("views/cache.py")
    test.radio[0].set_value(entry.entry_id).run()
    assert "returns v1 :green-badge[:material/check: current]" in said(test)
    test.button(key=f"remove-entry_id-{entry.entry_id}").click().run()
    assert [e.prompt for e in asked.caches.find().entries] == [BATTERY]
    assert BATTERY in said(test)


def test_answers_of_a_document_are_removed_together(asked: Installation, page: Page) -> None:
    """Removing by source takes all that was built from the document, and nothing else."""
    test = page("views/cache.py")
    test.radio[0].set_value(asked.caches.find("return").entries[0].entry_id).run()
    test.button(key="remove-source-returns").click().run()
    assert [e.prompt for e in asked.caches.find().entries] == [BATTERY]


def test_why_explains_without_counting(asked: Installation, page: Page) -> None:
    """A paraphrase would be served, a near-miss would not, and neither look is counted."""
    before = asked.caches.stats()
    test = page("views/cache.py", **{"cache-tab": ":material/help: Why"})
    test.text_input(key="why").set_value("how long do I have to return a bike").run()
    assert "would be served" in said(test)
    test.text_input(key="why").set_value("How much is a spare battery for the C2?").run()
    assert "would miss" in said(test)
    assert asked.caches.stats() == before


def labelled_sample() -> list[tuple[str, str, bool]]:
    """Pairs of the sample's questions, and whether they have one answer."""
    questions = [q for q in samples.questions() if q.kind in ("shared", "near_miss")]
    pairs = [(a.question, b.question, a.group == b.group) for a, b in pairwise(questions)]
    known = {q.id: q for q in questions}
    pairs += [(q.question, known[q.near_miss_of].question, False) for q in questions if q.near_miss_of in known]
    return pairs


def teach(installation: Installation) -> None:
    """Compares the sample's questions with one another, as answers would be."""
    installation.caches.cache().add_labelled(labelled_sample())


def test_a_cache_that_learns_says_how_far_it_is(asked: Installation, page: Page) -> None:
    """Before the first model the page shows how many comparisons are still missing, and no odds."""
    budget = budget_of(asked.app)
    assert (budget.model, budget.bins, budget.would_give(0.05)) == (None, (), None)
    assert budget.progress < 0.1
    assert "of 100 answers compared" in said(page("views/cache.py", **{"cache-tab": ":material/speed: Error budget"}))


def test_learned_odds_are_shown_and_simulated(installation: Installation, page: Page) -> None:
    """With a model, every labelled row is in the diagram, and a larger budget never serves less."""
    teach(installation)
    budget = budget_of(installation.app)
    assert budget.model is not None
    assert sum(b.n for b in budget.bins) == budget.model.labels
    assert all(b.low - 1e-9 <= b.observed <= b.high + 1e-9 for b in budget.bins)
    shares = [budget.model.region(rate).share for rate in (0.01, 0.05, 0.1, 0.2, 0.5)]
    assert shares == sorted(shares)
    assert "Do the odds come true?" in said(page("views/cache.py", **{"cache-tab": ":material/speed: Error budget"}))


def test_another_budget_is_applied(installation: Installation, page: Page) -> None:
    """What the slider says holds from the next question on."""
    teach(installation)
    test = page("views/cache.py", **{"cache-tab": ":material/speed: Error budget"})
    test.slider[0].set_value(5.0).run()
    next(b for b in test.button if b.label == "Apply").click().run()
    assert installation.caches.cache().max_error_rate == 0.05
