"""Decisions through Kafka into Redis, on real servers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import redis as redis_py

from semcache.app import open_app
from semcache.embed import CachedEmbedder
from semcache.errors import ConfigurationError
from semcache.settings import Settings
from semcache.store import keys
from semcache_ingest.decisions.cli import open_processor
from semcache_ingest.decisions.counting import HOUR_S, MINUTE_S, window_of
from semcache_ingest.decisions.figures import Figures
from semcache_ingest.decisions.recount import recount
from semcache_ingest.decisions.view import DecisionsView, grouped, total
from semcache_ingest.publish import EventPublisher
from tests.ingest.decisions.conftest import Counting
from tests.ingest.decisions.records import decided, publish, traffic
from tests.waiting import wait_until

Live = Callable[[], Figures]


def counted(figures: Figures) -> dict[str, int]:
    """Without what only the order of arrival decides."""
    return {name: number for name, number in figures.counts.items() if name not in ("late", "too_late")}


def test_totals_are_those_of_the_topic(
    publishing: Settings, count_all: Callable[[], None], live: Live, redis: redis_py.Redis
) -> None:
    """Windows of an hour and of a minute, by scope and by tenant, add up to a recount of the topic."""
    now = time.time()
    publish(publishing, traffic(2_000, namespace=publishing.namespace, end=now))
    count_all()
    truth = recount(publishing)
    assert truth.lookups > 1_500
    assert counted(live()) == counted(truth)
    view = DecisionsView(redis, publishing)
    hours = view.sliding(6 * HOUR_S, now=now)
    by_tenant, by_scope = grouped(hours, "tenant"), grouped(hours, "scope")
    assert set(by_tenant) == {"t0", "t1", "t2"}
    assert len(by_scope) == 12
    assert sum(f.lookups for f in by_scope.values()) == sum(f.lookups for f in by_tenant.values()) == truth.lookups
    minutes = view.tumbling(MINUTE_S, range(window_of(now - 2 * HOUR_S, MINUTE_S)[1], int(now) + 61, MINUTE_S))
    assert counted(total(minutes)) == counted(truth)
    assert total(hours)["late"] > 0


def test_a_second_run_changes_nothing(publishing: Settings, count_all: Callable[[], None], live: Live) -> None:
    """What is counted is not counted again, by another processor or after the group's offsets are lost."""
    publish(publishing, traffic(300, namespace=publishing.namespace, end=time.time()))
    count_all()
    before = live()
    count_all()
    assert live() == before


def test_a_redis_that_went_back_is_counted_anew(
    publishing: Settings, count_all: Callable[[], None], live: Live, counting: Counting, redis: redis_py.Redis
) -> None:
    """Counts and offset go back together; a processor that runs meanwhile notices, and nothing is missing or double."""
    namespace = publishing.namespace
    publish(publishing, traffic(300, namespace=namespace, end=time.time(), seed=1))
    with counting() as metrics:
        wait_until("the first part is counted", lambda: counted(live()) == counted(recount(publishing)))
        for key in redis.scan_iter(f"{keys.PREFIX}:{{d:{keys.escape(publishing.decisions.group)}:*", count=10_000):
            redis.delete(key)
        publish(publishing, traffic(300, namespace=namespace, end=time.time(), seed=2))
        truth = counted(recount(publishing))
        wait_until("all is counted", lambda: counted(live()) == truth)
        assert metrics.registry.get_sample_value("semcache_decisions_fenced_batches_total") > 0


def test_two_share_the_work(publishing: Settings, counting: Counting, live: Live) -> None:
    """While one joins and leaves, records are counted once."""
    publish(publishing, traffic(500, namespace=publishing.namespace, end=time.time(), seed=3))
    with counting():
        with counting():
            publish(publishing, traffic(500, namespace=publishing.namespace, end=time.time(), seed=4))
            wait_until("something is counted", lambda: live().lookups > 0)
        publish(publishing, traffic(500, namespace=publishing.namespace, end=time.time(), seed=5))
        truth = counted(recount(publishing))
        wait_until("all is counted", lambda: counted(live()) == truth)
    assert counted(live()) == truth


def test_other_namespaces_are_kept_apart(publishing: Settings, count_all: Callable[[], None], live: Live) -> None:
    """Installations may share a topic; each sees its own."""
    publish(publishing, [decided(time.time(), namespace="other"), decided(time.time(), namespace=publishing.namespace)])
    count_all()
    assert live().lookups == recount(publishing).lookups == 1


