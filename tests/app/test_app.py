"""open_app: what it builds, whom it closes, and what it says when Redis is not there."""

from __future__ import annotations

import threading

import pytest
import redis as redis_py

import semcache
from semcache.embed import CachedEmbedder
from semcache.errors import ConfigurationError, InvalidInput, RedisUnavailable
from semcache.llm import Completion, Llm, LlmRequest, Stream, complete
from semcache.settings import load_settings
from tests.waiting import wait_until


class Parrot(Llm):
    """The smallest language model a user can write."""

    name = "parrot"
    generative = False

    def __init__(self) -> None:
        self.closed = False

    def stream(self, request: LlmRequest) -> Stream:
        yield request.question
        return complete(request.question, request)

    def close(self) -> None:
        self.closed = True


def test_the_parts_work_together(redis_url: str, namespace: str, embedder: CachedEmbedder) -> None:
    """A document, a fact and two questions, through nothing but the App."""
    with semcache.open_app(redis_url=redis_url, namespace=namespace, embedder=embedder) as app:
        app.knowledge.upsert("returns", "You can return a lamp within 30 days of delivery.", title="Returns")
        app.memory(user="ana").append("s1", "user", "My dog is called Biscuit.")
        first = app.engine.ask("How long can I return a lamp?", user="ana", session="s1")
        again = app.engine.ask("How long can I return a lamp?", user="ben", session="s2")
        assert "30 days" in first.text
        assert (first.outcome, again.outcome) == ("miss", "hit")
        assert app.cache().stats().hits == 1
        assert app.cache(scope={"tenant": "acme"}).stats().hits == 0
        assert "Biscuit" in app.engine.ask("What is my dog called?", user="ana", session="s1").text


def test_an_override_is_a_setting(redis_url: str, namespace: str) -> None:
    """Keyword arguments reach the settings; an unknown one is an error that names it."""
    with semcache.open_app(redis_url=redis_url, namespace=namespace, cache_ttl_s=7) as app:
        assert app.settings.cache.ttl_s == 7
    with pytest.raises(ConfigurationError, match="nonsense"), semcache.open_app(nonsense=1):
        pass
    with pytest.raises(InvalidInput, match="not both"), semcache.open_app(load_settings(), redis_url=redis_url):
        pass


def test_another_budget_holds_from_the_next_question_on(
    redis_url: str, namespace: str, embedder: CachedEmbedder
) -> None:
    """Caches of the app and of its chat are held to the new budget; one that is out of range is refused."""
    with semcache.open_app(redis_url=redis_url, namespace=namespace, embedder=embedder) as app:
        assert {app.cache().max_error_rate, app.engine.cache().max_error_rate} == {0.02}
        app.allow(0.05)
        assert {app.cache().max_error_rate, app.engine.cache("ana").max_error_rate} == {0.05}
        with pytest.raises(InvalidInput):
            app.allow(0.7)


class Comparing(Llm):
    """A language model that takes all answers as equal, and notes what it was asked."""

    name = "comparing"
    generative = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    def stream(self, request: LlmRequest) -> Stream:
        self.asked.append(request.question)
        yield "1"
        return complete("1", request)


@pytest.mark.parametrize(("judge", "calls"), [("llm", 1), ("likeness", 0)])
def test_the_language_model_compares_answers_if_it_is_to(
    redis_url: str, namespace: str, embedder: CachedEmbedder, judge: str, calls: int
) -> None:
    """With cache.judge = llm a new answer is compared with its neighbours' by one call, behind the request."""
    llm = Comparing()
    with semcache.open_app(
        redis_url=redis_url, namespace=namespace, embedder=embedder, llm=llm, cache_judge=judge
    ) as app:
        cache = app.cache(scope={"tenant": "acme"})
        cache.store("How do I reset my password?", "Use the link.")
        missed = cache.lookup("How do I reset my router?")
        assert isinstance(missed, semcache.Miss)
        cache.store("How do I reset my router?", "Press the button for ten seconds.", miss=missed)
        assert app.runtime.flush(20)
        assert len(llm.asked) == calls
        assert cache.learning().labels == 1


def test_an_unreachable_redis_says_how_to_start_one() -> None:
    """RedisUnavailable names the address, without its password, and the command that starts a Redis."""
    with (
        pytest.raises(RedisUnavailable, match=r"127\.0\.0\.1:1/0.*semcache up") as caught,
        semcache.open_app(redis_url="redis://user:secret@127.0.0.1:1/0"),
    ):
        pass
    assert "secret" not in str(caught.value)


def test_what_is_passed_in_stays_open(redis: redis_py.Redis, namespace: str) -> None:
    """A client and a model of the caller's are used and left open."""
    parrot = Parrot()
    with semcache.open_app(namespace=namespace, client=redis, llm=parrot) as app:
        assert app.engine.ask("What is a lamp?", user="ana", session="s1").text == "What is a lamp?"
    assert redis.ping()
    assert not parrot.closed


def test_what_is_opened_is_closed(redis_url: str, redis: redis_py.Redis, namespace: str) -> None:
    """The connections and the sweeping thread end with the App, even if the block raises."""

    def sweepers() -> int:
        return sum(thread.name == "semcache-sweeper" for thread in threading.enumerate())

    before = sweepers()
    opened = semcache.open_app(redis_url=redis_url, namespace=namespace)
    connection = opened.__enter__().redis.client_id()
    assert sweepers() == before + 1
    failed = KeyError()
    assert not opened.__exit__(KeyError, failed, None)
    assert sweepers() == before
    wait_until("the connection is closed", lambda: str(connection) not in {c["id"] for c in redis.client_list()})


def test_a_users_own_model_needs_three_members(redis: redis_py.Redis, namespace: str) -> None:
    """A model is a name, whether it is generative, and a stream that ends with its Completion."""
    completion = Parrot().answer(LlmRequest("Polly?"))
    assert isinstance(completion, Completion)
    assert completion.usage.estimated


def test_names_load_on_first_use() -> None:
    """The package offers its names without having imported their modules."""
    for name in ("open_app", "App", "ChatEngine", "Answer"):
        assert getattr(semcache, name).__name__ == name


def test_closing_waits_for_what_is_being_learned(redis_url: str, namespace: str, embedder: CachedEmbedder) -> None:
    """A lesson that is under way when the application closes still finds its connection."""
    begun = threading.Event()
    learned: list[bool] = []
    with semcache.open_app(redis_url=redis_url, namespace=namespace, embedder=embedder) as app:
        late = threading.Timer(0.3, begun.set)
        app.runtime.lessons.submit(lambda: learned.append(begun.wait(5) and bool(app.redis.ping())))
        late.start()
    assert learned == [True]
