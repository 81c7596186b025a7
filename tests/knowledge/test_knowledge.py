"""The knowledge base on a real Redis: versions, search, tombstones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from redis import Redis

from semcache.embed import CachedEmbedder
from semcache.errors import ConfigurationError, InvalidInput, RedisUnavailable
from semcache.knowledge import Delete, KnowledgeBase, Upsert
from semcache.store import keys
from tests.conftest import Clock

RETURNS = "You may send back what you bought within thirty days. We refund the price within a week."
HOURS = "The shop in Oslo is open from nine to five. On Sundays it is closed."
LAMP = "The desk lamp LX-40 takes an E27 bulb of at most 40 watts. Its switch is on the cable."
ODD_IDS = ["a:b", "a}", "{a}", "a b", "100%", "ünïcödé 文書", "x" * 500, "\x00", "a\nb", "*"]


def _keys(redis: Redis, namespace: str) -> list[str]:
    return [key.decode() for key in redis.scan_iter(match=f"sc:{{k:{namespace}}}:*", count=1000)]


def _sizes(redis: Redis, kb: KnowledgeBase, namespace: str) -> tuple[int, int, int]:
    """Passages as hashes, as vectors and in the corpus: always the same number."""
    hashes = len([key for key in _keys(redis, namespace) if keys.CHUNK.matches(key)])
    vectors = keys.CHUNK_VECTORS.build(namespace=namespace, fingerprint=kb.embedder.fingerprint)
    members = redis.hget(keys.CHUNK_CORPUS.build(namespace=namespace), "members")
    return hashes, int(redis.execute_command("VCARD", vectors)), int(members or 0)


def test_a_document_is_found_by_meaning_and_by_its_words(kb: KnowledgeBase) -> None:
    """A paraphrase finds it, and so does a part number that no vector knows."""
    for doc_id, text in (("returns", RETURNS), ("hours", HOURS), ("lamp", LAMP)):
        kb.upsert(doc_id, text, title=doc_id.title())
    assert kb.search("how do I get my money back?")[0].document == "returns"
    best = kb.search("LX-40", k=1)
    assert [(found.document, found.title, found.version, found.text) for found in best] == [("lamp", "Lamp", 1, LAMP)]
    assert best[0].parts["bm25"] > 0
    assert -1 <= best[0].parts["cosine"] <= 1


def test_results_are_ranked_and_cut(kb: KnowledgeBase) -> None:
    """At most k, best first, and the score grows with both of its parts."""
    for i, text in enumerate((RETURNS, HOURS, LAMP)):
        kb.upsert(f"d{i}", text)
    found = kb.search("when is the shop open?", k=2)
    assert len(found) == 2
    assert found[0].document == "d1"
    assert found[0].score > found[1].score
    assert found[0].score >= found[0].parts["cosine"]


def test_versions_count_up_by_themselves(kb: KnowledgeBase) -> None:
    """Without a version the next one is taken."""
    assert [kb.upsert("d", text).version for text in ("One.", "Two.", "Three.")] == [1, 2, 3]
    assert kb.versions(["d", "unknown"]) == {"d": 3}


@pytest.mark.parametrize("version", [7, 6, 1])
def test_an_equal_or_older_version_has_no_effect(kb: KnowledgeBase, version: int) -> None:
    """It is refused, and says what the version is."""
    kb.upsert("d", RETURNS, version=7)
    outcome = kb.upsert("d", HOURS, version=version)
    assert not outcome
    assert outcome.version == 7
    assert kb.get("d").text == RETURNS  # type: ignore[union-attr]


def test_a_replay_changes_nothing(kb: KnowledgeBase, redis: Redis, namespace: str) -> None:
    """The same events once more leave every key byte for byte as it was."""
    changes = [
        Upsert("a", RETURNS, version=3, at=1.0),
        Upsert("b", HOURS, version=1, at=2.0),
        Upsert("a", LAMP, version=4, at=3.0),
        Delete("b", version=2),
    ]
    kb.apply(changes)
    before = {key: redis.dump(key) for key in _keys(redis, namespace)}
    assert not any(kb.apply(changes))
    assert {key: redis.dump(key) for key in _keys(redis, namespace)} == before


def test_an_update_removes_what_is_gone(kb: KnowledgeBase, redis: Redis, namespace: str) -> None:
    """The former passages, their vectors and their words cannot be found any more."""
    kb.upsert("d", RETURNS)
    kb.upsert("d", HOURS)
    assert [found.text for found in kb.search("refund thirty days")] == [HOURS]
    assert _sizes(redis, kb, namespace) == (1, 1, 1)
    assert not redis.exists(keys.CHUNK_STEM.build(namespace=namespace, stem="refund"))


def test_only_changed_passages_are_embedded(kb: KnowledgeBase) -> None:
    """An edit in one section of a long document needs the vector of that section alone."""
    sections = [f"# Part {i}\n" + f"This is what part {i} says about its subject. " * 20 for i in range(12)]
    kb.upsert("manual", "\n".join(sections))
    sections[5] = "# Part 5\nThis part was written anew."
    batch = kb.plan([Upsert("manual", "\n".join(sections))])
    assert len(batch.texts) == 1
    outcome = kb.commit(batch, kb.embedder.embed(batch.texts, kind="passage"))[0]
    assert (outcome.embedded, outcome.removed) == (1, 1)
    assert outcome.kept > 10
    assert kb.search("written anew", k=1)[0].version == 2


def test_a_deletion_leaves_only_its_version(kb: KnowledgeBase, redis: Redis, namespace: str) -> None:
    """Nothing of the text remains, and the version is remembered as a tombstone."""
    kb.upsert("d", RETURNS, version=4)
    outcome = kb.delete("d")
    assert (bool(outcome), outcome.version) == (True, -5)
    assert kb.get("d") is None
    assert kb.search("refund") == []
    assert list(kb.documents()) == []
    assert _keys(redis, namespace) == [keys.DOCUMENT_VERSIONS.build(namespace=namespace)]


def test_a_late_upsert_does_not_resurrect(kb: KnowledgeBase) -> None:
    """Neither one that is older than the deletion nor one as old; a newer one does."""
    kb.upsert("d", RETURNS, version=4)
    kb.delete("d", version=8)
    assert not kb.upsert("d", RETURNS, version=7)
    assert not kb.upsert("d", RETURNS, version=8)
    assert kb.get("d") is None
    assert kb.upsert("d", RETURNS, version=9)
    assert kb.get("d") is not None


def test_a_deletion_may_come_before_the_document(kb: KnowledgeBase) -> None:
    """With a version it is remembered, so that the older upsert loses; without one there is nothing to delete."""
    assert not kb.delete("never")
    assert kb.versions(["never"]) == {}
    assert kb.delete("d", version=3)
    assert not kb.upsert("d", RETURNS, version=2)
    assert kb.versions(["d"]) == {"d": -3}


def test_changes_of_one_document_in_one_batch(kb: KnowledgeBase) -> None:
    """They are applied in their order, though planned at once."""
    changes = [Upsert("d", RETURNS), Upsert("d", HOURS), Delete("d"), Upsert("d", LAMP)]
    assert [(bool(outcome), outcome.version) for outcome in kb.apply(changes)] == [
        (True, 1),
        (True, 2),
        (True, -3),
        (True, 4),
    ]
    assert kb.get("d").text == LAMP  # type: ignore[union-attr]


def test_a_plan_that_was_overtaken_is_made_again(kb: KnowledgeBase) -> None:
    """What was planned before another's change is applied after it, not over it."""
    kb.upsert("d", RETURNS)
    late = kb.plan([Upsert("d", HOURS)])
    kb.upsert("d", LAMP)
    outcome = kb.commit(late, kb.embedder.embed(late.texts, kind="passage"))[0]
    assert outcome.version == 3
    assert [found.text for found in kb.search("lamp")] == [HOURS]


