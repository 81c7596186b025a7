"""Learning from traffic: what is served grows within the budget, shared by processes and kept by Redis."""

from __future__ import annotations

import multiprocessing
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis as redis_py

from semcache.cache import CacheOptions, Hit, Miss, SemanticCache, give_feedback
from semcache.cache.budget import RING, Sums, pack_row, refit
from semcache.cache.budget.evidence import FEATURES
from semcache.cache.budget.fit import FIRST_FIT
from semcache.cache.deciding.decide import Learned
from semcache.cache.learning.state import BOUNDS, FIT_LEASE_S, AnswerRecord, LearningState, LessonWrite
from semcache.cache.types import Reason
from semcache.devstack.ports import free_port
from semcache.devstack.redis import RedisServer
from semcache.embed import CachedEmbedder, default_embedder
from semcache.errors import InvalidInput
from semcache.store import keys
from semcache.store.connect import connect
from tests.cache.conftest import MakeCache
from tests.cache.stream import requests
from tests.waiting import wait_until

PASSWORD = "How do I reset my password?"
PARAPHRASE = "How can I reset my password?"


def same_text(new: AnswerRecord, others: Sequence[AnswerRecord]) -> list[bool]:
    """A judge that never errs on the streams of these tests."""
    return [other.response == new.response for other in others]


def always(number: float) -> Any:
    return lambda asked, repeats: number


def play(cache: SemanticCache, stream: list[tuple[str, str]]) -> None:
    """Asks every question and stores what was missing."""
    for prompt, answer in stream:
        found = cache.lookup(prompt)
        if isinstance(found, Miss):
            cache.store(prompt, answer, miss=found)


def fill_rows(state: LearningState, *, right: int, wrong: int, seed: int = 0) -> None:
    """Labelled rows whose first feature tells right from wrong, as after that many lessons."""
    rng = np.random.default_rng(seed)
    labels = [True] * right + [False] * wrong
    rng.shuffle(labels)
    notes = []
    for label in labels:
        features = rng.normal(0.0, 0.1, len(FEATURES))
        features[0] = 0.97 if label else 0.8
        notes.append(LessonWrite(row=pack_row(features.tolist(), label), sums=Sums(labels=1.0)))
    state.open()
    state.write(notes)


@pytest.fixture
def state(cache: SemanticCache, redis: redis_py.Redis) -> LearningState:
    return registered(redis, cache)


def registered(redis: redis_py.Redis, cache: SemanticCache) -> LearningState:
    """The learning of a scope that may learn, though nothing is stored in it yet."""
    cache._parts.registration.note(redis)
    state = LearningState(redis, cache.scope.id)
    state.open()
    return state


def labels_of(state: LearningState) -> list[float]:
    """The labels of all rows in their order, -1 = unknown."""
    return np.nan_to_num(state.rows()[1].labels, nan=-1).tolist()


