"""What stands under an answer."""

from __future__ import annotations

from dataclasses import replace

from semcache.cache import Candidate, Hit, Miss, Reason
from semcache.chat import Answer
from semcache.chat.answer import Saved
from semcache.llm import Passage
from semcache_ui.services.answering.provenance import provenance, stages

HIT = Hit(
    response="30 days.",
    entry_id="e1",
    prompt="How long may I return it?",
    similarity=0.9812,
    confidence=0.981,
    age_s=190,
    sources={"returns": 2},
    exact=False,
    candidates=(
        Candidate("e1", "How long may I return it?", 0.9812),
        Candidate("e2", "How long is it?", 0.7, "number"),
    ),
)
SERVED = Answer(
    text="30 days.",
    outcome="hit",
    reason="similar",
    question="How many days to return it?",
    kind="shared",
    hit=HIT,
    saved=Saved(tokens=1204, seconds=1.3),
    timings={"embed": 0.008, "lookup": 0.002, "store": 0.2, "total": 0.21},
)
COMPUTED = Answer(
    text="30 days.",
    outcome="miss",
    reason="nothing is stored to compare with",
    question="How many days to return it?",
    kind="shared",
    miss=Miss(Reason.EMPTY, "nothing is stored to compare with"),
    entry_id="e9",
    tokens=300,
)


def test_a_hit_names_the_question_it_was_stored_for() -> None:
    """A semantic hit says which stored question has the same meaning, how similar it is and how sure that is."""
    said = provenance(SERVED, asked=SERVED.question)
    assert (said.label, said.why) == ("cache hit", "same meaning as “How long may I return it?”")
    assert said.facts[:2] == ("similarity 0.981, confidence 98 %", "first answered 3 min ago")
    assert "saved 1,204 tokens, 1.3 s" in said.facts


def test_the_time_of_an_answer_leaves_out_what_came_after_it() -> None:
    """Storing turns happens after the answer is there, and does not count as waiting for it."""
    assert "in 10 ms (embed 8 ms)" in provenance(SERVED, asked="").facts


def test_an_exact_hit_says_so() -> None:
    """The very same question is an exact match, without a similarity."""
    said = provenance(replace(SERVED, hit=replace(HIT, exact=True)), asked=SERVED.question)
    assert said.why == "the same question was asked before"
    assert said.facts[0] == "exact match"


def test_a_miss_says_why_and_whether_it_is_kept() -> None:
    """A computed answer says why nothing was served, and whether it will be next time."""
    said = provenance(COMPUTED, asked=COMPUTED.question)
    assert (said.label, said.why) == ("miss", "nothing is stored to compare with")
    assert said.facts == ("kept for next time", "300 tokens")
    assert "not kept" in provenance(replace(COMPUTED, entry_id=None), asked="").facts


def test_neighbours_carry_what_speaks_against_them() -> None:
    """Of the near questions one was served, and the others say why they were not."""
    assert [(n.served, n.note) for n in provenance(SERVED, asked="").neighbours] == [(True, ""), (False, "number")]


def test_a_rewritten_question_is_shown() -> None:
    """How a follow-up was understood is told only where it differs from what was typed."""
    assert provenance(SERVED, asked="and how many days?").understood_as == "How many days to return it?"
    assert provenance(SERVED, asked="how many days to return it?").understood_as == ""


def test_stages_come_in_the_order_of_the_way() -> None:
    """Stages keep their order whatever took longest, and their shares add up with what is not shown."""
    found = stages({"store": 0.05, "embed": 0.05, "recall": 0.0, "total": 0.2})
    assert [(s.name, s.share) for s in found] == [("embed", 0.25), ("store", 0.25)]


def test_a_miss_shows_what_was_near() -> None:
    """Why nothing was served is seen on the neighbours, of which none is marked as served."""
    near = Candidate("e2", "How long is it?", 0.7, "the number differs")
    missed = replace(COMPUTED, miss=Miss(Reason.NOT_SIMILAR, "nothing similar", (near,)))
    said = provenance(missed, asked=missed.question)
    assert [(n.prompt, n.note, n.served) for n in said.neighbours] == [("How long is it?", "the number differs", False)]
    assert ("nearest", "0.7000") in said.numbers


def test_an_answer_says_what_it_rests_on() -> None:
    """The reason names documents with their versions, memories, and whether it was made now or before."""
    served = replace(SERVED, sources={"returns": 2})
    assert provenance(served, asked="").because == (
        "This was answered 3 min ago, and what it rests on has not changed since. It rests on returns (version 2)."
    )
    told = Passage("m1", "memory", "you, 3 May 2026", "I ride a C2.", 1.0)
    made = replace(COMPUTED, memories=(told,), cited=("m1",))
    assert provenance(made, asked="").because.endswith("It rests on 1 thing you told.")
    anew = provenance(replace(COMPUTED, outcome="fresh", miss=None), asked="")
    assert (anew.label, anew.because) == ("without the cache", "You asked for it to be made anew.")
    unknown = provenance(replace(COMPUTED, known=False), asked="")
    assert "Nothing that was found answers the question" in unknown.because
