"""What a lookup serves, what it refuses, and how it says so."""

from __future__ import annotations

import pytest
import redis as redis_py

from semcache.cache import Hit, Miss, Reason, SemanticCache, StoreOptions
from semcache.errors import InvalidInput, RedisUnavailable
from tests.cache.conftest import MakeCache, scope_ids
from tests.conftest import Clock, free_port

PASSWORD = "How do I reset my password?"
PARAPHRASE = "How can I reset my password?"


def test_the_same_question_is_an_exact_hit(cache: SemanticCache) -> None:
    """What was stored is served for the same text, whatever white space is around it."""
    entry_id = cache.store(PASSWORD, "Use the link.", sources={"faq": 3})
    hit = cache.lookup(f"  {PASSWORD}\r\n")
    assert isinstance(hit, Hit)
    assert (hit.response, hit.entry_id, hit.prompt, hit.exact) == ("Use the link.", entry_id, PASSWORD, True)
    assert (hit.similarity, hit.confidence, hit.sources) == (1.0, 1.0, {"faq": 3})


def test_the_same_question_in_other_dress_is_a_hit_but_no_exact_one(cache: SemanticCache) -> None:
    """Case, spacing and final mark of ordinary words are compared by the rule, not folded in the key."""
    cache.store(PASSWORD, "Use the link.")
    hit = cache.lookup("how do i  reset my PASSWORD ???")
    assert isinstance(hit, Hit)
    assert (hit.prompt, hit.exact) == (PASSWORD, False)
    assert "the same question in other dress" in hit.detail


def test_a_paraphrase_is_a_semantic_hit(cache: SemanticCache, clock: Clock) -> None:
    """A question with the same meaning gets the stored answer, its similarity and its age."""
    cache.store(PASSWORD, "Use the link.", options=StoreOptions(response_format="markdown"))
    clock.advance(60)
    hit = cache.lookup(PARAPHRASE)
    assert isinstance(hit, Hit)
    assert (hit.response, hit.prompt, hit.exact, hit.response_format) == ("Use the link.", PASSWORD, False, "markdown")
    assert 0.97 <= hit.similarity < 1
    assert hit.age_s == 60


def test_an_empty_cache_misses(cache: SemanticCache) -> None:
    """A miss is falsy and says that nothing is stored."""
    miss = cache.lookup(PASSWORD)
    assert isinstance(miss, Miss)
    assert not miss
    assert miss.reason is Reason.EMPTY
    assert "nothing is stored" in miss.detail


def test_another_question_misses_with_its_neighbours(cache: SemanticCache) -> None:
    """A miss names what was near, best first, as cosine similarities."""
    cache.store("What are your opening hours?", "9 to 5")
    cache.store("How do I cancel my order?", "In your account")
    miss = cache.lookup(PASSWORD)
    assert isinstance(miss, Miss)
    assert miss.reason is Reason.NOT_SIMILAR
    similarities = [c.similarity for c in miss.candidates]
    assert similarities == sorted(similarities, reverse=True)
    assert all(0.3 < s < 0.9 for s in similarities)


def test_another_number_is_another_question(cache: SemanticCache) -> None:
    """Near-identical text with another number is refused, and the miss says which differ."""
    question = (
        "How long does it take until an order of {} bottles of red wine, paid by bank transfer and sent by ordinary "
        "parcel from your warehouse in Lyon, arrives at my door in Porto?"
    )
    cache.store(question.format(24), "Four days.")
    miss = cache.lookup(question.format(25))
    assert isinstance(miss, Miss)
    assert miss.candidates[0].similarity > 0.96
    assert miss.reason is Reason.GUARD
    assert "24" in miss.detail
    assert "25" in miss.detail


def test_storing_again_replaces_the_answer(cache: SemanticCache) -> None:
    """The same question has one entry: the later answer is served, the earlier is gone with its vector."""
    first = cache.store(PASSWORD, "old")
    second = cache.store(f" {PASSWORD}", "new")
    hit = cache.lookup(PASSWORD)
    assert isinstance(hit, Hit)
    assert (hit.response, hit.entry_id) == ("new", second)
    assert first != second
    assert [entry.response for entry in cache.entries()] == ["new"]
    assert cache.stats().replaced == 1


def test_an_answer_belongs_to_its_context(cache: SemanticCache) -> None:
    """'How old is he?' about one person is not served about another, nor without a conversation."""
    cache.store("How old is he?", "61", context=["Who is Barack Obama?"])
    assert not cache.lookup("How old is he?")
    assert not cache.lookup("How old is he?", context=["Who is Elon Musk?"])
    assert not cache.lookup("How old is he", context=["Who is Barack Obama?", "And his wife?"])
    hit = cache.lookup("How old is he?", context=["Who is Barack Obama? "])
    assert isinstance(hit, Hit)
    assert hit.exact


def test_entries_of_other_contexts_do_not_hide_one_of_this(cache: SemanticCache) -> None:
    """A nearer question of thirty other conversations is looked past."""
    for n in range(30):
        cache.store(PARAPHRASE, f"other {n}", context=[f"conversation {n}"])
    cache.store(PASSWORD, "mine", context=["ours"])
    hit = cache.lookup(PARAPHRASE, context=["ours"])
    assert isinstance(hit, Hit)
    assert hit.response == "mine"


