"""The plots of a hit-rate report, as SVG text (matplotlib, extra `bench`).

Colours: Okabe-Ito, told apart by colour-blind people too.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import platformdirs

from semcache.errors import MissingExtra
from semcache.evals.replay import Outcome
from semcache.evals.summary import Summary
from semcache.evals.thresholds import StaticResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"


def draw(
    outcomes: Sequence[Outcome], summary: Summary, static: Sequence[StaticResult], *, policy: str, max_error_rate: float
) -> dict[str, str]:
    """The plots by title, as SVG documents.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    plots = {
        "Hit rate over the stream": _figure(lambda ax: _over_time(ax, summary)),
        "Precision against hit rate": _figure(lambda ax: _trade_off(ax, summary, static, policy, max_error_rate)),
        "Reliability of the confidence": _figure(lambda ax: _reliability(ax, outcomes)),
        "Time of a lookup": _figure(lambda ax: _latency(ax, outcomes)),
    }
    return {title: svg for title, svg in plots.items() if svg}


def _figure(paint: Any) -> str:
    os.environ.setdefault("MPLCONFIGDIR", str(Path(platformdirs.user_cache_dir("semcache")) / "matplotlib"))
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("bench", "a report with plots") from error
    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.add_subplot()
    if not paint(axes):
        return ""
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()[buffer.getvalue().index("<svg") :]


def _over_time(ax: Axes, summary: Summary) -> bool:
    """The hit rate of each part of the stream, and since its start."""
    parts = np.array([part for part in summary.parts if part[0]], dtype=float)
    if len(parts) < 3:
        return False
    asked, hits = parts.cumsum(axis=0).T
    ax.plot(asked, parts[:, 1] / parts[:, 0], color=ORANGE, alpha=0.7, label=f"of {parts[0, 0]:,.0f} requests")
    ax.plot(asked, hits / asked, color=BLUE, label="since the start")
    ax.set(xlabel="requests", ylabel="hit rate", ylim=(0, 1))
    ax.legend(frameon=False)
    return True


def _trade_off(ax: Axes, summary: Summary, static: Sequence[StaticResult], policy: str, max_error_rate: float) -> bool:
    served = [(r.hit_rate, 1 - wrong) for r in static if (wrong := r.wrong_hit_rate) is not None]
    if not served and summary.wrong_hit_rate is None:
        return False
    if served:
        hit_rates, right = zip(*served, strict=True)
        ax.plot(hit_rates, right, "o-", ms=3, color=GREY, label="static thresholds, in hindsight")
    ax.axhline(1 - max_error_rate, color=GREEN, ls="--", lw=1, label=f"budget: {max_error_rate:.1%} wrong")
    lowest = 1.0
    if summary.wrong_hit_rate is not None:
        low, high = summary.wrong_hit_interval
        lowest = 1 - summary.wrong_hit_rate
        reach = [[max(0, lowest - (1 - high))], [max(0, (1 - low) - lowest)]]
        label = f"semcache, {policy}"
        ax.errorbar([summary.hit_rate], [lowest], reach, fmt="D", ms=8, color=ORANGE, capsize=4, label=label)
    inside = [right for _, right in served if right >= 0.85]  # thresholds far below would flatten the part that matters
    floor = min(0.85 if inside else max((right for _, right in served), default=0.85), lowest) - 0.02
    ax.set(xlabel="hit rate", ylabel="share of hits that are right", xlim=(0, None), ylim=(max(0, floor), 1.005))
    ax.legend(frameon=False)
    return True


def _reliability(ax: Axes, outcomes: Sequence[Outcome]) -> bool:
    hits = [o for o in outcomes if o.hit and o.wrong is not None and o.confidence > 0]
    if len(hits) < 20:
        return False
    ranked = sorted(hits, key=lambda o: o.confidence)
    groups = [g for g in np.array_split(np.array([(o.confidence, not o.wrong) for o in ranked]), 10) if len(g)]
    ax.plot([g[:, 0].mean() for g in groups], [g[:, 1].mean() for g in groups], "o-", color=BLUE)
    low = min(0.9, *(float(g.mean(0).min()) for g in groups))
    ax.plot([low, 1], [low, 1], color=GREY, ls="--", lw=1)
    ax.set(xlabel="estimated probability of being right (ten groups of hits)", ylabel="observed share right")
    return True


def _latency(ax: Axes, outcomes: Sequence[Outcome]) -> bool:
    for hit, colour, label in ((True, BLUE, "hit"), (False, ORANGE, "miss")):
        times = [o.lookup_s * 1000 for o in outcomes if o.hit is hit]
        if times:
            ax.hist(times, bins=60, range=(0, float(np.percentile(times, 99))), color=colour, alpha=0.6, label=label)
    ax.set(xlabel="milliseconds, embedding included, without the LLM", ylabel="requests")
    ax.legend(frameon=False)
    return bool(outcomes)