def test_threads_that_write_one_document(
    kb: KnowledgeBase, redis: Redis, namespace: str, redis_url: str, embedder: CachedEmbedder
) -> None:
    """Each gets a version of its own, and in the end the passages are those of the last."""
    texts = [f"Edition {i} of the handbook. {RETURNS if i % 2 else HOURS}" for i in range(12)]
    embedder.embed(texts, kind="passage")

    def write(text: str) -> int:
        return KnowledgeBase(redis_url, embedder=embedder, namespace=namespace).upsert("d", text).version

    with ThreadPoolExecutor(6) as pool:
        versions = list(pool.map(write, texts))
    assert sorted(versions) == list(range(1, 13))
    last = texts[versions.index(12)]
    assert kb.get("d").text == last  # type: ignore[union-attr]
    assert [found.text for found in kb.search("handbook")] == [last]
    assert _sizes(redis, kb, namespace) == (1, 1, 1)


def test_a_passage_always_comes_with_its_own_version(
    kb: KnowledgeBase, redis_url: str, namespace: str, embedder: CachedEmbedder
) -> None:
    """While a document changes, no search names another version than its text is from: lineage depends on it."""
    texts = [f"Edition {version} of the opening hours." for version in range(1, 61)]
    embedder.embed(texts, kind="passage")
    kb.upsert("d", texts[0])
    written = threading.Event()

    def read() -> set[tuple[str, int]]:
        reader = KnowledgeBase(redis_url, embedder=embedder, namespace=namespace)
        seen = set()
        while not written.is_set():
            seen |= {(found.text, found.version) for found in reader.search("opening hours")}
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for text in texts[1:]:
            kb.upsert("d", text)
        written.set()
        seen = set.union(*(reader.result() for reader in readers))
    assert len(seen) > 1
    assert seen <= {(text, version) for version, text in enumerate(texts, start=1)}


