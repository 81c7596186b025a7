"""What holds for every key: it is declared, of its declared type, and lives as long as declared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redis import Redis

from semcache.store import keys
from semcache.store.checks.finding import Finding, Known
from semcache.store.checks.reading import ask
from semcache.store.sealing import is_sealed

TYPES = {"sorted set": "zset", "vector set": "vectorset"}
ALWAYS = ("permanent", "with its document")
NEVER = ("session TTL", "lease, seconds", "a minute", "redis.embedding_cache_ttl_s", keys.IDLE)
# Keys of any other lifetime live as long as their entries, for ever if these do: the checks of the cache tell.


def check(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """Undeclared keys, other types, and lifetimes that are not the declared ones."""
    replies = ask(redis, [command for key in found for command in (("TYPE", key.name), ("PTTL", key.name))])
    for key, type_, ttl_ms in zip(found, replies[::2], replies[1::2], strict=True):
        if ttl_ms == -2:
            continue  # gone since it was listed
        if key.kind is None:
            yield Finding(key.name, "no kind of key is declared like this", f"DEL {key.name}, if nothing of yours")
        elif type_.decode() != TYPES.get(key.kind.type, key.kind.type):
            wrong = f"it is a {type_.decode()}, a {key.kind.name} is a {key.kind.type}"
            yield Finding(key.name, wrong, f"DEL {key.name}, and write again what it held")
        else:
            yield from _lifetime(key.name, key.kind, ttl_ms)


def unsealed(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """Turns, and claims read in them, that nobody sealed, where sealing is on."""
    turns = [key for key in found if key.kind is keys.TURN]
    for key, text in zip(turns, ask(redis, [("HGET", key.name, "text") for key in turns]), strict=True):
        if isinstance(text, bytes) and not is_sealed(text.decode("utf-8", "replace")):
            yield Finding(key.name, "the turn is not sealed, though sealing is on", "`semcache seal rotate`")
    claims = [key for key in found if key.kind in (keys.CLAIMS, keys.READINGS)]
    for key, stored in zip(claims, ask(redis, [("HGETALL", key.name) for key in claims]), strict=True):
        forms = (form for turn, form in stored.items() if turn not in (b"revision", b"generation"))
        if not all(is_sealed(form.decode("utf-8", "replace")) for form in forms):
            yield Finding(key.name, "claims are not sealed, though sealing is on", "`semcache seal rotate`")


def _lifetime(name: str, kind: keys.KeyKind, ttl_ms: int) -> Iterator[Finding]:
    if kind.lifetime in ALWAYS and ttl_ms >= 0:
        yield Finding(name, f"it will vanish, though a {kind.name} has no lifetime of its own", f"PERSIST {name}")
    if kind.lifetime in NEVER and ttl_ms < 0:
        wrong = f"it will stay for ever, though a {kind.name} lives only for a while ({kind.lifetime})"
        yield Finding(name, wrong, f"EXPIRE {name} 86400")
