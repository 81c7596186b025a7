"""Everything that semcache does with Redis, once: what a user of Redis has to be allowed."""

from __future__ import annotations

from redis import Redis

from semcache import open_app
from semcache.audit import AuditTrail
from semcache.cache.scopes.invalidation import invalidate_source
from semcache.memory.writing.reseal import reseal
from semcache.settings import Settings
from semcache.store.checks import check_data, compare, count_keys
from semcache.store.connect import connect
from semcache.store.embeddings import RedisEmbeddings
from semcache.store.expiry import sweep
from tests.checks.conftest import Turning
from tests.sealing.conftest import ring


def use_everything(settings: Settings) -> None:
    """Chat, cache, memory, documents, limits, shared embeddings, sealing and checks."""
    with open_app(settings, embedder=Turning()) as app:  # type: ignore[arg-type]
        use_documents_and_chat(app)
        use_cache(app)
        use_memory(app)
        embeddings = RedisEmbeddings(app.redis, ttl_s=60)
        embeddings.put([("a", Turning().embed(["a"])[0])], space="test")
        embeddings.get(["a", "b"], space="test")
        app.knowledge.upsert("faq", "Returns take 30 days.")
        app.cache(scope={"tenant": "acme"}).store("Still?", "yes", sources=app.knowledge.versions(["faq"]))
    with connect(settings.redis.url) as redis:
        use_maintenance(redis, settings.namespace)


def use_documents_and_chat(app) -> None:  # type: ignore[no-untyped-def]
    app.knowledge.upsert("faq", "Returns take 14 days.\n\nShipping is free.")
    app.knowledge.upsert("faq", "Returns take 30 days.")
    for ask in ("How long do returns take?", "How long do returns take?", "I live in Lyon.", "Where do I live?"):
        app.engine.ask(ask, user="ann", session="s")
    app.knowledge.search("returns")
    list(app.knowledge.documents())
    app.knowledge.get("faq")
    app.knowledge.versions(["faq"])
    app.knowledge.delete("faq")
    list(app.knowledge.reindex())


def use_cache(app) -> None:  # type: ignore[no-untyped-def]
    cache = app.cache(scope={"tenant": "acme"})
    for n in range(6):
        found = cache.lookup(f"What is number {n}?")
        cache.store(
            f"What is number {n}?", str(n), sources={"doc": 1}, tags=["t"], ttl=None if n % 2 else 60, miss=found
        )
        hit = cache.lookup(f"What is number {n}?")
        cache.feedback(hit, correct=n > 2)
        cache.feedback(hit, correct=False, user="ann")
        cache.doubt(hit, user="ann")
    cache.add_labelled([(f"how is {n}", f"how was {n}", n % 2 == 0) for n in range(40)])
    cache.learning()
    cache.get_or_compute("And now?", lambda: "now")
    cache.stats()
    cache.explain("What is number 1?")
    list(cache.entries())
    cache.get("What is number 1?")
    cache.invalidate(tag="t")
    cache.store("Again?", "yes", sources={"doc": 1})
    invalidate_source(app.redis, app.settings.namespace, "doc")
    sweep(app.redis, app.settings.namespace, replay_clock=lambda: 2e9)
    cache.clear()
    cache.drop()


def use_memory(app) -> None:  # type: ignore[no-untyped-def]
    memory = app.memory(user="ann")
    ids = [memory.append("s", "user", f"My cat number {n} is called Tom.", event_id=f"e{n}") for n in range(120)]
    memory.append("t", "user", "Later.", at=1e9)
    memory.note("s", "user", "noted")
    memory.window("s")
    for limits in ({}, {"session": "s"}, {"since": 1.0, "until": 3e9}):
        memory.recall("What is my cat called?", **limits)
    memory.wait_for("e1")
    memory.turns()
    memory.facts()
    memory.context("What is my cat called?", "s", max_tokens=200)
    memory.pin(ids[0])
    memory.unpin(ids[0])
    memory.forget([ids[1]])
    document = memory.export()
    app.memory(user="bob").load(document)
    app.memory(user="bob").erase()
    listing = app.listing(user="ann")
    listing.size()
    listing.turns("s")
    listing.lengths([session.id for session in listing.sessions()])
    listing.times(ids)
    trail = AuditTrail(app.redis, app.settings.namespace)
    trail.note("erased a user", "bob", actor="ann", via="app")
    assert [record.target for record in trail.newest()] == ["bob"]


def use_maintenance(redis: Redis, namespace: str) -> None:
    reseal(redis, namespace, ring("k1", accept_plain=True))
    count_keys(redis)
    check_data(redis, namespace)
    compare(redis, namespace, f"{namespace}x", sealer=ring("k1"))