def test_events_in_any_order_end_the_same(kb: KnowledgeBase, embedder: CachedEmbedder, redis: Redis) -> None:
    """The highest version wins, whichever comes first."""
    events = [Upsert("d", RETURNS, version=1), Upsert("d", HOURS, version=2), Upsert("d", LAMP, version=3)]
    for turn, order in enumerate(((0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1))):
        other = KnowledgeBase(redis, embedder=embedder, namespace=f"{kb.namespace}-{turn}")
        for i in order:
            other.apply([events[i]])
        assert [(found.text, found.version) for found in other.search("anything at all")] == [(LAMP, 3)]


@pytest.mark.parametrize("doc_id", ODD_IDS)
def test_odd_ids_are_kept_apart(kb: KnowledgeBase, redis: Redis, namespace: str, doc_id: str) -> None:
    """Whatever the id holds, it names one document, its keys are declared, and it goes without a trace."""
    kb.upsert(doc_id, RETURNS)
    kb.upsert("a", HOURS)
    assert kb.get(doc_id).text == RETURNS  # type: ignore[union-attr]
    assert kb.versions([doc_id]) == {doc_id: 1}
    assert kb.search("refund", k=1)[0].document == doc_id
    assert keys.undeclared(iter(_keys(redis, namespace))) == []
    kb.delete(doc_id)
    assert [document.document for document in kb.documents()] == ["a"]


def test_namespaces_do_not_see_each_other(kb: KnowledgeBase, redis: Redis, embedder: CachedEmbedder) -> None:
    """The same id in another namespace is another document."""
    other = KnowledgeBase(redis, embedder=embedder, namespace=f"{kb.namespace}:x")
    kb.upsert("d", RETURNS)
    assert other.get("d") is None
    assert other.search("refund") == []


BAD: list[Callable[[KnowledgeBase], object]] = [
    lambda kb: kb.upsert("d", ""),
    lambda kb: kb.upsert("d", " \n"),
    lambda kb: kb.upsert("d", "x" * 10_000_000),
    lambda kb: kb.upsert("d", "half a pair \ud800"),
    lambda kb: kb.upsert("d", None),  # type: ignore[arg-type]
    lambda kb: kb.upsert("", RETURNS),
    lambda kb: kb.upsert("x" * 1_001, RETURNS),
    lambda kb: kb.upsert("\ud800", RETURNS),
    lambda kb: kb.upsert("d", RETURNS, version=0),
    lambda kb: kb.upsert("d", RETURNS, version=-1),
    lambda kb: kb.upsert("d", RETURNS, version=2**53),
    lambda kb: kb.upsert("d", RETURNS, version=True),
    lambda kb: kb.upsert("d", RETURNS, title="x" * 5_000),
    lambda kb: kb.upsert("d", RETURNS, metadata={"at": object()}),
    lambda kb: kb.upsert("d", RETURNS, metadata={"x": float("nan")}),
    lambda kb: kb.upsert("d", RETURNS, at=float("nan")),
    lambda kb: kb.delete("d", version=0),
    lambda kb: kb.search(""),
    lambda kb: kb.search("x", k=0),
    lambda kb: kb.search("x", k=1.5),  # type: ignore[arg-type]
    lambda kb: kb.versions("faq"),
    lambda kb: kb.search("half \ud800"),
    lambda kb: kb.get(""),
    lambda kb: kb.versions([""]),
    lambda kb: kb.commit(kb.plan([Upsert("d", RETURNS)]), np.empty((0, 384), np.float32)),
    lambda kb: kb.commit(kb.plan([Upsert("d", RETURNS)]), np.full((1, 384), np.nan, np.float32)),
]


@pytest.mark.parametrize("call", BAD)
def test_bad_input_is_named_and_writes_nothing(
    kb: KnowledgeBase, redis: Redis, namespace: str, call: Callable[[KnowledgeBase], object]
) -> None:
    """Empty, too long, broken or impossible arguments are the caller's to mend."""
    with pytest.raises(InvalidInput):
        call(kb)
    assert _keys(redis, namespace) == []