def test_a_cache_learns_to_serve_more_within_its_budget(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """After some hundred answers it serves paraphrases that the strict rule refuses, and hardly any wrongly."""
    cache = make_cache(judge=same_text, learn="inline", max_error_rate=0.05, ttl=None)
    play(cache, requests(650))
    learned = LearningState(redis, cache.scope.id).learned()
    assert learned.model is not None
    assert learned.version >= 1
    assert learned.idf.questions > FIRST_FIT
    served = wrong = bolder = 0
    for prompt, answer in requests(250, seed=1):
        found = cache.lookup(prompt)
        if isinstance(found, Hit):
            served, wrong = served + 1, wrong + (found.response != answer)
            bolder += found.similarity < 0.97
    assert served > 150
    assert bolder > 20
    assert wrong <= 0.05 * served


def _answer(redis_url: str, namespace: str, report: Any) -> None:
    cache = SemanticCache(
        redis_url,
        embedder=default_embedder(),
        namespace=namespace,
        scope={"tenant": "acme"},
        options=CacheOptions(draw=always(1.0)),
    )
    found = cache.explain(PARAPHRASE)
    cache._parts.learner.fit()
    report.put((cache._parts.learner._learned.version if cache._parts.learner._learned else None, found.detail))


def test_processes_share_what_they_learn(
    make_cache: MakeCache, redis: redis_py.Redis, redis_url: str, namespace: str
) -> None:
    """Another process decides by the model that this one fitted, and its own fit is taken up here."""
    cache = make_cache(scope={"tenant": "acme"}, judge=same_text, learn="inline", draw=always(1.0), ttl=None)
    cache.store(PASSWORD, "Use the link.")
    state = LearningState(redis, cache.scope.id)
    fill_rows(state, right=250, wrong=150)
    assert cache._parts.learner.fit()
    context = multiprocessing.get_context("spawn")
    report = context.Queue()
    process = context.Process(target=_answer, args=(redis_url, namespace, report))
    process.start()
    version, detail = report.get(timeout=60)
    process.join(30)
    assert version == 1
    assert "answers like this one are wrong in" in detail
    cache.explain(PARAPHRASE)
    assert cache._parts.learner._learned is not None
    assert cache._parts.learner._learned.version == 2


def test_a_fit_that_crashed_holds_nobody_up_for_long(
    cache: SemanticCache, state: LearningState, redis: redis_py.Redis
) -> None:
    """While its lease lasts nobody fits; afterwards the next lesson does, and nothing was lost."""
    fill_rows(state, right=200, wrong=150)
    assert state.fit_lease().acquire(), "a process that dies now, in the middle of a fit"
    assert not cache._parts.learner.fit()
    key = keys.CACHE_FIT.build(scope=cache.scope.id)
    assert 0 < redis.pttl(key) <= FIT_LEASE_S * 1000
    redis.pexpire(key, 1)
    wait_until("the lease has lapsed", lambda: not redis.exists(key))
    assert cache._parts.learner.fit()
    learned = state.learned()
    version, model = learned.version, learned.model
    assert (version, model is not None) == (1, True)
    assert state.sums().fitted == state.sums().labels == 350


def test_the_slower_of_two_fits_is_dropped(state: LearningState) -> None:
    """A model fitted after an old version replaces nothing, and its sums are not added either."""
    fill_rows(state, right=200, wrong=150)
    version, rows, sums = state.rows()
    model = refit(rows, sums)
    assert state.put_model(model, after=version, add=Sums(fitted=10))
    assert not state.put_model(model, after=version, add=Sums(fitted=10))
    assert state.sums().fitted == 10
    assert state.learned().version == 1


def test_a_fit_that_gives_nothing_keeps_the_last_model(state: LearningState) -> None:
    """Where a fit has too few labels of a kind, the present model stays under its version, and the fit counts."""
    fill_rows(state, right=200, wrong=150)
    version, rows, sums = state.rows()
    assert state.put_model(refit(rows, sums), after=version, add=Sums())
    assert not state.put_model(None, after=1, add=Sums(fitted=10))
    learned = state.learned()
    version, model = learned.version, learned.model
    assert (version, model is not None, state.sums().fitted) == (1, True, 10)


def test_a_lookup_never_waits_for_a_fit(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """With the background thread busy and a new model stored, lookups decide by the old one and return."""
    cache = make_cache(draw=always(1.0))
    cache.store(PASSWORD, "Use the link.")
    assert "nothing in the words differs" in cache.explain(PARAPHRASE).detail
    gate = threading.Event()
    cache._runtime.lessons.submit(lambda: gate.wait(20) and None)
    other = make_cache(judge=same_text, learn="inline")
    fill_rows(registered(redis, cache), right=250, wrong=150)
    assert other._parts.learner.fit()
    assert "nothing in the words differs" in cache.explain(PARAPHRASE).detail
    gate.set()
    assert cache._runtime.lessons.flush(20)
    assert cache._runtime.loads.flush(20)
    assert "answers like this one are wrong in" in cache.explain(PARAPHRASE).detail


def test_lessons_are_learned_behind_the_request(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """store(miss=...) in the default mode returns first; the lesson follows."""
    cache = make_cache(judge=same_text)
    play(cache, [("How do I cancel my order?", "In your account."), ("How do I track my order?", "By the link.")])
    assert cache._runtime.lessons.flush(20)
    sums = LearningState(redis, cache.scope.id).sums()
    assert sums.labels == 1


def test_equal_answers_join_a_group(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """A new entry whose answer agrees with a neighbour's joins its group; another answer opens its own."""
    cache = make_cache(judge=same_text, learn="inline")
    play(
        cache,
        [
            ("How do I cancel my order?", "In your account."),
            ("Where do I find the button for cancelling an order?", "In your account."),
            ("How do I track my order?", "By the link."),
        ],
    )
    entries = {entry.prompt: entry.entry_id for entry in cache.entries()}
    state = LearningState(redis, cache.scope.id)
    groups = [answer.group for answer in state.answers(list(entries.values())) if answer]
    assert len(set(groups)) == 2


def test_two_agreements_make_two_groups_one(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """Groups that hold the same answer are merged once two new answers agree with both; its entries move along."""
    cache = make_cache(judge=same_text, learn="inline", draw=always(0.0), ttl=None)
    cancel = "In your account."
    cache.store("How do I cancel my order?", cancel)
    cache.store("How can an order be cancelled by me?", cancel)
    state = LearningState(redis, cache.scope.id)
    assert len(_groups(cache, state)) == 2, "stored without a lookup, they know nothing of each other"
    play(cache, [("What must I do to cancel my order?", cancel), ("Tell me how I can cancel an order", cancel)])
    assert len(_groups(cache, state)) == 1


def _groups(cache: SemanticCache, state: LearningState) -> set[str]:
    return {answer.group for answer in state.answers([entry.entry_id for entry in cache.entries()]) if answer}


def test_the_state_stays_small(state: LearningState) -> None:
    """However much is learned, it takes less than 2 MB: rows, words and pairs are bounded."""
    fill_rows(state, right=RING, wrong=500)
    words = [f"word{n}" for n in range(12_000)]
    state.write(LessonWrite(words=tuple(words[at : at + 12])) for at in range(0, len(words), 12))
    state.write(
        LessonWrite(pairs={(f"{a:010x}", f"{b:010x}"): -3.5 for b in range(a + 1, a + 10)}) for a in range(1_500)
    )
    version, rows, sums = state.rows()
    assert (version, len(rows.labels)) == (0, RING)
    assert sums.labels == sums.number == RING + 500
    assert rows.numbers.tolist() == list(range(501, RING + 501))
    assert state.memory_bytes() < 2_000_000


def test_rare_words_leave_a_full_table(state: LearningState) -> None:
    """Gibberish cannot fill the table of words for ever: what is asked about often stays, what is new is counted."""
    state.write(LessonWrite(words=("refund",)) for _ in range(64))
    state.write(LessonWrite(words=tuple(f"x{n}" for n in range(at, at + 100))) for at in range(0, 12_000, 100))
    state.write([LessonWrite(words=("voucher",))])
    idf = state.learned().idf
    assert len(idf.counts) <= BOUNDS["words"]
    assert idf.counts["refund"] >= 8
    assert idf.counts["voucher"] == 1


def test_a_full_table_of_repeats_still_counts(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """However many questions are remembered, the third serving of one from another's answer is checked."""
    cache = make_cache(learn="inline", draw=always(1.0), max_error_rate=0.05)
    cache.store(PASSWORD, "Use the link.")
    key = keys.CACHE_REPEATS.build(scope=cache.scope.id)
    redis.hset(key, mapping={f"{n:032x}": 1 for n in range(BOUNDS["repeats"])})
    found = [type(cache.lookup(PARAPHRASE)) for _ in range(4)]
    assert found == [Hit, Hit, Miss, Miss]
    assert redis.hlen(key) <= BOUNDS["repeats"]


def test_one_user_cannot_teach_by_clicking(make_cache: MakeCache) -> None:
    """A hundred verdicts on one hit are one label."""
    cache = make_cache(learn="inline", draw=always(1.0))
    cache.store(PASSWORD, "Use the link.")
    hit = cache.lookup(PARAPHRASE)
    assert isinstance(hit, Hit)
    for _ in range(100):
        cache.feedback(hit, correct=True)
    assert cache.learning().labels == 1


def test_nothing_is_learned_in_a_scope_that_is_gone(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """A lesson, a hit and a fit under way while the scope is dropped leave no key behind."""
    cache = make_cache(judge=same_text, learn="inline", draw=always(1.0))
    entry_id = str(cache.store(PASSWORD, "Use the link."))
    miss = cache.lookup("What does the sauna cost?")
    state = LearningState(redis, cache.scope.id)
    fill_rows(state, right=200, wrong=150)
    version, rows, sums = state.rows()
    cache.drop()
    row = pack_row([0.0] * len(FEATURES), True)
    state.write([LessonWrite(row=row, sums=Sums(labels=1.0), words=("secret",), entry_id=entry_id)])
    assert not state.put_model(refit(rows, sums), after=version, add=Sums(fitted=1.0))
    assert isinstance(miss, Miss)
    assert [key for key in redis.scan_iter(f"*{cache.scope.id}*", count=10_000) if b"counters" not in key] == []


def test_a_new_model_is_loaded_once(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """However many lookups see a new version while the judge is slow, one load is queued, and not behind the judge."""
    cache = make_cache(draw=always(1.0))
    cache.store(PASSWORD, "Use the link.")
    cache.explain(PARAPHRASE)
    state = LearningState(redis, cache.scope.id)
    fill_rows(state, right=200, wrong=150)
    version, rows, sums = state.rows()
    gate, loads = threading.Event(), []
    cache._runtime.lessons.submit(lambda: gate.wait(20) and None)
    cache._parts.learner._state = Counted(state, loads)
    assert state.put_model(refit(rows, sums), after=version, add=Sums())
    cache._runtime.loads.submit(lambda: gate.wait(20) and None)
    for _ in range(50):
        cache.explain(PARAPHRASE)
    gate.set()
    assert cache._runtime.loads.flush(20)
    assert loads == [1]
    assert "answers like this one are wrong in" in cache.explain(PARAPHRASE).detail


class Counted:
    """The state of a scope that notes the version of each model that is read."""

    def __init__(self, state: LearningState, loads: list[int]) -> None:
        self._state, self._loads = state, loads

    def learned(self) -> Learned:
        found = self._state.learned()
        self._loads.append(found.version)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)


_ENDING = """
import time
from semcache.background import Worker
tasks = Worker("a lesson", end_s=0.5)
for _ in range(40):
    tasks.submit(lambda: time.sleep(0.1))
"""


def test_the_end_of_a_process_waits_for_lessons_and_says_what_is_dropped() -> None:
    """At exit queued lessons are waited for within a bounded time; those left are counted in the log."""
    ended = subprocess.run([sys.executable, "-c", _ENDING], capture_output=True, text=True, timeout=60, check=True)
    said = re.search(r"a lesson is lost, (\d+) times", ended.stderr)
    assert said is not None, ended.stderr
    assert 20 <= int(said[1]) < 40


def test_the_learning_survives_a_restart_of_redis(tmp_path: Path, embedder: CachedEmbedder) -> None:
    """After a restart the model serves as before, without a single new lesson."""
    server = RedisServer(tmp_path, free_port())
    process = server.start(tied=True)
    server.wait_ready(process)

    def open_cache() -> SemanticCache:
        return SemanticCache(
            connect(server.address),
            embedder=embedder,
            judge=same_text,
            ttl=None,
            options=CacheOptions(learn="inline", draw=always(1.0)),
        )

    cache = open_cache()
    cache.store(PASSWORD, "Use the link.")
    fill_rows(registered(cache._redis, cache), right=250, wrong=150)
    cache._parts.learner.fit()
    before = cache.explain(PARAPHRASE)
    cache._redis.shutdown()
    wait_until("the server is gone", lambda: not process.alive())
    process = server.start(tied=True)
    try:
        server.wait_ready(process)
        assert open_cache().explain(PARAPHRASE) == before
    finally:
        process.kill()


def test_a_verdict_teaches(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """A thumbs up or down on a semantic hit is a label on the evidence that served it, once for each hit."""
    cache = make_cache(judge=same_text, learn="inline", draw=always(1.0))
    cache.store(PASSWORD, "Use the link.")
    state = LearningState(redis, cache.scope.id)
    hit = cache.lookup(PARAPHRASE)
    assert isinstance(hit, Hit)
    assert labels_of(state) == [-1]
    cache.feedback(hit, correct=True)
    cache.feedback(hit.entry_id, correct=False)
    assert labels_of(state) == [-1, 1], "it was judged already"
    assert state.sums().labels == 1


def test_a_verdict_on_an_exact_hit_teaches_nothing(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """The very same question is no evidence on paraphrases."""
    cache = make_cache(judge=same_text, learn="inline")
    cache.store(PASSWORD, "Use the link.")
    hit = cache.lookup(PASSWORD)
    assert isinstance(hit, Hit)
    cache.feedback(hit, correct=False)
    assert labels_of(LearningState(redis, cache.scope.id)) == []


def test_a_would_be_hit_is_checked_now_and_then(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """A shadow call misses, says so, and its answer labels the evidence that would have served."""
    cache = make_cache(judge=same_text, learn="inline", draw=always(0.0))
    cache.store(PASSWORD, "Use the link.")
    miss = cache.lookup(PARAPHRASE)
    assert isinstance(miss, Miss)
    assert miss.reason is Reason.SHADOW
    cache.store(PARAPHRASE, "Use the link.", miss=miss)
    assert labels_of(LearningState(redis, cache.scope.id)) == [1]
    assert cache.lookup(PARAPHRASE), "it is stored under its own question now"


def test_a_question_is_not_served_from_anothers_answer_for_ever(make_cache: MakeCache) -> None:
    """After a number of repeats the question is answered once for itself."""
    cache = make_cache(judge=same_text, learn="inline", draw=always(1.0), max_error_rate=0.05)
    cache.store(PASSWORD, "Use the link.")
    found = [cache.lookup(PARAPHRASE) for _ in range(6)]
    reasons = [getattr(one, "reason", None) for one in found]
    assert Reason.SHADOW in reasons
    assert all(reasons[: reasons.index(Reason.SHADOW)]) is False


def test_an_exact_repeat_is_made_again_now_and_then_to_measure_the_judge(
    make_cache: MakeCache, redis: redis_py.Redis
) -> None:
    """With a model, and another entry in its group, the repeat of a question checks the comparison of answers."""
    cache = make_cache(judge=same_text, learn="inline", draw=always(0.0), ttl=None)
    play(
        cache,
        [
            ("How do I cancel my order?", "In your account."),
            ("Where do I find the button for cancelling an order?", "In your account."),
        ],
    )
    assert cache.lookup("How do I cancel my order?"), "not before there is a model"
    state = LearningState(redis, cache.scope.id)
    fill_rows(state, right=250, wrong=150)
    cache._parts.learner.fit()
    miss = cache.lookup("How do I cancel my order?")
    assert isinstance(miss, Miss)
    assert (miss.reason, "check" in miss.detail) == (Reason.SHADOW, True)
    rows = len(labels_of(state))
    cache.store("How do I cancel my order?", "In your account.", miss=miss)
    assert (state.sums().floor_checks, state.sums().floor_wrong, len(labels_of(state))) == (1, 0, rows)


def test_nothing_is_learned_when_learning_is_off(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """learn="off" keeps the strict rule and writes no state."""
    cache = make_cache(learn="off")
    play(cache, requests(20))
    state = LearningState(redis, cache.scope.id)
    assert (state.memory_bytes(), labels_of(state), state.sums()) == (0, [], Sums())


def test_a_verdict_by_entry_id_alone_teaches_once(make_cache: MakeCache, redis: redis_py.Redis, namespace: str) -> None:
    """Feedback that comes as an event finds the scope, labels what served last, and counts once if it comes again."""
    cache = make_cache(learn="inline", draw=always(1.0), scope={"tenant": "acme"})
    make_cache(scope={"tenant": "globex"}).store(PASSWORD, "elsewhere")
    entry_id = cache.store(PASSWORD, "Use the link.")
    cache.lookup(PARAPHRASE)
    for user in ("ann", "bob", "bob"):
        assert give_feedback(redis, namespace, str(entry_id), correct=False, event_id=f"event-of-{user}", user=user)
    assert not give_feedback(redis, namespace, "no-such-entry", correct=False)
    assert labels_of(LearningState(redis, cache.scope.id)) == [-1, 0]
    assert cache.stats().rejected == 1
    assert not cache.lookup(PARAPHRASE)


def labelled_pairs(count: int) -> list[tuple[str, str, bool]]:
    """Pairs of one stream: questions next to each other in it."""
    stream = requests(count + 1, seed=5)
    return [(a, b, answer == other) for (a, answer), (b, other) in pairwise(stream) if a != b] + [
        (a, b, True) for (a, x) in stream[::3] for (b, y) in stream[::7] if x == y and a != b
    ]


def test_labels_from_a_log_make_a_warm_start(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """With pairs from the user's own log there is a model before the first request; without, there is none."""
    cache = make_cache(learn="inline", max_error_rate=0.05, ttl=None)
    pairs = labelled_pairs(400)
    used = cache.add_labelled(pairs)
    assert 300 <= used <= len(pairs)
    status = cache.learning()
    assert (status.labels, status.model_version) == (used, 1)
    assert cache.add_labelled([]) == 0


def test_pairs_that_contradict_themselves_are_left_out(cache: SemanticCache) -> None:
    """Two prompts that are said to have one answer and not to have one teach nothing."""
    assert cache.add_labelled([(PASSWORD, PARAPHRASE, True), (PARAPHRASE, PASSWORD, False)]) == 0
    assert cache.add_labelled([(PASSWORD, PARAPHRASE, True), ("What is it?", "Who is it?", False)]) == 2


@pytest.mark.parametrize(
    "pair", [("", PASSWORD, True), (PASSWORD, PASSWORD * 9_999, False), (PASSWORD, PARAPHRASE, "1")]
)
def test_wrong_labels_are_invalid_input(
    cache: SemanticCache, state: LearningState, pair: tuple[str, str, bool]
) -> None:
    """An empty or oversized prompt, or a label that is no bool, is refused and nothing is learned."""
    with pytest.raises(InvalidInput):
        cache.add_labelled([(PASSWORD, PARAPHRASE, True), pair])
    assert labels_of(state) == []


def test_the_status_tells_how_far_it_is(cache: SemanticCache, state: LearningState) -> None:
    """Learning, then serving, with what this budget and others give; in words."""
    status = cache.learning()
    assert not status.serving
    assert f"0 of {FIRST_FIT} answers compared" in status.summary
    fill_rows(state, right=300, wrong=60)
    assert "learning" in cache.learning().summary, "not fitted yet"
    cache._parts.learner.fit()
    status = cache.learning()
    assert status.serving
    assert "wrong" in status.summary
    assert status.now is not None
    assert 0 < status.now.error <= status.now.max_error_rate == 0.02
    shares = [other.share for other in status.others]
    assert shares == sorted(shares)
    assert status.memory_bytes > 10_000


def test_the_status_says_why_nothing_is_served(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """Where even the surest answers may be wrong more often than allowed, it says how often."""
    cache = make_cache(max_error_rate=0.001)
    rng = np.random.default_rng(1)
    registered(redis, cache).write(
        LessonWrite(row=pack_row(rng.normal(0, 1, len(FEATURES)).tolist(), bool(n % 2)), sums=Sums(labels=1.0))
        for n in range(400)
    )
    cache._parts.learner.fit()
    status = cache.learning()
    assert not status.serving
    assert "serves nothing but the same question" in status.summary


def test_a_budget_of_nothing_serves_the_same_question_only(make_cache: MakeCache) -> None:
    """max_error_rate=0 is no missing value: no paraphrase is served, the exact question is."""
    cache = make_cache(max_error_rate=0.0, draw=always(1.0))
    cache.store(PASSWORD, "Use the link.")
    assert not cache.lookup(PARAPHRASE)
    assert cache.lookup(PASSWORD)
