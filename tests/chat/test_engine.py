"""The read path: hits, misses, scopes, follow-ups, outages and what is stored when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis as redis_py

from semcache.cache import Reason
from semcache.chat import Answer, ChatEngine
from semcache.chat.stores import Stores
from semcache.errors import InvalidInput, LlmUnavailable, RateLimited, RedisUnavailable
from semcache.settings import Settings
from semcache.store import keys
from tests.conftest import Clock
from tests.llm.server import FakeOpenAi, Trouble

WHO = {"user": "ana", "session": "s1"}


def last_prompt(api: FakeOpenAi) -> str:
    return str(api.requests[-1]["messages"])


def test_a_question_is_answered_from_the_documents(engine: ChatEngine, api: FakeOpenAi) -> None:
    """A miss shows the model the passages, streams its answer and names the documents with their versions."""
    api.reply = lambda _: "Within 30 days [returns]."
    *parts, answer = engine.stream("How long can I return a lamp?", **WHO)
    assert parts == ["Within", " 30", " days", " [returns]."]
    assert isinstance(answer, Answer)
    assert (answer.text, answer.outcome, answer.cited) == ("Within 30 days [returns].", "miss", ("returns",))
    assert answer.miss is not None
    assert answer.sources["returns"] == 1
    assert "within 30 days of delivery" in last_prompt(api)
    assert answer.tokens == 11 + 4


def test_the_same_question_is_a_hit_for_another_user(engine: ChatEngine, api: FakeOpenAi) -> None:
    """An answer about everyone is shared: the second asker causes no call and sees what was saved."""
    api.reply = lambda _: "Within 30 days [returns]."
    first = engine.ask("How long can I return a lamp?", **WHO)
    second = engine.ask("how long can I return a lamp", user="ben", session="s9")
    assert (second.outcome, second.text) == ("hit", first.text)
    assert second.hit is not None
    assert second.hit.prompt == "How long can I return a lamp?"
    assert second.saved.tokens == first.tokens
    assert second.tokens == 0
    assert second.cited == ("returns",)
    assert len(api.requests) == 1


def test_a_paraphrase_is_a_hit(engine: ChatEngine, api: FakeOpenAi) -> None:
    """Other words with the same meaning are served the stored answer, whose question is named."""
    engine.ask("How long does the standard delivery take?", **WHO)
    again = engine.ask("How long does the standard delivery take, please?", user="ben", session="s2")
    assert again.outcome == "hit"
    assert again.hit is not None
    assert not again.hit.exact
    assert again.hit.prompt == "How long does the standard delivery take?"
    assert len(api.requests) == 1


def test_a_changed_document_makes_its_answers_miss(engine: ChatEngine, api: FakeOpenAi, stores: Stores) -> None:
    """After a new version of a source the question is computed again, from the new text."""
    question = "How long can I return a lamp?"
    engine.ask(question, **WHO)
    stores.knowledge.upsert("returns", "You can return a lamp within 60 days of delivery.", title="Returns")
    again = engine.ask(question, **WHO)
    assert again.outcome == "miss"
    assert again.miss is not None
    assert again.miss.reason is Reason.STALE_SOURCE
    assert "within 60 days" in last_prompt(api)
    assert engine.ask(question, **WHO).outcome == "hit"


def test_a_personal_answer_is_kept_in_its_users_scope(engine: ChatEngine, api: FakeOpenAi, stores: Stores) -> None:
    """Two users who ask the same about themselves get their own answers, and the shared scope stays empty."""
    stores.memory("ana").append("s0", "user", "My dog is called Biscuit.")
    stores.memory("ben").append("s0", "user", "My dog is called Rollo.")
    api.reply = lambda messages: "Biscuit" if "Biscuit" in str(messages) else "Rollo"
    for user, name in (("ana", "Biscuit"), ("ben", "Rollo")) * 2:
        answer = engine.ask("What is my dog called?", user=user, session="s1")
        assert answer.text == name
        assert answer.personal_scope
    assert engine.ask("What is my dog called?", user="ana", session="s1").outcome == "hit"
    assert engine.cache().stats().stored == 0
    assert len(api.requests) == 2


def test_a_shared_answer_is_made_without_what_the_asker_told(
    engine: ChatEngine, api: FakeOpenAi, stores: Stores
) -> None:
    """For a question about everyone the model sees neither the asker's memory nor the session."""
    stores.memory("ana").append("s0", "user", "My secret word is xylophone.")
    engine.ask("I live in Oslo.", **WHO)
    engine.ask("Does the warranty cover water damage?", **WHO)
    assert "xylophone" not in last_prompt(api)
    assert "Oslo" not in last_prompt(api)