def test_one_bad_change_spoils_its_batch_before_anything_is_written(kb: KnowledgeBase) -> None:
    """A batch is checked whole."""
    with pytest.raises(InvalidInput):
        kb.apply([Upsert("good", RETURNS), Upsert("bad", "")])
    assert kb.get("good") is None


def test_what_is_stored_comes_back(kb: KnowledgeBase, clock: Clock) -> None:
    """Title, metadata, time and text; a document without a title is called by its first heading, or its id."""
    kb.upsert("a", f"# Returns\n{RETURNS}", metadata={"lang": "en", "tags": ["x"]}, at=12.5)
    kb.upsert("b", HOURS, title="Opening “hours”\n中")
    kb.upsert("c", LAMP)
    document = kb.get("a")
    assert document is not None
    assert (document.title, document.metadata, document.at) == ("Returns", {"lang": "en", "tags": ["x"]}, 12.5)
    listed = list(kb.documents())
    assert [(d.document, d.title, d.version) for d in listed] == [
        ("a", "Returns", 1),
        ("b", "Opening “hours”\n中", 1),
        ("c", "c", 1),
    ]
    assert [d.text for d in listed] == [None, None, None]
    assert listed[1].at == clock.now


def test_a_large_document_is_written_whole(kb: KnowledgeBase, redis: Redis, namespace: str) -> None:
    """Hundreds of passages go in with one change, and out with one."""
    rooms = "\n".join(f"# Room {i}\nRoom {i} has {i % 7} windows and the key number {i * 37}." for i in range(300))
    assert kb.upsert("plan", rooms).embedded == 300
    assert kb.search("which room has the key number 4995?", k=1)[0].text.startswith("# Room 135")
    assert _sizes(redis, kb, namespace) == (300, 300, 300)
    assert kb.delete("plan").removed == 300


def test_a_search_while_the_first_document_comes_finds_it_or_nothing(
    redis: Redis, embedder: CachedEmbedder, namespace: str
) -> None:
    """It is not taken for the document of another model."""
    with ThreadPoolExecutor(1) as pool:
        for n in range(60):
            kb = KnowledgeBase(redis, embedder=embedder, namespace=f"{namespace}-{n}")
            kb.search(LAMP)
            writing = pool.submit(kb.upsert, "lamp", LAMP)
            while not kb.search(LAMP):
                pass
            writing.result()


def test_another_embedder_asks_for_a_reindex(
    kb: KnowledgeBase, redis: Redis, namespace: str, other_embedder: CachedEmbedder
) -> None:
    """A search with another model says so instead of finding nothing; after `reindex` it finds, at the same version."""
    kb.upsert("returns", RETURNS, title="Returns")
    kb.upsert("hours", HOURS, version=5, at=3.0, metadata={"a": 1})
    other = KnowledgeBase(redis, embedder=other_embedder, namespace=namespace)
    with pytest.raises(ConfigurationError, match="reindex"):
        other.search("refund")
    before = [kb.get("returns"), kb.get("hours")]
    assert list(other.reindex()) == ["hours", "returns"]
    assert list(other.reindex()) == []
    assert other.search("when is the shop open?", k=1)[0].document == "hours"
    assert [kb.get("returns"), kb.get("hours")] == before
    former = keys.CHUNK_VECTORS.build(namespace=namespace, fingerprint=kb.embedder.fingerprint)
    assert not redis.exists(former)
    assert _sizes(redis, other, namespace) == (2, 2, 2)


def test_until_the_reindex_words_still_find(
    kb: KnowledgeBase, redis: Redis, namespace: str, other_embedder: CachedEmbedder
) -> None:
    """Beside documents of the new model, those of the former one are found by their words."""
    kb.upsert("lamp", LAMP)
    other = KnowledgeBase(redis, embedder=other_embedder, namespace=namespace)
    other.upsert("hours", HOURS)
    assert [found.document for found in other.search("Which bulb does the LX-40 take?")] == ["lamp", "hours"]
    assert other.search("is it open on Sunday?", k=1)[0].document == "hours"


def test_an_unreachable_redis_is_said(embedder: CachedEmbedder) -> None:
    """It is an outage, not an empty result."""
    down = KnowledgeBase("redis://127.0.0.1:1/0", embedder=embedder)
    for call in (lambda: down.search("x"), lambda: down.upsert("d", RETURNS), lambda: list(down.documents())):
        with pytest.raises(RedisUnavailable):
            call()
