"""Leases: one holder at a time, and no waiting for oneself."""

from __future__ import annotations

from typing import Any

import pytest
import redis as redis_py
from redis.connection import AbstractConnection

from semcache.store.connect import connect
from semcache.store.lease import Lease


def test_one_holds_it_until_it_is_given_up(redis: redis_py.Redis, namespace: str) -> None:
    """A second holder gets it after the first has released it, and not before."""
    key = f"sc:{{c:{namespace}}}:fit"
    first, second = (Lease(redis, key, lease_s=30) for _ in range(2))
    assert first.acquire()
    assert not second.acquire()
    assert first.acquire(), "it is ours already"
    assert first.release()
    assert second.acquire()
    assert not first.renew()


def test_it_can_be_told_that_somebody_held_it(redis: redis_py.Redis, namespace: str) -> None:
    """For a while after the release, by whoever takes it then; nobody holds it meanwhile, and one takes it."""
    key = f"sc:{{c:{namespace}}}:fit"
    first, second, third = (Lease(redis, key, lease_s=30, mark_s=20) for _ in range(3))
    assert first.acquire()
    assert first.undisturbed
    assert first.release()
    assert not first.release()
    assert 0 < redis.pttl(key) <= 20_000
    assert not second.held()
    assert second.acquire()
    assert not second.undisturbed
    assert second.held()
    assert 20_000 < redis.pttl(key) <= 30_000
    assert not third.acquire()
    assert not third.undisturbed
    redis.delete(key)
    assert third.acquire()
    assert not third.undisturbed, "it was seen to be held before"


def test_a_command_whose_reply_is_lost_does_not_make_us_wait_for_ourselves(
    redis: redis_py.Redis, redis_url: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection ends after Redis has given us the lease; sent again, the command finds it ours."""
    key = f"sc:{{c:{namespace}}}:fit"
    client = connect(redis_url)
    client.ping()
    sent: list[str] = []
    send = AbstractConnection.send_command

    def lose_the_first_reply(connection: Any, *args: Any, **options: Any) -> None:
        send(connection, *args, **options)
        if args[0] == "SET" and args[1] == key:
            sent.append(key)
            if len(sent) == 1:
                connection.read_response()
                connection.disconnect()
                raise redis_py.ConnectionError("Connection closed by server.")

    monkeypatch.setattr(AbstractConnection, "send_command", lose_the_first_reply)
    lease = Lease(client, key, lease_s=30)
    assert lease.acquire()
    assert len(sent) == 2
    assert not Lease(redis, key, lease_s=30).acquire()
    client.close()