def test_new_facts_outdate_a_personal_answer(engine: ChatEngine, api: FakeOpenAi, stores: Stores, clock: Clock) -> None:
    """What the user tells after a personal answer was stored makes it a miss."""
    stores.memory("ana").append("s0", "user", "I live in Graz.")
    api.reply = lambda messages: "Lisbon" if "Lisbon" in str(messages) else "Graz"
    assert engine.ask("Where do I live?", **WHO).text == "Graz"
    assert engine.ask("Where do I live?", **WHO).outcome == "hit"
    clock.advance(5)
    stores.memory("ana").append("s0", "user", "I have moved, I live in Lisbon now.")
    renewed = engine.ask("Where do I live?", **WHO)
    assert (renewed.text, renewed.outcome) == ("Lisbon", "miss")
    assert "something new" in renewed.reason


def test_a_statement_is_remembered_and_not_cached(engine: ChatEngine, stores: Stores) -> None:
    """What is no question is answered, published and never stored as an answer."""
    answer = engine.ask("My name is Ana and I live in Graz.", **WHO)
    assert (answer.outcome, answer.reason) == ("uncacheable", "not a question")
    assert [item.turn.text for item in stores.memory("ana").recall("Where do I live?", k=1)] == [
        "My name is Ana and I live in Graz."
    ]


def test_a_question_about_now_is_never_stored(engine: ChatEngine, api: FakeOpenAi) -> None:
    """A volatile question is computed each time, and the model is told the time."""
    for _ in range(2):
        assert engine.ask("Is the shop open today?", **WHO).outcome == "uncacheable"
    assert len(api.requests) == 2
    assert "It is Tuesday 14 November 2023, 22:13 UTC." in last_prompt(api)
    assert engine.cache().stats().stored == 0


def test_a_follow_up_is_rewritten_by_the_model(engine: ChatEngine, api: FakeOpenAi) -> None:
    """A follow-up is looked up as the question that the model makes of it."""
    engine.ask("How much is standard delivery?", **WHO)
    api.reply = lambda messages: (
        "How long does standard delivery take?" if "Rewrite" in messages[0]["content"] else "Three days."
    )
    answer = engine.ask("And how long does it take?", **WHO)
    assert answer.question == "How long does standard delivery take?"
    assert answer.outcome == "miss"
    assert engine.ask("How long does standard delivery take?", user="ben", session="x").outcome == "hit"


def test_a_follow_up_is_completed_offline_when_the_model_is_down(engine: ChatEngine, api: FakeOpenAi) -> None:
    """Without the model a follow-up still carries the previous subject, and a stored answer is served."""
    engine.ask("Does the warranty cover theft?", user="ben", session="x")
    engine.ask("Does the warranty cover water damage?", **WHO)
    api.then(Trouble("status", status=500))
    answer = engine.ask("And theft?", **WHO)
    assert (answer.question, answer.outcome) == ("Does the warranty cover theft?", "hit")


def test_a_follow_up_to_nothing_is_not_cached(engine: ChatEngine) -> None:
    """A follow-up that opens a session cannot be understood by others, so it is not stored."""
    assert engine.ask("And the blue one?", **WHO).outcome == "uncacheable"


def test_an_answer_that_does_not_know_is_not_stored(engine: ChatEngine, api: FakeOpenAi) -> None:
    """The next one who asks gets another try."""
    api.reply = lambda _: "I do not know."
    first = engine.ask("Who founded the company?", **WHO)
    assert not first.known
    assert first.entry_id is None
    assert engine.ask("Who founded the company?", **WHO).outcome == "miss"