def test_near_questions_are_one(publishing: Settings, count_all: Callable[[], None], redis: redis_py.Redis) -> None:
    """A question counts under the stored one that it is near to, and so does what is near to that one in turn."""
    now, first = time.time(), "how do i reset my password"
    common: dict[str, Any] = {"namespace": publishing.namespace, "at": now}
    publish(
        publishing,
        [
            decided(question=first, **common),
            decided(question="reset my password", nearest=first, similarity=0.93, **common),
            decided(question="password reset please", nearest="reset my password", similarity=0.95, **common),
            decided(question="where is the office", nearest=first, similarity=0.5, **common),
            decided(question="the office?", outcome="hit", reason="", nearest="where is the office", **common),
        ],
    )
    count_all()
    view = DecisionsView(redis, publishing)
    assert [(q.question, q.count) for q in view.top("missed", now=now)] == [(first, 3), ("where is the office", 1)]
    assert [(q.question, q.count) for q in view.top("served", now=now)] == [("where is the office", 1)]


def test_many_scopes_are_bounded(
    publishing: Settings, count_all: Callable[[], None], live: Live, redis: redis_py.Redis
) -> None:
    """Beyond 500 scopes a partition and window, the others count together; nothing is lost."""
    now = time.time()
    events = [decided(now, namespace=publishing.namespace, scope=f"s{n}") for n in range(2_500)]
    publish(publishing, list(events))
    count_all()
    assert live().lookups == len(events)
    by_scope = grouped(DecisionsView(redis, publishing).sliding(HOUR_S, now=now), "scope")
    assert len(by_scope) <= 2 * 500 + 1
    assert by_scope["*"].lookups >= 1_400


def test_a_cache_is_counted_from_end_to_end(
    publishing: Settings, fast_embedder: CachedEmbedder, count_all: Callable[[], None], live: Live
) -> None:
    """With the one setting, what the caches of an application decide is published and counted, with its checks."""
    with open_app(publishing, embedder=fast_embedder) as app:
        cache = app.cache(scope={"tenant": "acme"})
        cache.store("How do I reset my password?", "Click on 'forgot password'.")
        hits = [cache.lookup("How do I reset my password?") for _ in range(3)]
        cache.lookup("Where is the office?")
        assert hits[0]
        cache.feedback(hits[0], correct=True)
    count_all()
    figures = live()
    assert (figures.lookups, figures.hits, figures.judged, figures.error) == (4, 3, 1, 0.0)
    assert figures["lost"] == 0


def test_feedback_through_the_log_is_a_check(
    publishing: Settings,
    fast_embedder: CachedEmbedder,
    drain: Callable[..., object],
    count_all: Callable[[], None],
    live: Live,
) -> None:
    """Two people who reject an answer settle it: that counts once, however often their events are read."""
    with open_app(publishing, embedder=fast_embedder) as app:
        entry = app.cache(scope={"tenant": "acme"}).store("How do I reset my password?", "Click on 'forgot password'.")
    with EventPublisher(publishing) as publisher:
        verdict = {"type": "feedback", "entry": entry, "correct": False, "at": datetime.now(UTC).isoformat()}
        for user in ("pia", "tom", "pia", "tom"):
            publisher.publish({**verdict, "id": f"f-{user}", "user": user})
    drain(settings=publishing)
    count_all()
    assert (live()["wrong.feedback"], live().error) == (1, 1.0)


def test_nothing_is_published_unless_it_is_set(settings: Settings, fast_embedder: CachedEmbedder) -> None:
    """Off by default: no sink, and a processor says which setting is missing."""
    with open_app(settings, embedder=fast_embedder) as app:
        assert app.runtime.decisions is None
    with pytest.raises(ConfigurationError, match="SEMCACHE_DECISIONS_PUBLISH"), open_processor(settings):
        pass


def test_the_commands_count_and_show(publishing: Settings, environment: dict[str, str]) -> None:
    """`run --once`, `show` and `recount` agree."""
    publish(publishing, traffic(400, namespace=publishing.namespace, end=time.time()))
    more = {f"SEMCACHE_DECISIONS_{n.upper()}": str(v) for n, v in publishing.decisions.model_dump().items()}

    def command(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "semcache_ingest.cli", "decisions", *arguments],
            env={**environment, **more},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    command("run", "--once")
    shown = json.loads(command("show", "--hours", "6", "--by", "tenant", "--json"))
    truth = json.loads(command("recount", "--json"))
    assert {**shown["total"], "late": 0} == {**truth, "late": 0}
    assert set(shown["tenant"]) == {"t0", "t1", "t2"}
    assert 20 <= sum(row["count"] for row in shown["top"]["missed"]) <= sum(truth["misses"].values())
    assert "top missed" in command("show")
