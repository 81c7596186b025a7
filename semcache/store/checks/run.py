"""The run over all keys: SCAN, check a page by kinds, and look again at what seems wrong before saying so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from redis import Redis

from semcache.store import keys
from semcache.store.checks import cache, general, knowledge, memory
from semcache.store.checks.finding import Finding, Known, read_key
from semcache.store.clients.client import scan_pages
from semcache.store.connect import guarded
from semcache.store.pages import hash_names

Check = Callable[[Redis, Sequence[Known]], Iterator[Finding]]

_PAGE = 1_000
_LOOKS = 3
_PAUSE_S = 0.05  # between two looks: every write under way is done by then


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks of every key, and those of each kind."""

    everywhere: Sequence[Check]
    by_kind: Mapping[keys.KeyKind, Check]


def check_data(
    redis: Redis,
    namespace: str | None = None,
    *,
    sealed: bool = False,
    advance: Callable[[int], object] = lambda keys: None,
) -> list[Finding]:
    """What is wrong in a namespace, or in all of semcache's keys; sorted by key. Changes nothing.

    Writers may run: each change of theirs is atomic, so what seems wrong because it was read in the middle of one is
    right at the next look; only what is wrong at every look is reported. `sealed`: a turn that is not sealed is wrong
    too. `advance` is told of keys looked at.

    Raises:
        RedisUnavailable: as every command.
    """
    ours, checks = _owner(redis, namespace), _checks(redis, sealed=sealed)
    findings: list[Finding] = []
    for page in _pages(redis):
        found = [known for known in map(read_key, page) if ours(known)]
        findings += _confirmed(redis, checks, found)
        advance(len(page))
    return sorted(set(findings))


def _checks(redis: Redis, *, sealed: bool) -> Checks:
    """What every key has to pass, then what each kind has to."""
    everywhere = (general.check, general.unsealed) if sealed else (general.check,)
    return Checks(everywhere, {**memory.CHECKS, **knowledge.CHECKS, **cache.Homes(redis).checks()})


def count_keys(redis: Redis) -> int:
    """How many keys a run looks at, at most."""
    with guarded():
        return int(redis.dbsize())


def _pages(redis: Redis) -> Iterator[list[str]]:
    with guarded():
        for names in scan_pages(redis, f"{keys.PREFIX}:*", count=_PAGE):
            yield [name.decode("utf-8", "replace") for name in names]


def _owner(redis: Redis, namespace: str | None) -> Callable[[Known], bool]:
    """Whether a key belongs to the namespace: by its tag, or, of a cache scope, by the catalogue."""
    if namespace is None:
        return lambda known: True
    escaped = keys.escape(namespace)
    tags = tuple(f"{keys.PREFIX}:{{{tag}:{escaped}" for tag in ("m", "k", "cs", "g", "gs", "gi"))
    with guarded():
        scopes = hash_names(redis, keys.CACHE_SCOPES.build(namespace=namespace))
    own = {f"{keys.PREFIX}:{{c:{keys.escape(scope.decode())}}}" for scope in scopes}

    def ours(known: Known) -> bool:
        return known.tag in own or any(known.name.startswith((f"{tag}:", f"{tag}}}")) for tag in tags)

    return ours


def _look(redis: Redis, checks: Checks, found: Sequence[Known]) -> Iterator[Finding]:
    for check in checks.everywhere:
        yield from check(redis, found)
    kinds: dict[keys.KeyKind, list[Known]] = {}
    for known in found:
        if known.kind is not None and known.kind in checks.by_kind:
            kinds.setdefault(known.kind, []).append(known)
    for kind, those in kinds.items():
        yield from checks.by_kind[kind](redis, _of_type(redis, kind, those))


def _of_type(redis: Redis, kind: keys.KeyKind, found: Sequence[Known]) -> list[Known]:
    """Those whose value can be read as the kind says; the others are findings of the general check."""
    expected = general.TYPES.get(kind.type, kind.type).encode()
    with guarded(), redis.pipeline(transaction=False) as pipe:
        for known in found:
            pipe.type(known.name)
        return [known for known, type_ in zip(found, pipe.execute(), strict=True) if type_ == expected]


def _confirmed(redis: Redis, checks: Checks, found: Sequence[Known]) -> list[Finding]:
    """What is wrong with these keys each time that they are looked at."""
    suspected = set(_look(redis, checks, found))
    for _ in range(_LOOKS - 1):
        if not suspected:
            return []
        threading.Event().wait(_PAUSE_S)
        again = [read_key(name) for name in sorted({finding.key for finding in suspected})]
        suspected &= set(_look(redis, checks, again))
    return sorted(suspected)
