"""Each kind of damage is found, at the key that shows it, with what mends it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis import Redis

from semcache.memory.types import turn_id
from semcache.store import keys
from semcache.store.checks import check_data
from tests.checks.conftest import Installation

ID = turn_id("ann0")  # "I live in Lyon.", the first turn of session s0


class Damage:
    """Breaks an installation with plain commands."""

    def __init__(self, installation: Installation) -> None:
        self.redis: Redis = installation.redis
        self.scope = next(iter(self.redis.hkeys(keys.CACHE_SCOPES.build(namespace=installation.namespace)))).decode()
        self.own = {"namespace": installation.namespace, "user": "ann", "scope": self.scope}
        entries = installation.cache.entries()
        self.entry = next(entry.entry_id for entry in entries if entry.sources and len(entry.prompt) < 100)
        self.chunk = self.redis.zrange(self.key(keys.CHUNK_STEM, stem="day"), 0, 0)[0].decode()

    def key(self, kind: keys.KeyKind, **ids: str) -> str:
        return kind.build(**{name: id for name, id in self.own.items() if name in kind.parts} | ids)

    def turn_hash_lost(self) -> None:
        self.redis.delete(self.key(keys.TURN, turn=ID))

    def turn_field_lost(self) -> None:
        self.redis.hdel(self.key(keys.TURN, turn=ID), "event")

    def turn_vector_lost(self) -> None:
        self.redis.execute_command("VREM", self.key(keys.TURN_VECTORS, fingerprint="turning~1"), ID)

    def turn_vector_alone(self) -> None:
        key = self.key(keys.TURN_VECTORS, fingerprint="turning~1")
        self.redis.execute_command("VADD", key, "VALUES", 16, *[1] * 16, "stray", "Q8")

    def passage_lost(self) -> None:
        self.redis.hset(self.key(keys.TURN, turn=ID), "passages", 1)

    def passage_alone(self) -> None:
        key = self.key(keys.TURN_PASSAGES, fingerprint="turning~1")
        self.redis.execute_command("VADD", key, "VALUES", 16, *[1] * 16, f"{ID}#1", "Q8")

    def turn_models_lost(self) -> None:
        self.redis.delete(self.key(keys.TURN_MODELS))

    def posting_lost(self) -> None:
        self.redis.zrem(self.key(keys.TURN_STEM, stem="lyon"), ID)

    def posting_alone(self) -> None:
        self.redis.zadd(self.key(keys.TURN_STEM, stem="porto"), {"stray": 1.0})

    def posting_of_another_stem(self) -> None:
        self.redis.zadd(self.key(keys.TURN_STEM, stem="porto"), {ID: 1.0})

    def chronology_lost(self) -> None:
        self.redis.zrem(self.key(keys.CHRONOLOGY), ID)

    def turn_of_another_length(self) -> None:
        self.redis.hset(self.key(keys.TURN, turn=ID), "length", 99)

    def chronology_moved(self) -> None:
        self.redis.zincrby(self.key(keys.CHRONOLOGY), 1, ID)

    def chronology_alone(self) -> None:
        self.redis.zadd(self.key(keys.CHRONOLOGY), {"stray": 1.0})

    def session_turn_lost(self) -> None:
        self.redis.zrem(self.key(keys.SESSION, session="s0"), ID)

    def session_turn_of_another(self) -> None:
        self.redis.zadd(self.key(keys.SESSION, session="s1"), {ID: 1.0})

    def session_unknown(self) -> None:
        self.redis.zrem(self.key(keys.SESSIONS), "s0")

    def session_alone(self) -> None:
        self.redis.zadd(self.key(keys.SESSIONS), {"stray": 1.0})

    def of_an_earlier_version(self) -> None:
        self.redis.zincrby(self.key(keys.SESSION_LENGTHS), 1, "s0")

    def turn_corpus_wrong(self) -> None:
        self.redis.hincrby(self.key(keys.TURN_CORPUS), "members", 1)

    def window_unreadable(self) -> None:
        self.redis.zadd(self.key(keys.WINDOW, session="s0"), {"{}": 1.0})

    def window_for_ever(self) -> None:
        self.redis.persist(self.key(keys.WINDOW, session="s0"))

    def older_than_the_erasure(self) -> None:
        self.redis.set(self.key(keys.ERASED), "99999999999")

    def pin_alone(self) -> None:
        self.redis.sadd(self.key(keys.PINNED), "stray")

    def forgotten_but_there(self) -> None:
        self.redis.zadd(self.key(keys.FORGOTTEN), {ID: 1.0})

    def claims_alone(self) -> None:
        self.redis.hset(self.key(keys.CLAIMS), "stray", "[]")

    def claims_unreadable(self) -> None:
        self.redis.hset(self.key(keys.CLAIMS), ID, "{")

    def reading_alone(self) -> None:
        self.redis.hset(self.key(keys.READINGS), "stray", "[]")

    def turn_will_vanish(self) -> None:
        self.redis.expire(self.key(keys.TURN, turn=ID), 1_000)

    def document_lost(self) -> None:
        self.redis.delete(self.key(keys.DOCUMENT, document="faq"))

    def document_without_version(self) -> None:
        self.redis.hdel(self.key(keys.DOCUMENT_VERSIONS), "faq")

    def document_of_another_version(self) -> None:
        self.redis.hset(self.key(keys.DOCUMENT_VERSIONS), "faq", 9)

    def document_deleted_but_there(self) -> None:
        self.redis.hset(self.key(keys.DOCUMENT_VERSIONS), "faq", -4)

    def chunk_lost(self) -> None:
        self.redis.delete(self.key(keys.CHUNK, chunk=self.chunk))

    def chunk_alone(self) -> None:
        self.redis.hset(self.key(keys.CHUNK, chunk="stray"), mapping={"document": "faq", "stems": "", "terms": 0})

    def chunk_vector_lost(self) -> None:
        self.redis.execute_command("VREM", self.key(keys.CHUNK_VECTORS, fingerprint="turning~1"), self.chunk)

    def chunk_vector_alone(self) -> None:
        key = self.key(keys.CHUNK_VECTORS, fingerprint="turning~1")
        self.redis.execute_command("VADD", key, "VALUES", 16, *[1] * 16, "stray", "Q8")

    def chunk_posting_lost(self) -> None:
        self.redis.delete(self.key(keys.CHUNK_STEM, stem="day"))

    def chunk_posting_alone(self) -> None:
        self.redis.zadd(self.key(keys.CHUNK_STEM, stem="stray"), {self.chunk: 1.0})

    def chunk_corpus_wrong(self) -> None:
        self.redis.hincrby(self.key(keys.CHUNK_CORPUS), "terms", -1)

    def entry_lost(self) -> None:
        self.redis.delete(self.key(keys.CACHE_ENTRY, entry=self.entry))

    def entry_vector_lost(self) -> None:
        self.redis.execute_command("VREM", self.key(keys.CACHE_VECTORS), self.entry)

    def entry_not_exact(self) -> None:
        self.redis.delete(self.key(keys.CACHE_EXACT))

    def exact_alone(self) -> None:
        self.redis.hset(self.key(keys.CACHE_EXACT), "asked", "stray")

    def entry_without_expiry(self) -> None:
        self.redis.zrem(self.key(keys.CACHE_EXPIRY), self.entry)

    def entry_for_ever(self) -> None:
        self.redis.persist(self.key(keys.CACHE_ENTRY, entry=self.entry))

    def entry_unused(self) -> None:
        self.redis.zrem(self.key(keys.CACHE_USE), self.entry)

    def use_alone(self) -> None:
        self.redis.zadd(self.key(keys.CACHE_USE), {"stray": 1.0})

    def entry_without_source(self) -> None:
        self.redis.srem(self.key(keys.CACHE_SOURCE, source="faq"), self.entry)

    def source_alone(self) -> None:
        self.redis.sadd(self.key(keys.CACHE_SOURCE, source="faq"), "stray")

    def source_of_another_document(self) -> None:
        self.redis.sadd(self.key(keys.CACHE_SOURCE, source="other"), self.entry)

    def tag_alone(self) -> None:
        self.redis.sadd(self.key(keys.CACHE_TAG, tag="returns"), "stray")

    def entry_without_group(self) -> None:
        self.redis.hset(self.key(keys.CACHE_ENTRY, entry=self.entry), "group", "gone")

    def group_without_its_entry(self) -> None:
        self.redis.hset(self.key(keys.CACHE_GROUP, group=self.entry), "#labels", 1)

    def dependant_unknown(self) -> None:
        self.redis.delete(self.key(keys.CACHE_DEPENDANTS, source="faq"))

    def key_undeclared(self) -> None:
        self.redis.set(self.key(keys.CHRONOLOGY).replace("chronology", "junk"), 1)

    def key_of_another_type(self) -> None:
        key = self.key(keys.TURN_CORPUS)
        self.redis.delete(key)
        self.redis.sadd(key, "x")


SHOWN_BY = {
    "turn_hash_lost": keys.CHRONOLOGY,
    "turn_field_lost": keys.TURN,
    "turn_vector_lost": keys.TURN,
    "turn_vector_alone": keys.TURN_VECTORS,
    "passage_lost": keys.TURN,
    "passage_alone": keys.TURN_PASSAGES,
    "turn_models_lost": keys.TURN,
    "posting_lost": keys.TURN,
    "posting_alone": keys.TURN_STEM,
    "posting_of_another_stem": keys.TURN_STEM,
    "chronology_lost": keys.TURN,
    "turn_of_another_length": keys.TURN,
    "chronology_moved": keys.TURN,
    "chronology_alone": keys.CHRONOLOGY,
    "session_turn_lost": keys.TURN,
    "session_turn_of_another": keys.SESSION,
    "session_unknown": keys.SESSION,
    "session_alone": keys.SESSIONS,
    "of_an_earlier_version": keys.SESSION_LENGTHS,
    "turn_corpus_wrong": keys.TURN_CORPUS,
    "window_unreadable": keys.WINDOW,
    "window_for_ever": keys.WINDOW,
    "older_than_the_erasure": keys.TURN,
    "pin_alone": keys.PINNED,
    "forgotten_but_there": keys.FORGOTTEN,
    "claims_alone": keys.CLAIMS,
    "claims_unreadable": keys.CLAIMS,
    "reading_alone": keys.READINGS,
    "turn_will_vanish": keys.TURN,
    "document_lost": keys.DOCUMENT_VERSIONS,
    "document_without_version": keys.DOCUMENT,
    "document_of_another_version": keys.DOCUMENT_VERSIONS,
    "document_deleted_but_there": keys.DOCUMENT_VERSIONS,
    "chunk_lost": keys.DOCUMENT,
    "chunk_alone": keys.CHUNK,
    "chunk_vector_lost": keys.DOCUMENT,
    "chunk_vector_alone": keys.CHUNK_VECTORS,
    "chunk_posting_lost": keys.CHUNK,
    "chunk_posting_alone": keys.CHUNK_STEM,
    "chunk_corpus_wrong": keys.CHUNK_CORPUS,
    "entry_lost": keys.CACHE_VECTORS,
    "entry_vector_lost": keys.CACHE_ENTRY,
    "entry_not_exact": keys.CACHE_ENTRY,
    "exact_alone": keys.CACHE_EXACT,
    "entry_without_expiry": keys.CACHE_ENTRY,
    "entry_for_ever": keys.CACHE_ENTRY,
    "entry_unused": keys.CACHE_ENTRY,
    "use_alone": keys.CACHE_USE,
    "entry_without_source": keys.CACHE_ENTRY,
    "source_alone": keys.CACHE_SOURCE,
    "source_of_another_document": keys.CACHE_SOURCE,
    "tag_alone": keys.CACHE_TAG,
    "entry_without_group": keys.CACHE_ENTRY,
    "group_without_its_entry": keys.CACHE_ENTRY,
    "dependant_unknown": keys.CACHE_SOURCE,
    "key_undeclared": None,
    "key_of_another_type": keys.TURN_CORPUS,
}


@pytest.mark.parametrize("name", SHOWN_BY)
def test_damage_is_found(installation: Installation, name: str) -> None:
    """One broken thing gives a finding at a key of the kind that shows it, and each finding says what mends it."""
    damage: Callable[[], None] = getattr(Damage(installation), name)
    damage()
    findings = installation.findings()
    assert SHOWN_BY[name] in {keys.kind_of(finding.key) for finding in findings}
    assert all(finding.wrong and finding.mend for finding in findings)


def test_every_damage_is_tested() -> None:
    """The table above has every way of breaking things."""
    assert set(SHOWN_BY) == {name for name in vars(Damage) if not name.startswith("_") and name != "key"}


def test_what_mends_it_mends_it(installation: Installation) -> None:
    """Where a Redis command is named, it removes the finding."""
    damage = Damage(installation)
    for name in ("posting_alone", "turn_corpus_wrong", "chronology_moved", "turn_will_vanish",
                 "use_alone", "chunk_corpus_wrong", "dependant_unknown", "session_unknown",
                 "turn_of_another_length", "claims_alone"):  # fmt: skip
        getattr(damage, name)()
    for finding in installation.findings():
        damage.redis.execute_command(*finding.mend.split())
    assert installation.findings() == []


def test_a_scope_without_a_catalogue_is_found(redis: Redis, installation: Installation) -> None:
    """Entries that no catalogue leads to are shown by a check of everything."""
    use = Damage(installation).key(keys.CACHE_USE)
    redis.delete(keys.CACHE_SCOPES.build(namespace=installation.namespace))
    try:
        assert "no catalogue" in "".join(finding.wrong for finding in check_data(redis) if finding.key == use)
    finally:
        for key in redis.scan_iter(match=use.partition("}")[0] + "}*", count=1_000):
            redis.delete(key)
