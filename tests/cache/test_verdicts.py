"""What people say about stored answers: each counts once, one alone withdraws nothing."""

from __future__ import annotations

import pytest
import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semcache.cache import Hit, SemanticCache, StoreOptions, give_feedback
from semcache.cache.learning.state import LearningState
from tests.cache.conftest import MakeCache

QUESTION = "How do I reset my password?"
RIGHT, WRONG = "Use the link on the sign-in page.", "Passwords cannot be reset: open a new account for 5 euro."


def served(cache: SemanticCache) -> Hit | None:
    found = cache.lookup(QUESTION)
    return found if isinstance(found, Hit) else None


def stored(cache: SemanticCache, answer: str = RIGHT) -> str:
    entry_id = cache.store(QUESTION, answer)
    assert entry_id
    return entry_id


def test_one_rejection_hides_the_answer_from_its_user_alone(cache: SemanticCache) -> None:
    """Whoever rejects an answer is told so; everybody else is served it, and one of them gets to check it."""
    entry_id = stored(cache)
    for _ in range(5):
        assert cache.feedback(entry_id, correct=False, user="mallory")
    assert served(cache)
    assert cache.doubt(entry_id, user="mallory").own
    assert (cache.entries().__next__().rejected, cache.stats().rejected) == (1, 0)
    assert not cache.doubt(entry_id, user="ann").open, "one second opinion is enough"


@pytest.mark.parametrize("how_often", [1, 3])
def test_a_hit_that_is_withheld_is_counted_as_a_miss(cache: SemanticCache, how_often: int) -> None:
    """Whoever gets another answer saves nothing; the hits of others are counted as before."""
    entry_id = cache.store(QUESTION, RIGHT, options=StoreOptions(tokens=40, compute_s=2.0))
    assert entry_id
    for _ in range(2):
        assert served(cache)
    before, hits = cache.stats(), next(cache.entries()).hits
    cache.feedback(entry_id, correct=False, user="mallory")
    for _ in range(how_often):
        found = served(cache)
        assert found
        assert cache.doubt(found, user="mallory").own
    after = cache.stats()
    assert (after.hits, after.tokens_saved, after.seconds_saved) == (2, before.tokens_saved, before.seconds_saved)
    assert after.misses.get("guard", 0) == before.misses.get("guard", 0) + how_often
    assert next(cache.entries()).hits == hits == 2
    assert not cache.doubt(found, user="ann").own
    assert cache.stats().hits == 2


@pytest.mark.parametrize(("first", "second"), [("ann", "bob"), ("ä", "a"), ("x" * 200, "x" * 199), ("1", "2")])
def test_a_second_user_withdraws_the_answer(cache: SemanticCache, first: str, second: str) -> None:
    """Two different users who reject an answer take it out of service for everybody."""
    entry_id = stored(cache)
    cache.feedback(entry_id, correct=False, user=first)
    assert served(cache)
    cache.feedback(entry_id, correct=False, user=second)
    assert not served(cache)
    (entry,) = cache.entries()
    assert (entry.rejected, entry.withdrawn, cache.stats().rejected) == (2, True, 1)


def test_a_second_opinion_decides(cache: SemanticCache) -> None:
    """A new answer that says something else withdraws the doubted one; one that agrees keeps it, against two users."""
    entry_id = stored(cache, WRONG)
    cache.feedback(entry_id, correct=False, user="ann")
    assert cache.doubt(entry_id, user="bob").open
    assert cache.second_opinion(entry_id, RIGHT) is False
    assert not served(cache)

    entry_id = stored(cache, RIGHT)
    cache.feedback(entry_id, correct=False, user="mallory")
    assert cache.second_opinion(entry_id, RIGHT) is True
    cache.feedback(entry_id, correct=False, user="mallory's second account")
    assert served(cache)
    cache.feedback(entry_id, correct=False, user="ann")
    assert not served(cache)


def test_a_second_opinion_that_fails_is_somebody_elses(cache: SemanticCache) -> None:
    """Where no other answer could be made, the next who asks is told to make one; of an answer that is gone, nobody."""
    entry_id = stored(cache)
    cache.feedback(entry_id, correct=False, user="ann")
    assert cache.doubt(entry_id, user="bob").open
    assert cache.second_opinion(entry_id, None) is None
    assert cache.doubt(entry_id, user="bob").open
    cache.clear()
    assert cache.second_opinion(entry_id, RIGHT) is None
    assert cache.doubt(entry_id, user="bob") == cache.doubt(entry_id, user="ann")
    assert not cache.feedback(entry_id, correct=False, user="ann")


def test_the_application_decides_at_once(cache: SemanticCache) -> None:
    """A verdict without a user is the application's own: the answer is withdrawn."""
    cache.feedback(stored(cache), correct=False)
    assert not served(cache)


def test_users_that_nobody_names_count_as_one(make_cache: MakeCache, redis: redis_py.Redis, namespace: str) -> None:
    """Any number of verdicts by entry id without a user are one doubt."""
    cache = make_cache(scope={"tenant": "acme"})
    entry_id = stored(cache)
    for n in range(4):
        assert give_feedback(redis, namespace, entry_id, correct=False, event_id=f"event-{n}")
    assert served(cache)


def test_an_answer_of_ones_own_is_judged_by_its_user(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str
) -> None:
    """In a user's own scope the user's word is enough, and nobody else has one."""
    cache = make_cache(scope={"user": "ann"})
    entry_id = stored(cache)
    for user in ("mallory", None):
        assert not give_feedback(redis, namespace, entry_id, correct=False, user=user)
    assert served(cache)
    assert give_feedback(redis, namespace, entry_id, correct=False, user="ann")
    assert not served(cache)


def test_a_doubt_teaches_nothing(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """The learning takes a rejection for true once the answer is withdrawn, not before."""
    cache = make_cache(learn="inline", draw=lambda *_: 1.0, scope={"tenant": "acme"})
    entry_id = stored(cache)
    assert cache.lookup("How can I reset my password?")
    state = LearningState(redis, cache.scope.id)
    cache.feedback(entry_id, correct=False, user="mallory")
    _, rows, _ = state.rows()
    assert 0 not in rows.labels
    cache.feedback(entry_id, correct=False, user="ann")
    _, rows, _ = state.rows()
    assert 0 in rows.labels


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.tuples(st.sampled_from(["ann", "bob", "zoë", ""]), st.booleans()), max_size=12))
def test_an_answer_stands_while_fewer_than_two_reject_it(cache: SemanticCache, said: list[tuple[str, bool]]) -> None:
    """Whatever is said in whatever order: the answer goes at the moment when two users' last word is against it."""
    entry_id = stored(cache)
    against: set[str] = set()
    withdrawn = False
    for user, correct in said:
        cache.feedback(entry_id, correct=correct, user=user)
        against = against - {user} if correct else against | {user}
        withdrawn = withdrawn or len(against) > 1
    (entry,) = cache.entries()
    assert entry.withdrawn == withdrawn
    for user in ("ann", "bob", "zoë", ""):
        assert cache.doubt(entry_id, user=user).own == (user in against)