def test_tags_narrow_a_lookup(cache: SemanticCache) -> None:
    """Only answers that carry all tags asked for are served, exactly and semantically."""
    cache.store(PASSWORD, "Use the link.", tags=["en", "web"])
    assert cache.lookup(PASSWORD, tags=["en", "web"])
    assert cache.lookup(PARAPHRASE, tags=["web"])
    assert not cache.lookup(PASSWORD, tags=["fr"])
    assert not cache.lookup(PARAPHRASE, tags=["en", "fr"])


def test_a_long_prompt_matches_only_itself(cache: SemanticCache) -> None:
    """Beyond what the model reads, texts that differ at their end have one vector: they are compared exactly."""
    long = "Summarise this contract. " + "The parties agree on the terms below. " * 80
    cache.store(long + "Price: ten.", "Ten.")
    assert cache.lookup(long + "Price: ten. ")
    assert not cache.lookup(long + "price: TEN.")
    miss = cache.lookup(long + "Price: nine.")
    assert isinstance(miss, Miss)
    assert miss.reason is Reason.NOT_SIMILAR
    assert "longer than the embedding model reads" in miss.detail


def test_the_vector_of_a_miss_is_used_again(cache: SemanticCache) -> None:
    """store(miss=...) works for the same prompt, and does not mistake the miss of another prompt."""
    miss = cache.lookup("What are your opening hours?")
    assert isinstance(miss, Miss)
    cache.store(PASSWORD, "Use the link.", miss=miss)
    assert cache.lookup(PARAPHRASE), "the vector of the other prompt was not taken"
    miss = cache.lookup("How do I cancel my order?")
    assert isinstance(miss, Miss)
    cache.store("How do I cancel my order?", "In your account.", miss=miss)
    assert cache.lookup("How can I cancel my order?")


def test_ids_texts_and_tags_of_any_script(cache: SemanticCache) -> None:
    """Text, sources and tags with separators, braces and any script come back as they went in."""
    prompt, response = "¿Cuánto cuesta el envío a 東京? {x}:%41", "日本 — 12 €\n\x00"
    cache.store(prompt, response, sources={"döc:{1}": 2}, tags=["a:b", "}{"], options=StoreOptions(metadata={"☀": [1]}))
    hit = cache.lookup(prompt, tags=["}{"])
    assert isinstance(hit, Hit)
    assert (hit.prompt, hit.response, hit.sources) == (prompt, response, {"döc:{1}": 2})
    (entry,) = cache.entries()
    assert (entry.tags, entry.metadata) == (("a:b", "}{"), {"☀": [1]})
    assert cache.invalidate(source="döc:{1}") == 1


def test_a_rejected_answer_is_not_served(cache: SemanticCache) -> None:
    """After a thumbs down neither the question nor its paraphrase gets the answer; a new one does."""
    cache.store(PASSWORD, "wrong")
    hit = cache.lookup(PARAPHRASE)
    assert isinstance(hit, Hit)
    assert cache.feedback(hit, correct=False)
    for prompt in (PASSWORD, PARAPHRASE):
        miss = cache.lookup(prompt)
        assert isinstance(miss, Miss)
        assert (miss.reason, "rejected" in miss.detail) == (Reason.GUARD, True)
    cache.store(PASSWORD, "right")
    assert cache.lookup(PARAPHRASE)
    assert (cache.stats().rejected, cache.stats().confirmed) == (1, 0)


def test_a_confirmed_answer_stays(cache: SemanticCache) -> None:
    """A thumbs up is counted, by entry id too; one for an entry that is gone is not."""
    entry_id = cache.store(PASSWORD, "right")
    assert entry_id
    assert cache.feedback(entry_id, correct=True)
    assert cache.lookup(PASSWORD)
    assert cache.stats().confirmed == 1
    assert not cache.feedback("no-such-entry", correct=True)
    assert cache.stats().confirmed == 1


def test_stats_add_up(cache: SemanticCache) -> None:
    """Hits by kind, misses by reason and what the hits saved."""
    assert cache.stats().hit_rate == 0
    cache.lookup(PASSWORD)
    cache.store(PASSWORD, "Use the link.", options=StoreOptions(cost=0.25, compute_s=1.5))
    cache.lookup(PASSWORD)
    cache.lookup(PARAPHRASE)
    cache.lookup("What are your opening hours?")
    stats = cache.stats()
    assert (stats.entries, stats.stored) == (1, 1)
    assert (stats.hits_exact, stats.hits_semantic) == (1, 1)
    assert stats.misses == {"empty": 1, "not_similar": 1}
    assert (stats.lookups, stats.hit_rate) == (4, 0.5)
    assert (stats.cost_saved, stats.seconds_saved) == (0.5, 3.0)
    assert stats.tokens_saved == 2 * 9


