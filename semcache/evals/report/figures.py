"""The figures of a measurement as data: what `--json` prints and result.json holds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from semcache.evals.log import Log
from semcache.evals.stats import with_estimate
from semcache.evals.summary import Summary
from semcache.evals.thresholds import StaticResult, best_within


def result(
    summary: Summary, static: Sequence[StaticResult], *, policy: str, embedder: str, max_error_rate: float
) -> dict[str, Any]:
    """The machine-readable result of a replay. Keys are fixed; more may be added."""
    return {
        "requests": summary.requests,
        **_row(summary),
        "unjudged_hits": summary.unjudged_hits,
        "exact_hits": summary.exact_hits,
        "wrong_exact_hits": summary.wrong_exact_hits,
        "compared_by": dict(summary.compared_by),
        "estimated_wrong_share": summary.estimate.share if summary.estimate.hits else None,
        "judge": summary.errors.row() if summary.compared_by["meaning"] else None,
        "max_error_rate": max_error_rate,
        "shadow_calls": summary.shadow_calls,
        "policy": policy,
        "embedder": embedder,
        "latency_ms": summary.latency_ms,
        "saved": summary.saved,
        "growth": list(summary.growth),
        "comparison": comparison(summary, static, policy=policy, max_error_rate=max_error_rate),
        "curve": [_static_row(r, "static", summary) for r in static],
        "by_scope": list(summary.scopes),
        "examples": summary.examples,
    }


def of_log(log: Log) -> dict[str, Any]:
    """What the figures are of."""
    return {
        "kind": log.kind,
        "shuffled": log.shuffled,
        "skipped": log.skipped,
        "left_out": dict(log.left_out),
        "scopes": len({request.scope for request in log.requests}),
        "truth": log.truth,
    }


def comparison(
    summary: Summary, static: Sequence[StaticResult], *, policy: str, max_error_rate: float
) -> list[dict[str, object]]:
    """Ours beside the best static threshold in hindsight, and a threshold of 0.9."""
    rows: list[dict[str, object]] = [{"policy": policy, "threshold": None, **_row(summary)}]
    best = best_within(static, max_error_rate) or StaticResult(1.0, summary.requests, 0, 0)
    name = "best static threshold in hindsight" if best.hits else "no static threshold stays within"
    rows.append(_static_row(best, name, summary))
    rows.extend(_static_row(r, "static threshold 0.9", summary) for r in static if r.threshold == 0.9)
    return rows


def _static_row(result: StaticResult, name: str, summary: Summary) -> dict[str, object]:
    """A threshold's row. Where hits were judged by meaning, the judge's errors are in its interval, too."""
    row = result.row(name)
    if summary.compared_by["meaning"]:
        judged, untold = result.judged_hits, result.unjudged_hits
        told = partial(summary.errors.interval, untold=untold)
        row["wrong_hit_interval"] = list(
            with_estimate(result.wrong_hits, judged, result.estimate, lambda w, n: told(w, n, by_meaning=n))
        )
    return row


def _row(summary: Summary) -> dict[str, object]:
    return {
        "hits": summary.hits,
        "hit_rate": summary.hit_rate,
        "judged_hits": summary.judged_hits,
        "wrong_hits": summary.wrong_hits,
        "wrong_hit_rate": summary.wrong_hit_rate,
        "wrong_hit_interval": list(summary.wrong_hit_interval),
    }
