"""Work that an answer does not wait for: it is done behind it, or not again, and nobody can tell."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from semcache.errors import RedisUnavailable
from semcache.questions import Classified, classify
from semcache.server.behind import Behind
from semcache.server.proxy.asking import Asking
from tests.server.conftest import Served
from tests.server.test_openai import QUESTION, ask, client_of
from tests.waiting import wait_until

Answer = tuple[str, str]


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Nothing is stored before it is set."""
    go_on, keep = threading.Event(), Asking.keep

    def late(self: Asking, answer: Any) -> None:
        assert go_on.wait(60)
        keep(self, answer)

    monkeypatch.setattr(Asking, "keep", late)
    return go_on


def later(call: Callable[[], Answer]) -> Future[Answer]:
    return ThreadPoolExecutor(1).submit(call)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_does_not_wait_until_it_is_stored(served: Served, held: threading.Event, stream: bool) -> None:
    """It is there first; who asks the same then waits for what is being stored, and is served."""
    client = client_of(served)
    if stream:
        messages: Any = [{"role": "user", "content": QUESTION}]
        list(client.chat.completions.create(model="m", messages=messages, stream=True))
    else:
        assert ask(client) == ("miss", "answer 1")
    again = later(lambda: ask(client, f" {QUESTION}\n"))
    assert ask(client, "How do I paint a fence?")[0] == "miss", "another question does not wait"
    assert not again.done()
    held.set()
    assert again.result(60)[0] == "hit"


@pytest.mark.parametrize(
    ("question", "more"),
    [
        ("What is my favourite colour?", {"user": "ada"}),
        (QUESTION, {"extra_headers": {"x-semcache-tags": "manual"}}),
    ],
)
def test_what_can_be_taken_back_is_stored_first(
    served: Served, held: threading.Event, question: str, more: dict[str, Any]
) -> None:
    """Right behind its answer comes the erasure of a user, or the invalidation of a tag: neither may be too early."""
    answer = later(lambda: ask(client_of(served), question, **more))
    wait_until("the upstream is asked", lambda: bool(served.upstream.bodies))
    with pytest.raises(TimeoutError):
        answer.result(0.3)
    held.set()
    assert answer.result(60)[0] == "miss"


def test_the_end_waits_for_what_is_under_way(caplog: pytest.LogCaptureFixture) -> None:
    """Also for what goes wrong, which is logged."""

    async def end() -> list[str]:
        behind, go_on, done = Behind(), asyncio.Event(), list[str]()

        async def work(name: str) -> None:
            await go_on.wait()
            done.append(name)
            raise RedisUnavailable("gone")

        for name in ("a", "b"):
            behind.start(name, work(name))
        await behind.over("c")
        ending = asyncio.create_task(behind.close())
        await asyncio.sleep(0)
        assert not ending.done()
        go_on.set()
        await ending
        await behind.over("a")
        return done

    assert asyncio.run(end()) == ["a", "b"]
    assert caplog.text.count("not stored: gone") == 2


def test_what_is_asked_again_is_not_classified_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it is so long that it would fill the memory."""
    found = list[str]()

    def counted(question: str, **options: Any) -> Classified:
        found.append(question)
        return classify(question, **options)

    monkeypatch.setattr("semcache.questions.remembering.classify", counted)
    client, long = client_of(served), QUESTION + " Tell me in short words." * 100
    assert [ask(client)[0] for _ in range(3)] == ["miss", "hit", "hit"]
    assert found == [QUESTION]
    for _ in range(2):
        ask(client, long)
    assert found == [QUESTION, long, long]