def test_explain_says_what_would_happen_and_changes_nothing(cache: SemanticCache, clock: Clock) -> None:
    """explain() gives candidates and the decision in words, and leaves counters and entries as they are."""
    entry_id = cache.store(PASSWORD, "Use the link.")
    cache.store("What are your opening hours?", "9 to 5", ttl=10)
    clock.advance(20)
    before = cache.stats()
    explained = cache.explain(PARAPHRASE)
    assert explained.served == entry_id
    assert explained.detail
    notes = {candidate.prompt: candidate.note for candidate in explained.candidates}
    assert notes == {PASSWORD: "", "What are your opening hours?": "the stored answer has expired"}
    assert cache.explain("How do I cancel my order?").reason is Reason.NOT_SIMILAR
    assert cache.stats() == before
    clock.advance(-20)
    cache.invalidate(entry_id=str(entry_id))


def test_clear_removes_everything_of_the_scope(make_cache: MakeCache) -> None:
    """clear() empties one scope, counts what it removed, and leaves the others."""
    mine, other = make_cache(scope={"tenant": "a"}), make_cache(scope={"tenant": "b"})
    for n in range(5):
        mine.store(f"Question number {n}?", "answer", tags=["t"], sources={"doc": 1})
    other.store(PASSWORD, "answer")
    assert mine.clear() == 5
    assert mine.clear() == 0
    assert not mine.lookup("Question number 1?")
    assert other.lookup(PASSWORD)


def test_drop_leaves_no_key_of_the_scope(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """drop() removes answers, counters, learning and the catalogue's line; the scope can be used again."""
    cache = make_cache(learn="inline")
    for prompt in (PASSWORD, "What are your opening hours?", "How do I cancel my order?"):
        miss = cache.lookup(prompt)
        assert isinstance(miss, Miss)
        cache.store(prompt, f"answer to {prompt}", miss=miss, tags=["t"], sources={"d": 1})
    cache.lookup(PARAPHRASE)
    assert cache.drop() == 3
    assert list(redis.scan_iter(f"*{cache.scope.id}*", count=10_000)) == []
    assert scope_ids(redis, cache.scope.namespace) == []
    assert cache.store(PASSWORD, "answer")


def test_invalidate_by_id_tag_and_source(cache: SemanticCache) -> None:
    """Each way removes what it names, says how many, and a second time none."""
    first = cache.store("Question one?", "1", tags=["t"], sources={"d": 1})
    cache.store("Question two, please?", "2", tags=["t"])
    cache.store("A third question?", "3", sources={"d": 2})
    assert [cache.invalidate(entry_id=str(first)) for _ in range(2)] == [1, 0]
    assert [cache.invalidate(tag="t") for _ in range(2)] == [1, 0]
    assert [cache.invalidate(source="d") for _ in range(2)] == [1, 0]
    assert list(cache.entries()) == []
    assert cache.stats().invalidated == 3


def test_invalidate_needs_exactly_one_criterion(cache: SemanticCache) -> None:
    """None, or two at once, is invalid input: nothing is removed by accident."""
    with pytest.raises(InvalidInput, match="one of"):
        cache.invalidate()
    with pytest.raises(InvalidInput, match="one of"):
        cache.invalidate(tag="a", source="b")


def test_entries_are_paged_most_used_first(cache: SemanticCache) -> None:
    """entries() lists by use; offset and limit cut pages out of it."""
    for n in range(5):
        cache.store(f"Question {n}?", str(n))
    for n in (3, 3, 3, 1):
        cache.lookup(f"Question {n}?")
    assert [entry.response for entry in cache.entries(limit=2)] == ["3", "1"]
    assert len(list(cache.entries(offset=2))) == 3
    assert [entry.hits for entry in cache.entries(limit=2)] == [3, 1]


def test_an_entry_tells_what_it_took_and_what_came_of_it(cache: SemanticCache) -> None:
    """Tokens and seconds of an answer are what each of its hits saves; verdicts of users are counted on it."""
    entry_id = cache.store(PASSWORD, "answer", options=StoreOptions(compute_s=1.5))
    assert entry_id is not None
    saved = cache.lookup(PASSWORD)
    assert isinstance(saved, Hit)
    cache.feedback(entry_id, correct=True)
    (entry,) = cache.entries()
    assert (entry.tokens, entry.compute_s) == (saved.tokens_saved, 1.5)
    assert (entry.hits, entry.confirmed, entry.rejected) == (1, 1, 0)


def test_construction_needs_no_server() -> None:
    """A cache for a server that is down is made without complaint; its first call says that Redis is unavailable."""
    cache = SemanticCache(f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(RedisUnavailable):
        cache.lookup(PASSWORD)


def test_an_entry_knows_when_it_was_last_verified(cache: SemanticCache, clock: Clock) -> None:
    """At first that is when it was made, then whenever it is served; a miss changes nothing."""
    cache.store("How long can I return a lamp?", "30 days.")
    made = clock.now
    clock.advance(60)
    cache.lookup("Where do you ship to?")
    assert next(cache.entries()).verified_at == made
    assert cache.lookup("how long can I return a lamp")
    assert next(cache.entries()).verified_at == clock.now
