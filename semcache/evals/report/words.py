"""The sentences of a measurement, for the terminal, the page and the app (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

COMPARED_BY = {
    "ids": "answer ids",
    "labels": "labels",
    "text": "equal text",
    "meaning": "meaning",
    "likelihood": "likelihood",
    "nothing": "nothing",
}
NOT_JUDGED = "not judged"


def lead(data: Mapping[str, Any]) -> str:
    """The answer in one sentence."""
    could = f"Of {data['requests']:,} requests, {data['hit_rate']:.0%} need not have been sent"
    if data["kind"] == "prompts":
        return f"{could}; the log has no answers, so nobody can say how many of those would have been wrong."
    if not data["hits"]:
        return f"{could}: nothing was served within the budget of {data['max_error_rate']:.1%}."
    if data["wrong_hit_rate"] is None:
        return f"{could}; none of those could be judged."
    return f"{could}; {data['wrong_hit_rate']:.1%} of those that could be judged would have been wrong."


def judged(data: Mapping[str, Any]) -> str:
    """By what hits were judged, how many were not, and how sure that makes."""
    if not data["hits"]:
        return f"{data['shadow_calls']:,} would-be hits were answered anew, to learn from."
    by = [f"{count:,} by {COMPARED_BY[name]}" for name, count in data["compared_by"].items() if count]
    by = [part for part in by if not part.endswith("by nothing")]
    told = f"Judged: {', '.join(by)}." if by else "Judged: none."
    if data["unjudged_hits"]:
        told += f" Not judged: {data['unjudged_hits']:,} of {data['hits']:,} hits."
    if data["judged_hits"]:
        told += f" 95 % interval of the wrong share: {interval(data['wrong_hit_interval'])}."
    return told


def wrong_share(row: Mapping[str, Any]) -> str:
    """`0.60%`, or that nothing was judged."""
    rate = row["wrong_hit_rate"]
    return NOT_JUDGED if rate is None else f"{rate:.2%}"


def interval(bounds: Sequence[float]) -> str:
    return f"{bounds[0]:.2%} to {bounds[1]:.2%}"


def duration(seconds: float) -> str:
    """`12 s`, `3.4 min`, `5.1 h`."""
    if seconds < 100:
        return f"{seconds:,.0f} s"
    return f"{seconds / 60:,.1f} min" if seconds < 6_000 else f"{seconds / 3_600:,.1f} h"


def remarks(data: Mapping[str, Any]) -> Iterator[str]:
    """What one must know of the log to read the figures."""
    if data["shuffled"]:
        yield "The requests were shuffled (--keep-order keeps the file's order)."
    if data["skipped"]:
        reasons = ", ".join(f"{reason} ({count:,})" for reason, count in data["left_out"].items())
        yield f"{data['skipped']:,} rows were left out: {reasons}. --rows names each."
    if data["scopes"] > 1:
        yield f"{data['scopes']:,} scopes (model, system prompt, tools, settings); an answer is served within its own."
    yield from _truth(data)
    if data["wrong_exact_hits"] > data["max_error_rate"] * data["exact_hits"]:
        yield (
            f"{data['wrong_exact_hits']:,} wrong hits are the same question with another answer: put what the answer "
            "depends on into the scope, the context or the prompt; no budget can tell them apart."
        )


def _truth(data: Mapping[str, Any]) -> Iterator[str]:
    if data["kind"] == "prompts":
        yield "The log has no answers: hits are repetition, of the same question or by meaning; no error is claimed."
    elif data["kind"] == "responses":
        yield (
            "The log has no answer ids: answers were compared by their text and meaning; what is not clear is not "
            "judged."
        )
    elif data["truth"]:
        yield f"Answers are the same where the column {data['truth']} says so."
    if (share := data.get("estimated_wrong_share")) is not None:
        yield (
            f"{data['compared_by']['likelihood']:,} hits have long answers in other words, of which no single one can "
            f"be told: by their likelihoods together, {share:.1%} of these are wrong."
        )
    if judge := data["judge"]:
        yield (
            f"The comparison by meaning was checked on this log: it called {judge['called_different']} of "
            f"{judge['same_pairs']} answers to one repeated question different; of {judge['different_pairs']} answers "
            f"to unrelated questions it told {judge['told_different']} apart and called {judge['called_same']} the "
            "same. The interval has these errors in it."
        )
