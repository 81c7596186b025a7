"""What the server keeps for one user goes when that user is erased: by whichever name, and nothing of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest

from semcache.cache.scopes.erasure import erase_answers_of
from semcache.memory import AgentMemory
from semcache.store import keys
from semcache.store.adopted import erase_adopted
from semcache.store.clients.client import Client
from semcache.store.verbatim import VerbatimAnswers
from tests.server.conftest import Served
from tests.server.test_openai import QUESTION, ask, client_of


@pytest.mark.parametrize("name", ["ada", "alice/ada"])
def test_verbatim_answers_of_a_user_are_erased(
    serve: Callable[..., Served], embedder: Any, namespace: str, name: str
) -> None:
    """Under the name that the tenant uses, and under that of the server; another user's answer is still there."""
    served = serve(end_user_scope=True)
    client = client_of(served)
    for user in ("ada", "ben"):
        assert [ask(client, user=user, seed=7)[0] for _ in range(2)] == ["miss", "hit"]
    receipt = AgentMemory(served.redis_url, user=name, embedder=embedder, namespace=namespace).erase()
    assert receipt.derived == {"served answers": 1}
    assert ask(client, user="ada", seed=7)[0] == "miss"
    assert ask(client, user="ben", seed=7)[0] == "hit"


def test_conversations_behind_served_responses_are_erased(served: Served) -> None:
    """With the memory of the key's user; then they are neither read nor continued."""
    client = client_of(served)
    for _ in range(2):
        response = client.responses.create(model="m", input=QUESTION)
    bobs = client_of(served, "key-of-bob")
    for _ in range(2):
        other = bobs.responses.create(model="m", input=QUESTION)
    assert response.id.startswith("resp_sc_")
    headers = {"authorization": "Bearer key-of-alice"}
    receipt = httpx2.post(f"{served.url}/v1/memory/erase", json={"confirm": True}, headers=headers).json()
    assert receipt["derived"]["served answers"] == 1
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(response.id)
    with pytest.raises(openai.BadRequestError):
        client.responses.create(model="m", input="And on a Mac?", previous_response_id=response.id)
    assert bobs.responses.retrieve(other.id).id == other.id


@pytest.mark.parametrize("name", ["ada", "alice/ada"])
def test_personal_answers_by_meaning_are_erased(served: Served, redis: Client, namespace: str, name: str) -> None:
    """They are in a scope of their user, which goes whole."""
    client, mine = client_of(served), "What is my favourite colour?"
    assert [ask(client, mine, user="ada")[0] for _ in range(2)] == ["miss", "hit"]
    assert ask(client, mine, user="ben")[0] == "miss"
    assert erase_answers_of(redis, namespace, name) == 1
    assert ask(client, mine, user="ada")[0] == "miss"
    assert ask(client, mine, user="ben")[0] == "hit"


def test_what_is_written_while_its_user_is_erased_is_not_kept(redis: Client, namespace: str) -> None:
    """The erasure comes between the note and the answer."""
    answers = VerbatimAnswers(redis, namespace, "acme", ttl_s=60)

    class Interrupted:
        def __getattr__(self, name: str) -> Any:
            if name == "set":
                erase_adopted(redis, namespace, "ada")
            return getattr(redis, name)

    answers._redis = Interrupted()  # type: ignore[assignment]
    answers.put("d1", {"text": "x"}, users=["ada"])
    assert answers.get(["d1"]) == [None]
    answers.put("d2", {"text": "x"}, users=[])
    assert answers.get(["d2"]) == [{"text": "x"}]


def test_notes_live_as_long_as_what_they_name(redis: Client, namespace: str) -> None:
    """What has expired is no longer noted, and without a lifetime the notes have none either."""
    noted = keys.USER_SERVED.build(namespace=namespace, user="ada")
    VerbatimAnswers(redis, namespace, "acme", ttl_s=60).put("d1", {}, users=["ada"], ttl_s=5)
    assert 0 < redis.ttl(noted) <= 60
    redis.zadd(noted, {"long gone": 1.0})
    VerbatimAnswers(redis, namespace, "acme", ttl_s=60).put("d2", {}, users=["ada"])
    assert redis.zcard(noted) == 2
    noted = keys.USER_SERVED.build(namespace=namespace, user="ben")
    VerbatimAnswers(redis, namespace, "acme", ttl_s=None).put("d1", {}, users=["ben"], ttl_s=5)
    assert redis.ttl(noted) == -1
