"""The languages that questions are asked in, and what `semcache doctor` says of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis as redis_py

from semcache.chat import ChatEngine
from semcache.devstack.doctor import services
from semcache.questions.languages import asked_in
from semcache.settings import Settings
from semcache.store import keys
from tests.conftest import Clock

GERMAN = tuple(f"Wie weit ist es von Bonn nach {town}?" for town in ("Trier", "Kiel", "Jena", "Ulm", "Hof", "Celle"))
ENGLISH = tuple(f"How far is it from Leeds to {town}?" for town in ("York", "Hull", "Bath", "Derby"))


@pytest.mark.parametrize(("questions", "levels"), [((*ENGLISH, *GERMAN), ["warning"]), ((*ENGLISH, *GERMAN[:4]), [])])
def test_the_doctor_warns_where_most_questions_are_in_a_language_that_the_model_does_not_read(
    make_engine: Callable[..., ChatEngine],
    settings: Settings,
    clock: Clock,
    questions: tuple[str, ...],
    levels: list[str],
) -> None:
    """With an English embedding model: from ten questions on, and if more than half of them are not English."""
    engine = make_engine(model="extractive")
    for question in questions:
        engine.ask(question, user="ann", session="s")
    found = services.languages(settings, clock=clock)
    assert [finding.level for finding in found] == levels
    assert all("6 of 10 questions" in finding.detail and "de 6" in finding.detail for finding in found)


def test_counts_of_languages_leave_by_themselves(
    make_engine: Callable[..., ChatEngine], settings: Settings, redis: redis_py.Redis, clock: Clock
) -> None:
    """One key a day, which lives for two; what was asked before yesterday does not count."""
    make_engine(model="extractive").ask(GERMAN[0], user="ann", session="s")
    assert asked_in(redis, settings.namespace, clock()) == {"de": 1}
    assert asked_in(redis, settings.namespace, clock() + 2 * 86_400) == {}
    [key] = redis.keys(keys.LANGUAGES.build(namespace=settings.namespace, day="*").replace("%2A", "*"))
    assert 0 < redis.ttl(key) <= 172_800