@pytest.mark.parametrize(
    "trouble", [Trouble("status", status=500), Trouble("drop", after=1), Trouble("hang"), Trouble("silence", after=1)]
)
def test_an_outage_of_the_model_stores_nothing(
    make_engine: Callable[..., ChatEngine], stores: Stores, api: FakeOpenAi, trouble: Trouble
) -> None:
    """Down, broken off or silent: LlmUnavailable, no answer kept, no turn remembered."""
    engine = make_engine(timeout_s=0.3)
    api.reply = lambda _: "one two three"
    api.then(trouble)
    with pytest.raises(LlmUnavailable):
        engine.ask("How long can I return a lamp?", **WHO)
    assert engine.cache().stats().stored == 0
    assert stores.memory("ana").window("s1") == []
    assert engine.ask("How long can I return a lamp?", **WHO).outcome == "miss"


def test_a_stream_that_is_abandoned_stores_nothing(engine: ChatEngine, stores: Stores, api: FakeOpenAi) -> None:
    """A caller who stops reading leaves neither an answer nor turns behind."""
    api.reply = lambda _: "one two three"
    api.then(Trouble("silence", after=1))  # an answer that is there as a whole is kept
    stream = engine.stream("How long can I return a lamp?", **WHO)
    assert next(stream) == "one"
    stream.close()  # type: ignore[attr-defined]
    assert engine.cache().stats().stored == 0
    assert stores.memory("ana").window("s1") == []


def test_calls_are_limited_for_each_user(make_engine: Callable[..., ChatEngine], api: FakeOpenAi) -> None:
    """The third call in a minute is refused with the time to wait; hits and other users are not."""
    engine = make_engine(calls_per_minute=2)
    for question in ("What is a lamp?", "What is a bulb?"):
        engine.ask(question, **WHO)
    with pytest.raises(RateLimited, match="2 answers a minute") as caught:
        engine.ask("What is a candle?", **WHO)
    assert 0 < caught.value.retry_after_s <= 60
    assert engine.ask("What is a lamp?", **WHO).outcome == "hit"
    assert engine.ask("What is a candle?", user="ben", session="x").outcome == "miss"


def test_the_limit_of_the_endpoint_surfaces(engine: ChatEngine, api: FakeOpenAi) -> None:
    """A 429 of the endpoint is RateLimited with its waiting time."""
    api.then(Trouble("status", status=429, headers={"retry-after": "30"}))
    with pytest.raises(RateLimited) as caught:
        engine.ask("What is a lamp?", **WHO)
    assert caught.value.retry_after_s == 30


@pytest.mark.parametrize("text", ["", "   \n", "x" * 1_000_000, "\ud800"])
def test_a_wrong_question_is_refused_at_once(engine: ChatEngine, api: FakeOpenAi, text: str) -> None:
    """Empty, blank, a megabyte or no Unicode: InvalidInput before anything is asked."""
    with pytest.raises(InvalidInput):
        engine.stream(text, **WHO)
    assert api.requests == []


@pytest.mark.parametrize("who", [{"user": "", "session": "s"}, {"user": "ana", "session": ""}])
def test_a_missing_name_is_refused(engine: ChatEngine, api: FakeOpenAi, who: dict[str, str]) -> None:
    """A user and a session have names."""
    with pytest.raises(InvalidInput):
        engine.ask("What is a lamp?", **who)
    assert api.requests == []


def test_of_many_who_ask_at_once_one_causes_a_call(engine: ChatEngine, api: FakeOpenAi) -> None:
    """Single flight: six users with one question at the same time cost one call and get one answer."""
    together = threading.Barrier(6)
    started = threading.Event()
    api.reply = lambda _: started.wait(0.3) or "Three days."  # type: ignore[func-returns-value]

    def ask(n: int) -> Answer:
        together.wait()
        return engine.ask("How long does standard delivery take?", user=f"u{n}", session="s")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    assert {answer.text for answer in answers} == {"Three days."}
    assert len(api.requests) == 1


