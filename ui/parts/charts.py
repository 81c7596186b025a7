"""Charts: colour-blind safe, readable in light and dark, without anything that is not data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import altair as alt
import pandas as pd

from semcache.chat.facts import sentence
from semcache.memory.facts.types import Fact
from semcache_ui.services import words
from semcache_ui.services.answering.provenance import Stage
from semcache_ui.services.budget import Bin, Point
from semcache_ui.services.watching.history import Rates
from semcache_ui.theme import BLUE, CATEGORICAL, GREEN, GREY, ORANGE, VERMILLION

_BAR = 26
"""Height of a bar with its gap, pixels."""
_AXIS = 56
"""Height of an axis with its title, pixels."""

_HOLDS, _OVER = "holds on that day", "does not"


def stages(stages: Sequence[Stage]) -> alt.Chart:
    """How long each stage of an answer took."""
    rows = pd.DataFrame([{"stage": s.name, "ms": s.seconds * 1000, "took": words.took(s.seconds)} for s in stages])
    names = [s.name for s in stages]
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar(cornerRadius=3)
        .encode(
            x=alt.X("ms:Q", title="milliseconds"),
            y=alt.Y("stage:N", sort=names, title=None, axis=alt.Axis(labelOverlap=False)),
            color=alt.Color("stage:N", sort=names, legend=None, scale=alt.Scale(range=list(CATEGORICAL))),
            tooltip=["stage", "took"],
        )
        .properties(height=_BAR * len(names) + _AXIS)
    )
    return chart


def bars(values: Mapping[str, float], unit: str) -> alt.Chart:
    """Named amounts, as they come."""
    rows = pd.DataFrame([{"name": name, unit: value} for name, value in values.items()])
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar(cornerRadius=3, color=BLUE)
        .encode(
            x=alt.X(f"{unit}:Q", title=unit, axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=220, labelOverlap=False)),
            tooltip=["name", unit],
        )
        .properties(height=_BAR * len(values) + _AXIS)
    )
    return chart


def hit_rate(rates: Sequence[Rates]) -> alt.Chart:
    """Share of lookups served, from look to look, and since the first."""
    hits = lookups = 0.0
    rows = []
    for rate in rates:
        hits, lookups = hits + (rate.hit_rate or 0) * rate.lookups, lookups + rate.lookups
        at = datetime.fromtimestamp(rate.at, UTC)
        rows.append({"time": at, "hit rate": hits / lookups if lookups else 0.0, "what": "since the start"})
        rows.append({"time": at, "hit rate": rate.hit_rate or 0.0, "what": "at the moment"})
    chart: alt.Chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_line(point=True)
        .encode(
            x=_time("time"),
            y=alt.Y("hit rate:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
            color=alt.Color(
                "what:N", title=None, scale=alt.Scale(range=[ORANGE, BLUE]), legend=alt.Legend(orient="top")
            ),
            strokeDash=alt.StrokeDash("what:N", legend=None),
        )
        .properties(height=240)
    )
    return chart


def growth(shares: Sequence[float]) -> alt.Chart:
    """Hit rate of each tenth of a stream."""
    rows = pd.DataFrame([{"tenth": place, "hit rate": share} for place, share in enumerate(shares, 1)])
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar(cornerRadius=3, color=BLUE)
        .encode(
            x=alt.X("tenth:O", title="tenth of the stream", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("hit rate:Q", axis=alt.Axis(format="%")),
            tooltip=["tenth", alt.Tooltip("hit rate:Q", format=".1%")],
        )
        .properties(height=280)
    )
    return chart


def trade_off(
    curve: Sequence[Mapping[str, Any]], ours: Mapping[str, Any], budget: float
) -> alt.LayerChart | alt.FacetChart:
    """Precision against hit rate: static thresholds in hindsight, ours with its interval, and the budget."""
    x = alt.X("hit rate:Q", axis=alt.Axis(format="%"), scale=alt.Scale(domainMin=0))
    y = alt.Y("right:Q", title="share of hits that are right", axis=alt.Axis(format="%"), scale=alt.Scale(zero=False))
    tips = ["what", alt.Tooltip("hit rate:Q", format=".1%"), alt.Tooltip("right:Q", format=".2%")]
    static = pd.DataFrame(
        [
            {"what": f"threshold {r['threshold']:.3f}", "hit rate": r["hit_rate"], "right": 1 - r["wrong_hit_rate"]}
            for r in curve
            if r["wrong_hit_rate"] is not None
        ],
        columns=["what", "hit rate", "right"],
    )
    layers = [
        alt.Chart(static).mark_line(color=GREY, point=alt.OverlayMarkDef(color=GREY)).encode(x=x, y=y, tooltip=tips),
        alt.Chart(pd.DataFrame([{"right": 1 - budget}])).mark_rule(color=GREEN, strokeDash=[6, 4]).encode(y=y),
    ]
    if ours["wrong_hit_rate"] is not None:
        low, high = ours["wrong_hit_interval"]
        point = pd.DataFrame(
            [
                {
                    "what": str(ours["policy"]),
                    "hit rate": ours["hit_rate"],
                    "right": 1 - ours["wrong_hit_rate"],
                    "low": 1 - high,
                    "high": 1 - low,
                }
            ]
        )
        layers.append(alt.Chart(point).mark_rule(color=VERMILLION, strokeWidth=2).encode(x=x, y="low:Q", y2="high:Q"))
        layers.append(
            alt.Chart(point)
            .mark_point(color=VERMILLION, filled=True, size=130, shape="diamond")
            .encode(x=x, y=y, tooltip=tips)
        )
    return alt.layer(*layers).properties(height=280)


def reliability(bins: Sequence[Bin]) -> alt.LayerChart | alt.FacetChart:
    """Expected against observed error, with 95 % intervals; on the dashed line the odds come true."""
    rows = pd.DataFrame(
        [{"expected": b.expected, "observed": b.observed, "low": b.low, "high": b.high, "answers": b.n} for b in bins]
    )
    end = max(0.05, *(max(b.expected, b.high) for b in bins))
    line = pd.DataFrame([{"expected": 0.0, "observed": 0.0}, {"expected": end, "observed": end}])
    x = alt.X("expected:Q", title="expected error", axis=alt.Axis(format="%"))
    y = alt.Y("observed:Q", title="observed error", axis=alt.Axis(format="%"))
    tips = [alt.Tooltip(f"{name}:Q", format=".1%") for name in ("expected", "observed", "low", "high")]
    return alt.layer(
        alt.Chart(line).mark_line(color=GREY, strokeDash=[6, 4]).encode(x=x, y=y),
        alt.Chart(rows).mark_rule(color=BLUE).encode(x=x, y=alt.Y("low:Q", title="observed error"), y2="high:Q"),
        alt.Chart(rows).mark_circle(color=BLUE, size=90, opacity=1).encode(x=x, y=y, tooltip=[*tips, "answers"]),
    ).properties(height=280)


def budget_curve(curve: Sequence[Point], budget: float) -> alt.LayerChart | alt.FacetChart:
    """The estimated error against the share served; up to where it crosses the budget is served."""
    rows = pd.DataFrame([{"share": p.share, "error": p.error} for p in curve])
    x = alt.X("share:Q", title="share of the questions that have a neighbour", axis=alt.Axis(format="%"))
    y = alt.Y("error:Q", title="wrong among them, estimated", axis=alt.Axis(format="%"))
    tips = [alt.Tooltip("share:Q", format=".1%"), alt.Tooltip("error:Q", format=".2%")]
    return alt.layer(
        alt.Chart(rows).mark_line(color=BLUE).encode(x=x, y=y, tooltip=tips),
        alt.Chart(pd.DataFrame([{"error": budget}])).mark_rule(color=GREEN, strokeDash=[6, 4]).encode(y=y),
    ).properties(height=280)


def timeline(facts: Sequence[Fact], *, now: float, at: float) -> alt.LayerChart | alt.FacetChart:
    """Each fact over the time it holds; what holds at `at` is dark, the line is `at`."""
    rows = pd.DataFrame(
        [
            {
                "row": words.shortened(sentence(fact).rstrip("."), 46),
                "about": f"{fact.subject} {fact.attribute}",
                "from": datetime.fromtimestamp(fact.valid_from, UTC),
                "to": datetime.fromtimestamp(now if fact.valid_to is None else fact.valid_to, UTC),
                "state": _HOLDS if fact.current(at) else _OVER,
            }
            for fact in facts
            if fact.valid_from is not None
        ],
        columns=["row", "about", "from", "to", "state"],
    )
    order = list(dict.fromkeys(rows.sort_values(["about", "from"])["row"]))
    bars = (
        alt.Chart(rows)
        .mark_bar(cornerRadius=3, height=13)
        .encode(
            x=alt.X("from:T", title=None),
            x2="to:T",
            y=alt.Y("row:N", sort=order, title=None, axis=alt.Axis(labelLimit=280, labelOverlap=False)),
            color=alt.Color(
                "state:N",
                title=None,
                scale=alt.Scale(domain=[_HOLDS, _OVER], range=[BLUE, "#B8C2CC"]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=["row", "from:T", "to:T"],
        )
    )
    moment = pd.DataFrame([{"at": datetime.fromtimestamp(at, UTC)}])
    line = alt.Chart(moment).mark_rule(color=VERMILLION, strokeDash=[5, 4]).encode(x="at:T")
    return alt.layer(bars, line).properties(height=_BAR * max(1, len(order)) + 2 * _AXIS)


def recollection(parts: Mapping[str, float]) -> alt.Chart:
    """What a recalled turn's score is made of."""
    return bars({name: round(value, 4) for name, value in parts.items() if abs(value) >= 0.0005}, "score")


def throughput(rates: Sequence[Rates]) -> alt.Chart:
    """Events a second: produced, and applied."""
    rows = [
        {"time": datetime.fromtimestamp(rate.at, UTC), "events a second": value, "what": what}
        for rate in rates
        for what, value in (("produced", rate.produced_per_s), ("applied", rate.applied_per_s))
        if value is not None
    ]
    most = max(1.0, *(float(str(row["events a second"])) for row in rows)) if rows else 1.0
    chart: alt.Chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_line(interpolate="step-before")  # a rate is the mean since the look before
        .encode(
            x=_time("time"),
            y=alt.Y("events a second:Q", scale=alt.Scale(domain=[0, most]), axis=alt.Axis(tickCount=5)),
            color=alt.Color(
                "what:N", title=None, scale=alt.Scale(range=[GREEN, ORANGE]), legend=alt.Legend(orient="top")
            ),
            strokeDash=alt.StrokeDash("what:N", legend=None),
        )
        .properties(height=240)
    )
    return chart


def _time(field: str) -> alt.X:
    """Moments since the app is open."""
    return alt.X(f"{field}:T", title=None, axis=alt.Axis(format="%H:%M:%S", tickCount=5, labelOverlap=True))
