"""The figures of a replay, and the sentences made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from semcache.evals.log import Log, Request
from semcache.evals.replay import Outcome
from semcache.evals.report import figures, words
from semcache.evals.summary import EXAMPLES, SAMPLE, Tally
from semcache.evals.thresholds import StaticResult, best_within

ASKED = Request("where are you?", "in Ghent", None)


def hit(wrong: bool | None, *, exact: bool = False, scope: str = "") -> Outcome:
    by = "nothing" if wrong is None else "meaning"
    return Outcome(
        Request("q", "a", None, scope=scope), True, 0.9, 0.001, exact, wrong=wrong, stored=ASKED, compared_by=by
    )


def miss() -> Outcome:
    return Outcome(ASKED, False, 0.1, 0.002)


def counted(outcomes: Sequence[Outcome], kind: Any = "responses") -> dict[str, Any]:
    tally = Tally(len(outcomes))
    for outcome in outcomes:
        tally.add(outcome)
    summary = tally.summary()
    result = figures.result(summary, [], policy="budget", embedder="e", max_error_rate=0.02)
    return result | figures.of_log(Log(tuple(outcome.request for outcome in outcomes), kind))


@given(st.lists(st.sampled_from([hit(True), hit(False), hit(None), hit(False, exact=True), miss()]), max_size=60))
def test_the_counts_add_up(outcomes: list[Outcome]) -> None:
    """Judged and unjudged are all hits, every hit was compared by something, and no rate is made of nothing."""
    data = counted(outcomes)
    assert data["judged_hits"] + data["unjudged_hits"] == data["hits"] == sum(data["compared_by"].values())
    assert data["compared_by"]["nothing"] == data["unjudged_hits"]
    assert data["exact_hits"] <= data["hits"]
    assert (data["wrong_hit_rate"] is None) == (data["judged_hits"] == 0)
    assert len(data["examples"]["wrong"]) == min(EXAMPLES, data["wrong_hits"])
    assert len(data["examples"]["right"]) == min(EXAMPLES, data["judged_hits"] - data["wrong_hits"])


def test_examples_stand_side_by_side() -> None:
    """An example has both questions and both answers; hits by meaning come before those of the same question."""
    data = counted([hit(False, exact=True)] * 20 + [hit(False)])
    first = data["examples"]["right"][0]
    assert (first["asked"], first["stored"], first["served"], first["log_answer"]) == (
        "q", "where are you?", "in Ghent", "a",
    )  # fmt: skip
    assert (first["exact"], first["compared_by"], len(data["examples"]["right"])) == (False, "meaning", EXAMPLES)


def test_nothing_judged_is_no_precision() -> None:
    """Where nobody could judge, no share of wrong hits is claimed, in no row and no sentence."""
    data = counted([hit(None), miss()])
    assert data["wrong_hit_rate"] is None
    assert data["comparison"][0]["wrong_hit_rate"] is None
    assert words.wrong_share(data) == "not judged"
    assert "none of those could be judged" in words.lead(data)
    assert "Not judged: 1 of 1 hits" in words.judged(data)
    assert StaticResult(0.9, 10, 4, 0, 4).wrong_hit_rate is None
    assert best_within([StaticResult(0.9, 10, 4, 0, 4)], 0.02) is None


def test_the_lead_says_what_was_found() -> None:
    """The first sentence has the requests, what was saved and how much of it was wrong."""
    said = words.lead(counted([hit(True), *[hit(False)] * 3, *[miss()] * 4]))
    assert (
        said == "Of 8 requests, 50% need not have been sent; 25.0% of those that could be judged would have been wrong."
    )
    assert "nobody can say" in words.lead(counted([hit(None), miss()], "prompts"))


def test_scopes_are_counted_apart() -> None:
    """Each scope has its own hit rate, the largest first."""
    data = counted([hit(True, scope="b"), hit(False, scope="a"), hit(None, scope="a")])
    assert [(row["scope"], row["hits"], row["judged_hits"], row["wrong_hits"]) for row in data["by_scope"]] == [
        ("a", 2, 1, 0),
        ("b", 1, 1, 1),
    ]


def test_memory_does_not_grow_with_the_log() -> None:
    """Of many outcomes an even sample is kept, in order, for the plots; the counts are of all."""
    tally = Tally(3 * SAMPLE)
    for _ in range(3 * SAMPLE):
        tally.add(miss())
    assert SAMPLE // 2 <= len(tally.sampled) <= SAMPLE
    assert tally.summary().requests == 3 * SAMPLE == sum(n for n, _ in tally.summary().parts)


def test_thresholds_are_judged_by_the_same_judge() -> None:
    """Where meaning judged, the interval of a static threshold allows for the judge's errors, as ours does."""
    static = [StaticResult(0.9, 1_000, 800, 2, 600)]

    def interval(outcomes: Sequence[Outcome]) -> Any:
        tally = Tally(len(outcomes))
        for outcome in outcomes:
            tally.add(outcome)
        data = figures.result(tally.summary(), static, policy="budget", embedder="e", max_error_rate=0.02)
        return data["curve"][0]["wrong_hit_interval"]

    assert interval([hit(False)])[1] > interval([miss()])[1]
