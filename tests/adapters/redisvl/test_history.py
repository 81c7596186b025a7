"""redisvl's message histories by another import."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from redisvl.query.filter import Tag
from redisvl.utils.vectorize import CustomVectorizer

from semcache.adapters.redisvl import MessageHistory, SemanticCache, SemanticMessageHistory
from semcache.store.clients.client import Client
from tests.adapters.commands import commands_of

PAIRS = [(f"prompt {n}", f"response {n}") for n in range(5)]
SHOWN = [
    message
    for prompt, response in PAIRS
    for message in ({"role": "user", "content": prompt}, {"role": "llm", "content": response})
]
TOOL = {"role": "tool", "content": "tool result", "tool_call_id": "call one", "metadata": {"a": [1]}}


@pytest.fixture
def plain(redis_url: str, namespace: str) -> Iterator[MessageHistory]:
    history = MessageHistory(namespace, redis_url=redis_url)
    yield history
    history.delete()


@pytest.fixture
def semantic(redis_url: str, namespace: str, vectorizer: CustomVectorizer) -> Iterator[SemanticMessageHistory]:
    history = SemanticMessageHistory(namespace, redis_url=redis_url, vectorizer=vectorizer)
    yield history
    history.delete()


@pytest.fixture(params=["plain", "semantic"])
def history(request: pytest.FixtureRequest) -> MessageHistory:
    found: MessageHistory = request.getfixturevalue(request.param)
    return found


def fill(history: MessageHistory) -> None:
    for prompt, response in PAIRS:
        history.store(prompt, response)


def test_messages_in_order(history: MessageHistory) -> None:
    """All of them, the last five, as many as wanted, as texts, and none."""
    assert history.get_recent() == []
    fill(history)
    assert history.messages == SHOWN == history.get_recent(top_k=100)
    assert history.get_recent() == SHOWN[-5:]
    assert history.get_recent(top_k=3, as_text=True) == [message["content"] for message in SHOWN[-3:]]
    assert history.get_recent(top_k=0) == []
    assert history.count() == 10


def test_what_a_message_has_comes_back(history: MessageHistory) -> None:
    """The id of a call and metadata; raw, what is stored beside."""
    history.add_message(TOOL)
    assert history.messages == [TOOL]
    [raw] = history.get_recent(raw=True)
    assert raw["entry_id"].startswith(raw["session_tag"])
    assert raw["timestamp"] > 0


def test_sessions_are_apart(history: MessageHistory) -> None:
    """Each has its messages; another object of the same name sees them by the tag."""
    history.store("mine", "yes")
    history.store("theirs", "no", session_tag="def:1")
    assert history.get_recent(session_tag="def:1", as_text=True) == ["theirs", "no"]
    assert history.get_recent(as_text=True) == ["mine", "yes"]
    assert history.get_recent(session_tag="xyz") == []
    assert history.count("def:1") == 2


def test_roles_choose(history: MessageHistory) -> None:
    """One, several, no unknown one; the last of those that are wanted."""
    fill(history)
    history.add_message(TOOL)
    assert history.get_recent(top_k=2, role="user", as_text=True) == ["prompt 3", "prompt 4"]
    assert history.get_recent(top_k=2, role=["tool", "user"], as_text=True) == ["prompt 4", "tool result"]
    for wrong in ("nobody", [], ["user", "nobody"], 3):
        with pytest.raises(ValueError, match="role"):
            history.get_recent(role=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("top_k", [-2, -2.0, 1.3, "3", True])
def test_counts_are_checked(history: MessageHistory, top_k: object) -> None:
    """Only whole numbers from 0."""
    with pytest.raises(ValueError, match="top_k"):
        history.get_recent(top_k=top_k)  # type: ignore[arg-type]


def test_messages_are_dropped(history: MessageHistory) -> None:
    """The last one, or the one with the id, of whichever session."""
    fill(history)
    history.drop()
    assert history.get_recent(top_k=2) == SHOWN[-3:-1]
    history.drop(history.get_recent(top_k=10, raw=True)[3]["entry_id"])
    assert history.messages == SHOWN[:3] + SHOWN[4:9]
    history.add_message(TOOL, session_tag="a:b")
    history.drop(history.get_recent(session_tag="a:b", raw=True)[0]["entry_id"])
    assert history.count("a:b") == 0


def test_clear_removes_all_sessions(history: MessageHistory, redis: Client, namespace: str) -> None:
    """And leaves no key but what it was opened with."""
    fill(history)
    history.store("a", "b", session_tag="other")
    history.clear()
    assert history.messages == history.get_recent(session_tag="other") == []
    history.delete()
    assert list(redis.scan_iter(f"*{namespace}*")) == []


def test_sessions_end(redis_url: str, namespace: str, redis: Client) -> None:
    """With a ttl, so long after their last message."""
    history = MessageHistory(namespace, "s", redis_url=redis_url, ttl=500)
    history.store("a", "b")
    assert all(0 < redis.ttl(key) <= 500 for key in redis.scan_iter(f"*{namespace}*items:*"))
    history.clear()


def test_core_commands_only(
    semantic: SemanticMessageHistory, opened: Callable[..., SemanticCache], redis: Client
) -> None:
    """Of a cache with filters and of a history: no search module is asked."""

    def use() -> None:
        cache = opened(filterable_fields=[{"name": "label", "type": "tag"}], ttl=9)
        key = cache.store("a question", "an answer", filters={"label": "a"})
        assert cache.check("a question", filter_expression=Tag("label") == "a")
        cache.update(key, response="another")
        cache.drop(keys=[key])
        semantic.store("a", "b")
        semantic.get_relevant("a")

    assert not {name for name in commands_of(redis, use) if "." in name}


def test_relevant_messages(semantic: SemanticMessageHistory) -> None:
    """Those near to a prompt, of the session and the roles; with fall_back the last ones if there are none."""
    semantic.store("What is a good fruit for breakfast?", "An apple.")
    semantic.store("Where can I park my car?", "Behind the house.")
    semantic.store("What is a good fruit for breakfast?", "A pear.", session_tag="other")
    asked = "Which fruit is good for breakfast?"
    [near] = semantic.get_relevant(asked, top_k=1)
    assert near == {"role": "user", "content": "What is a good fruit for breakfast?"}
    assert semantic.get_relevant(asked, as_text=True, role="user", distance_threshold=0.2) == [near["content"]]
    assert semantic.get_relevant(asked, raw=True)[0]["vector_distance"] < 0.3
    assert semantic.get_relevant("Who wrote Hamlet?", distance_threshold=0.05) == []
    recent = semantic.get_relevant("Who wrote Hamlet?", distance_threshold=0.05, fall_back=True, top_k=2, as_text=True)
    assert recent == ["Where can I park my car?", "Behind the house."]
    semantic.drop(semantic.get_relevant(asked, raw=True, top_k=1)[0]["entry_id"])
    assert near not in semantic.get_relevant(asked)
    with pytest.raises(ValueError, match="Distance"):
        semantic.set_distance_threshold(3)
