"""Checks of the Redis and the Kafka that the settings name."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import ResponseError

from semcache.devstack import kafka as kafka_server
from semcache.devstack import state
from semcache.devstack.doctor.finding import Finding, ok, problem, warning
from semcache.devstack.doctor.redundancy import redundancy
from semcache.devstack.redis import SINGLE_THREADED, SINGLE_THREADED_SINCE, Version, has_vrem_race
from semcache.errors import MissingExtra, RedisUnavailable, SemcacheError
from semcache.questions.languages import asked_in
from semcache.settings import KafkaSettings, RedisSettings, Settings
from semcache.settings.section import redacted
from semcache.store import keys
from semcache.store.clients.client import every_server, is_cluster
from semcache.store.connect import connect, dotted, guarded
from semcache.store.outbox import Outbox
from semcache.store.server import Server, inspect_server

CHECK_TIMEOUT_S = 3.0
UP = "semcache up"
OUTBOX_S = 30.0
FEW_QUESTIONS = 10  # of fewer nothing is said
_PROBE_MS = 10_000
_REFUSALS = {
    "out of memory": "raise maxmemory (CONFIG SET maxmemory ...), or remove what nobody needs",
    "read-only": "let SEMCACHE_REDIS_URL name the primary, not a replica",
    "NOREPLICAS": "bring its replicas back, or CONFIG SET min-replicas-to-write 0",
    "MISCONF": "Redis cannot write to its disk: make room, or mend the directory that CONFIG GET dir names",
    "lacks a permission": "grant it: docs/security.md has the line of ACL SETUSER",
}


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """What a Redis says about itself."""

    version: Version
    vector_sets: bool
    single_threaded_vsim: bool
    maxmemory: int
    eviction: str
    persistence: bool
    product: str = "Redis"


def redis(settings: Settings) -> list[Finding]:
    """Reachable, new enough, with vector sets, safe, taking writes, and not forgetting what is put into it."""
    url = settings.redis.url
    try:
        found = every_redis(url)
        several = redundancy(url, settings, timeout_s=CHECK_TIMEOUT_S)
    except RedisUnavailable:
        return [_unreachable("redis", redacted(url), RedisSettings().url, settings)]
    except SemcacheError as error:
        return [problem("redis", str(error), "mend SEMCACHE_REDIS_URL")]
    return [*judge_every(found, redacted(url)), *several, *refused_writes(url), *outbox(settings), *languages(settings)]


def every_redis(url: str) -> dict[str, RedisFacts | None]:
    """The facts of each server by its address, None of one that does not answer; '' is the address of a single one.

    Raises:
        RedisUnavailable, ConfigurationError: as `semcache.store.connect.guarded`.
    """
    with connect(url, timeout_s=CHECK_TIMEOUT_S) as client:
        if not is_cluster(client):
            return {"": redis_facts(client)}
        with guarded():
            servers = every_server(client)
        return {address: _facts_or_none(server) for address, server in servers.items()}


def _facts_or_none(client: Redis) -> RedisFacts | None:
    try:
        return redis_facts(client)
    except RedisUnavailable:
        return None


@guarded()
def redis_facts(client: Redis) -> RedisFacts:
    """Asks the server.

    Raises:
        RedisUnavailable, ConfigurationError: as `semcache.store.connect.guarded`.
    """
    info, server = client.info(), inspect_server(client)
    return RedisFacts(
        version=server.version,
        vector_sets=server.vector_sets,
        single_threaded_vsim=_config(client, SINGLE_THREADED) == "yes",
        maxmemory=int(info.get("maxmemory", 0)),
        eviction=str(info.get("maxmemory_policy", "noeviction")),
        persistence=bool(info.get("aof_enabled")) or bool(_config(client, "save")),
        product=server.product,
    )


def judge_every(found: Mapping[str, RedisFacts | None], url: str) -> list[Finding]:
    """What the facts of one or several servers mean: of several alike, one line."""
    judged = [
        finding
        for address, facts in found.items()
        for finding in (judge_redis(facts, address or url) if facts else [_silent(address)])
    ]
    if len(found) == 1 or any(finding.level != "ok" for finding in judged if finding.check == "redis"):
        return judged
    versions = ", ".join(sorted({dotted(facts.version) for facts in found.values() if facts}))
    fine = ok("redis", f"{len(found)} servers of a cluster with vector sets, Redis {versions}, at {url}")
    return [fine, *(finding for finding in judged if finding.check != "redis")]


def _silent(address: str) -> Finding:
    return problem("redis", f"the server {address} of the cluster does not answer", "start it, or CLUSTER FORGET it")


def refused_writes(url: str) -> list[Finding]:
    """Writes a key and deletes it; why that fails, if it does. A crash in between leaves it for some seconds."""
    probe = keys.PROBE.build(probe=secrets.token_hex(8))
    try:
        with connect(url, timeout_s=CHECK_TIMEOUT_S) as client, guarded():
            client.set(probe, "doctor", px=_PROBE_MS)
            client.delete(probe)
    except (SemcacheError, ResponseError) as error:
        return [problem("redis writes", f"Redis takes no writes: {error}", _mend_writes(str(error)))]
    return []


def _mend_writes(why: str) -> str:
    return next((mend for sign, mend in _REFUSALS.items() if sign in why), "look into the log of Redis")


def outbox(settings: Settings) -> list[Finding]:
    """What was said in the chat and Kafka has not taken for a while."""
    try:
        with connect(settings.redis.url, timeout_s=CHECK_TIMEOUT_S) as client:
            waits = Outbox(client, namespace=settings.namespace, max_bytes=settings.kafka.outbox_max_bytes).status()
    except (SemcacheError, ResponseError):
        return []  # what is wrong with Redis is told by then
    if waits.events and waits.oldest_s > OUTBOX_S:
        detail = f"{waits.events:,} events of the chat wait for Kafka, the oldest for {waits.oldest_s:,.0f} s"
        return [warning("outbox", detail, "start Kafka; then the app or `semcache-ingest run` sends them")]
    return []


def languages(settings: Settings, *, clock: Callable[[], float] = time.time) -> list[Finding]:
    """Whether most of what was asked since yesterday is in a language that the embedding model does not read."""
    try:
        with connect(settings.redis.url, timeout_s=CHECK_TIMEOUT_S) as client:
            asked = asked_in(client, settings.namespace, clock())
    except (SemcacheError, ResponseError):
        return []
    foreign = Counter({language: number for language, number in asked.items() if language != "en"})
    if asked.total() < FEW_QUESTIONS or 2 * foreign.total() <= asked.total():
        return []
    told = ", ".join(f"{language} {number}" for language, number in foreign.most_common(5))
    detail = (
        f"{foreign.total()} of {asked.total()} questions since yesterday were not in English ({told}), and the "
        "embedding model reads no other language: their answers are not shared by meaning"
    )
    return [warning("languages", detail, "set SEMCACHE_EMBED_MODEL to a multilingual model: docs/concepts.md")]


def _config(client: Redis, name: str) -> str:
    """A configuration value; empty if it is unknown or the user may not ask."""
    try:
        return str(client.config_get(name).get(name, ""))
    except ResponseError:
        return ""


def judge_redis(facts: RedisFacts, url: str) -> list[Finding]:
    """What these facts mean."""
    version = dotted(facts.version)
    major, minor, patch = (*facts.version, 0, 0, 0)[:3]
    server = Server((major, minor, patch), facts.vector_sets, vrem_unsafe=False, product=facts.product)
    if not facts.vector_sets:
        return [problem("redis", f"{facts.product} {version} at {url} has no vector sets", server.unfit)]
    found = [ok("redis", f"Redis {version} at {url}, with vector sets")]
    if not server.usable:
        found = [problem("redis", f"Redis {version} at {url} is too old", server.unfit)]
    if has_vrem_race(facts.version) and not facts.single_threaded_vsim:
        detail = f"Redis {version} at {url} can crash when a VREM meets a threaded VSIM"
        newer = "Redis >= 8.2.9, 8.4.6, 8.6.6, 8.8.2"
        mend = f"CONFIG SET {SINGLE_THREADED} yes; or {newer}" if facts.version >= SINGLE_THREADED_SINCE else newer
        found.append(problem("redis safety", detail, mend))
    if facts.maxmemory and facts.eviction != "noeviction":
        detail = f"at {url} maxmemory-policy {facts.eviction} evicts memories and documents, not only cached answers"
        found.append(warning("redis eviction", detail, "CONFIG SET maxmemory-policy noeviction"))
    if not facts.persistence:
        detail = f"nothing is written to disk at {url}: a restart loses memories and documents"
        found.append(warning("redis persistence", detail, "CONFIG SET appendonly yes"))
    return found


def kafka(settings: Settings) -> list[Finding]:
    """Reachable."""
    servers = settings.kafka.bootstrap_servers
    try:
        client = settings.kafka.properties("admin")
        if kafka_server.answers(servers, client=client, timeout_s=CHECK_TIMEOUT_S):
            return [ok("kafka", f"a broker answers at {servers}")]
    except MissingExtra:
        return []  # the check of the extras tells
    except SemcacheError as error:
        return [problem("kafka", str(error), "mend [kafka.client] or [kafka.admin]")]
    return [_unreachable("kafka", servers, KafkaSettings().bootstrap_servers, settings)]


def _unreachable(name: state.Name, address: str, default: str, settings: Settings) -> Finding:
    """Not started yet is no problem; a server that was chosen, or that died, is."""
    known = state.load(settings.data_dir).of(name)
    if known and known.process:
        return problem(name, f"the embedded {name} at {address} has died or does not answer; log: {known.log}", UP)
    if address == default:
        return warning(name, f"nothing answers at {address}", UP)
    mend = f"start it, or mend SEMCACHE_{'REDIS_URL' if name == 'redis' else 'KAFKA_BOOTSTRAP_SERVERS'}"
    return problem(name, f"nothing answers at {address}", mend)