def test_turns_are_published_as_events(make_engine: Callable[..., ChatEngine], stores: Stores) -> None:
    """Question and answer go to the port as events; the window has them at once, long-term memory only through it."""
    events: list[dict[str, Any]] = []
    engine = make_engine(publish=events.append)
    answer = engine.ask("How long can I return a lamp?", **WHO)
    assert [(e["type"], e["role"], e["text"]) for e in events] == [
        ("message", "user", "How long can I return a lamp?"),
        ("message", "assistant", answer.text),
    ]
    assert {(e["user"], e["session"]) for e in events} == {("ana", "s1")}
    assert [turn.text for turn in stores.memory("ana").window("s1")] == [e["text"] for e in events]
    assert stores.memory("ana").recall("lamp") == []


def test_a_turn_is_in_the_window_once(make_engine: Callable[..., ChatEngine], stores: Stores, clock: Clock) -> None:
    """The window and the event tell the same time, finer clocks notwithstanding: a turn never stands there twice."""
    clock.now += 0.0358865
    answer = make_engine(model="extractive").ask("How long can I return a lamp?", **WHO)
    assert [turn.text for turn in stores.memory("ana").window("s1")] == ["How long can I return a lamp?", answer.text]


def test_a_failing_publisher_is_a_warning(make_engine: Callable[..., ChatEngine]) -> None:
    """The answer is there already: that its turns are not remembered is said, not raised."""

    def down(event: dict[str, Any]) -> None:
        raise RedisUnavailable("the broker is down")

    answer = make_engine(publish=down).ask("What is a lamp?", **WHO)
    assert answer.warnings == ("this exchange is not remembered: the broker is down",)


def test_another_prompt_or_model_is_another_scope(make_engine: Callable[..., ChatEngine], api: FakeOpenAi) -> None:
    """Answers of one model or system prompt are never served as another's."""
    make_engine().ask("What is a lamp?", **WHO)
    for changed in ({"model": "other"}, {"system_prompt": "Be rude."}):
        assert make_engine(**changed).ask("What is a lamp?", **WHO).outcome == "miss"


def test_an_unreachable_redis_is_no_miss(make_engine: Callable[..., ChatEngine], settings: Settings) -> None:
    """An outage of Redis is RedisUnavailable, and the model is not asked."""
    gone = redis_py.Redis(port=1, retry=None)
    engine = ChatEngine(gone, llm=make_engine().llm, embedder=make_engine()._embedder, settings=settings)
    with pytest.raises(RedisUnavailable):
        engine.ask("What is a lamp?", **WHO)


def test_the_time_of_each_stage_is_told(engine: ChatEngine) -> None:
    """A miss names all its stages, in seconds that add up to at most the total; a hit none of the answerer's."""
    miss = engine.ask("How long can I return a lamp?", **WHO)
    hit = engine.ask("How long can I return a lamp?", **WHO)
    assert set(miss.timings) == {"understand", "embed", "lookup", "recall", "generate", "store", "total"}
    assert sum(s for stage, s in miss.timings.items() if stage != "total") <= miss.timings["total"]
    assert all(s >= 0 for s in miss.timings.values())
    assert "generate" not in hit.timings


def test_every_key_of_the_chat_is_declared(
    make_engine: Callable[..., ChatEngine], redis: redis_py.Redis, namespace: str
) -> None:
    """A chat leaves no key behind that the key table does not know."""
    make_engine(calls_per_minute=5).ask("Where is my lamp?", **WHO)
    assert keys.undeclared(key.decode() for key in redis.scan_iter("*")) == []


def test_asked_anew_the_cache_is_left_alone(engine: ChatEngine) -> None:
    """With `fresh` a stored answer is not served, and nothing is counted or stored."""
    engine.ask("How long can I return a lamp?", **WHO)
    before = engine.cache().stats()
    again = engine.ask("How long can I return a lamp?", **WHO, fresh=True)
    assert (again.outcome, again.reason, again.entry_id) == ("fresh", "asked for without the cache", None)
    assert again.text
    assert engine.cache().stats() == before
    assert engine.ask("How long can I return a lamp?", **WHO).outcome == "hit"
