"""Key rings for tests, and everything that is in Redis as bytes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from semcache.embed import CachedEmbedder
from semcache.memory import AgentMemory
from semcache.store.sealing.protocol import FORMER_MARK
from semcache.store.sealing.ring import KeyRing, _bound, _derived
from tests.conftest import Clock

MakeRing = Callable[..., KeyRing]


def secret(name: str) -> bytes:
    """32 bytes, always the same for a name."""
    return hashlib.sha256(name.encode()).digest()


def ring(*ids: str, active: str | None = None, words: str = "words", accept_plain: bool = False) -> KeyRing:
    """A ring of keys by id; the last one is active unless told otherwise."""
    chosen = ids[-1] if active is None else active
    return KeyRing({id: secret(id) for id in ids}, active=chosen, words=secret(words), accept_plain=accept_plain)


class FormerRing(KeyRing):
    """Seals as format 1 did: AES-256-GCM under a nonce that is an HMAC of place and text."""

    def seal(self, text: str, place: str) -> str:
        key = self._active
        assert key is not None
        said, nonces = text.encode(), _derived(secret(key.id), "nonce")
        header = f"{FORMER_MARK}{key.id}:{key.check}{self._words_check}:"
        bound = _bound(header, place)
        nonce = hmac.digest(nonces, len(bound).to_bytes(8, "big") + bound + said, "sha256")[:12]
        return header + base64.urlsafe_b64encode(nonce + key.former.encrypt(nonce, said, bound)).decode()


def former_ring(*ids: str) -> FormerRing:
    """A ring of which the last key is active, as it was before format 2."""
    return FormerRing({id: secret(id) for id in ids}, active=ids[-1], words=secret("words"))


def everything(redis: Redis, namespace: str) -> Iterator[bytes]:
    """Every key of a namespace, and every value, field, member and attribute in it."""
    for key in redis.scan_iter(match=f"sc:*{namespace}*", count=1_000):
        yield key
        kind = redis.type(key)
        if kind == b"hash":
            for field, value in redis.hgetall(key).items():
                yield from (field, value)
        elif kind == b"zset":
            yield from redis.zrange(key, 0, -1)
        elif kind == b"set":
            yield from redis.smembers(key)
        elif kind == b"list":
            yield from redis.lrange(key, 0, -1)
        elif kind == b"vectorset":
            for member in redis.execute_command("VRANDMEMBER", key, 10_000):
                yield member
                yield redis.execute_command("VGETATTR", key, member) or b""
        else:
            yield redis.get(key) or b""


@pytest.fixture
def open_memory(redis: Redis, embedder: CachedEmbedder, namespace: str, clock: Clock) -> Callable[..., AgentMemory]:
    """Opens a user's memory with a sealer: `open_memory(ring("k1"), user="ann")`."""

    def open_(sealer: object, *, user: str = "ann", namespace: str = namespace) -> AgentMemory:
        return AgentMemory(
            redis,
            user=user,
            embedder=embedder,
            namespace=namespace,
            sealer=sealer,
            clock=clock,  # type: ignore[arg-type]
        )

    return open_
