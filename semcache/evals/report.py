"""A hit-rate report: the result as JSON keys, and as an HTML page with its plots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from semcache.evals.replay import Summary
from semcache.evals.thresholds import StaticResult, best_within

PAGE = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1.5rem }
.plots svg { width: 100%; height: auto; background: white; border-radius: 8px }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .3rem .8rem; border-bottom: 1px solid #8884; text-align: right }
td:first-child, th:first-child { text-align: left } h2 { font-size: 1.1rem } .lead { font-size: 1.3rem }
</style>
<h1>$title</h1>
<p class="lead">$lead</p>
$tables
<div class="plots">$plots</div>
<p>Result as data: <a href="result.json">result.json</a></p>
</html>
""")


def result(
    summary: Summary, static: Sequence[StaticResult], *, policy: str, embedder: str, max_error_rate: float
) -> dict[str, Any]:
    """The machine-readable result of a replay. Keys are fixed; more may be added."""
    return {
        "requests": summary.requests,
        "hits": summary.hits,
        "hit_rate": summary.hit_rate,
        "wrong_hits": summary.wrong_hits,
        "wrong_hit_rate": summary.wrong_hit_rate,
        "wrong_hit_interval": list(summary.wrong_hit_interval),
        "unjudged_hits": summary.unjudged_hits,
        "exact_hits": summary.exact_hits,
        "wrong_exact_hits": summary.wrong_exact_hits,
        "max_error_rate": max_error_rate,
        "shadow_calls": summary.shadow_calls,
        "policy": policy,
        "embedder": embedder,
        "latency_ms": summary.latency_ms,
        "saved": summary.saved,
        "growth": list(summary.growth),
        "comparison": comparison(summary, static, policy=policy, max_error_rate=max_error_rate),
        "curve": [r.row("static") for r in static],
    }


def comparison(
    summary: Summary, static: Sequence[StaticResult], *, policy: str, max_error_rate: float
) -> list[dict[str, object]]:
    """Ours beside the best static threshold in hindsight, and a threshold of 0.9."""
    rows: list[dict[str, object]] = [
        {
            "policy": policy,
            "threshold": None,
            "hits": summary.hits,
            "hit_rate": summary.hit_rate,
            "wrong_hits": summary.wrong_hits,
            "wrong_hit_rate": summary.wrong_hit_rate,
            "wrong_hit_interval": list(summary.wrong_hit_interval),
        }
    ]
    best = best_within(static, max_error_rate) or StaticResult(1.0, summary.requests, 0, 0)
    rows.append(best.row("best static threshold in hindsight" if best.hits else "no static threshold stays within"))
    rows.extend(r.row("static threshold 0.9") for r in static if r.threshold == 0.9)
    return rows


def write_report(folder: Path, title: str, data: Mapping[str, Any], plots: Mapping[str, str]) -> Path:
    """Writes index.html, result.json and one SVG a plot into `folder`; returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(data, indent=2))
    for name, svg in plots.items():
        (folder / (name.lower().replace(" ", "-") + ".svg")).write_text(svg)
    page = PAGE.substitute(
        title=escape(title),
        lead=escape(_lead(data)),
        tables=_comparison_table(data["comparison"]) + _latency_table(data["latency_ms"]) + _saved(data["saved"]),
        plots="".join(f"<section><h2>{escape(name)}</h2>{svg}</section>" for name, svg in plots.items()),
    )
    (folder / "index.html").write_text(page)
    return folder / "index.html"


def _lead(data: Mapping[str, Any]) -> str:
    low, high = data["wrong_hit_interval"]
    return (
        f"{data['hits']:,} of {data['requests']:,} requests were served from the cache ({data['hit_rate']:.1%}); "
        f"{data['wrong_hits']} of these answers were wrong ({data['wrong_hit_rate']:.2%}, "
        f"95 % interval {low:.2%} to {high:.2%}; budget {data['max_error_rate']:.1%})."
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def cells(tag: str, row: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(c)}</{tag}>" for c in row) + "</tr>"

    return "<table>" + cells("th", head) + "".join(cells("td", row) for row in rows) + "</table>"


def _comparison_table(rows: Sequence[Mapping[str, Any]]) -> str:
    return _table(
        ["policy", "threshold", "hit rate", "wrong among hits", "95 % interval"],
        [
            [
                str(r["policy"]),
                "" if r["threshold"] is None else f"{r['threshold']:.3f}",
                f"{r['hit_rate']:.1%}",
                f"{r['wrong_hit_rate']:.2%}",
                f"{r['wrong_hit_interval'][0]:.2%} to {r['wrong_hit_interval'][1]:.2%}",
            ]
            for r in rows
        ],
    )


def _latency_table(latency: Mapping[str, Mapping[str, float]]) -> str:
    rows = [[kind, *(f"{times[p]:.1f} ms" for p in ("p50", "p95", "p99"))] for kind, times in latency.items()]
    return _table(["lookup", "p50", "p95", "p99"], rows)


def _saved(saved: Mapping[str, float]) -> str:
    return (
        f"<p>Saved: {saved['calls']:,.0f} calls, {saved['tokens']:,.0f} tokens, "
        f"US$ {saved['usd']:,.4f}, {saved['seconds']:,.0f} s of waiting.</p>"
    )
