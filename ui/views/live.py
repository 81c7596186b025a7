"""What the caches decide right now, as it is counted from Kafka: the live part of the hit-rate page."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from semcache.app import App
from semcache.cache.scopes.catalogue import listed
from semcache_ingest.decisions.figures import Figures
from semcache_ingest.decisions.view import DecisionsView, Series, TopQuestion, grouped, total
from semcache_ui import shell, visitor
from semcache_ui.services import words
from semcache_ui.services.installation import Installation
from semcache_ui.theme import BLUE

WINDOWS = {"5 minutes": 300, "hour": 3_600, "day": 86_400, "week": 604_800}
EVERY_S = 2.0
_NAME_CHARS = 40


def section(installation: Installation) -> None:
    """The figures of the last minutes, hours or days; nothing, unless decisions are published."""
    if not installation.settings.decisions.publish:
        return
    with st.container(border=True):
        st.markdown("**Live**")
        window = st.segmented_control("In the last", list(WINDOWS), default="hour", required=True, key="live-window")
        _shown(installation, WINDOWS[str(window)])


@st.fragment(run_every=EVERY_S)
@shell.shielded
def _shown(installation: Installation, length_s: int) -> None:
    view, now = DecisionsView(installation.app.redis, installation.settings), time.time()
    series = view.sliding(length_s, now=now)
    figures = total(series)
    if not figures.counts:
        st.caption(
            "Nothing was counted in this time. `semcache-ingest decisions run` counts what the caches publish; it has "
            "to run."
        )
        return
    _metrics(figures)
    st.altair_chart(_over_time(series))
    _table("tenant", {name or "none": f for name, f in grouped(series, "tenant").items()})
    _table("scope", _named(installation.app, grouped(series, "scope")))
    if visitor.current().admin and installation.settings.decisions.text:
        days = -(-length_s // 86_400)
        left, right = st.columns(2)
        with left:
            _top("Missed most often", view.top("missed", now=now, days=days))
        with right:
            _top("Served most often", view.top("served", now=now, days=days))


def _metrics(figures: Figures) -> None:
    said = figures.as_dict()
    with st.container(horizontal=True):
        st.metric("Look-ups", f"{figures.lookups:,}", border=True)
        st.metric("Hit rate", _share(figures.hit_rate), border=True)
        st.metric(
            "Would be served", _share(figures.potential), border=True, help="served, or answered anew to check it"
        )
        st.metric("Wrong, estimated", _share(figures.error), border=True, help=_judged(figures))
        st.metric("Tokens saved", f"{said['saved_tokens']:,}", border=True)
        st.metric("Money saved", f"{said['saved_money']:,.2f}", border=True)
        st.metric("Look-up, p95", "-" if said["p95_ms"] is None else f"{said['p95_ms']:g} ms", border=True)
    missed = ", ".join(f"{number:,} {reason}" for reason, number in figures.misses.items())
    st.caption(
        f"{_judged(figures)} {words.count(figures['late'], 'decision')} came late"
        + (f", {figures['lost']:,} could not be published" if figures["lost"] else "")
        + (f". Misses: {missed}." if missed else ".")
    )


def _judged(figures: Figures) -> str:
    if not figures.judged:
        return "No answer was checked yet."
    low, high = figures.error_interval
    return (
        f"{words.count(figures.judged, 'answer')} checked by one made anew or by a user: "
        f"{_share(low)} to {_share(high)} wrong (95 %)."
    )


def _over_time(series: Sequence[Series]) -> alt.Chart:
    rows = [
        {"time": pd.Timestamp(start, unit="s", tz="UTC"), "hit rate": f.hit_rate, "look-ups": f.lookups}
        for start, f in sorted(grouped(series, "start").items())
        if f.lookups
    ]
    chart: alt.Chart = (
        alt.Chart(pd.DataFrame(rows, columns=["time", "hit rate", "look-ups"]))
        .mark_line(point=True, color=BLUE)
        .encode(
            x=alt.X("time:T", title=None),
            y=alt.Y("hit rate:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
            tooltip=["time:T", alt.Tooltip("hit rate:Q", format=".1%"), "look-ups:Q"],
        )
        .properties(height=180)
    )
    return chart


def _table(of: str, parts: Mapping[str, Figures]) -> None:
    rows: list[dict[str, Any]] = [
        {
            of: name,
            "look-ups": f.lookups,
            "hit rate": _share(f.hit_rate),
            "would be served": _share(f.potential),
            "wrong": _share(f.error),
            "checked": f.judged,
            "tokens saved": f["tokens"],
        }
        for name, f in sorted(parts.items(), key=lambda part: -part[1].lookups)
    ]
    st.dataframe(rows, hide_index=True)


def _named(app: App, parts: Mapping[str, Figures]) -> dict[str, Figures]:
    """By what is in the scopes instead of their ids, as far as they are known."""
    known = {id: scope.items for id, scope in listed(app.redis, app.settings.namespace)}
    return {_name(id, known.get(id, ())): figures for id, figures in parts.items()}


def _name(id: str, items: Sequence[tuple[str, str]]) -> str:
    if id == "*":
        return "all others"
    return ", ".join([*(f"{name}={value[:_NAME_CHARS]}" for name, value in items if name != "user"), id[:8]])


def _top(title: str, found: Sequence[TopQuestion]) -> None:
    st.markdown(f"**{title}**")
    if found:
        st.dataframe([{"question": q.question, "times": q.count} for q in found], hide_index=True)
    else:
        st.caption("None yet.")


def _share(value: float | None) -> str:
    return "-" if value is None else words.share(value, digits=1)
