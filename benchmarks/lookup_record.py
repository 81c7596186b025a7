"""What the benchmark of look-ups says: its table, and the last one kept in docs/evaluation.md, with a plot."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

Measured = Mapping[str, float | None]
COLUMNS = (
    "ratio", "exact_ratio", "exact_of_get", "vsim_ratio", "redisvl_ratio", "nearest", "recall10", "embed_ms", "hit_ms",
    "hit_ms_p95", "stores_per_s", "bytes_per_entry", "asked",
)  # fmt: skip
_BEGIN, _END = "<!-- last benchmark of look-ups -->", "<!-- its end -->"
_IMAGE = "images/hit-time.svg"


def table(sizes: Mapping[str, Measured]) -> str:
    """One line for each size, as Markdown."""
    lines = ["| entries | " + " | ".join(COLUMNS) + " |", "| --- " * (len(COLUMNS) + 1) + "|"]
    for size, measured in sizes.items():
        cells = [_shown(measured[name]) for name in COLUMNS]
        lines.append(f"| {int(size):,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 or value == int(value) > 1 else f"{value:.3f}"


def keep(sizes: Mapping[str, Measured], docs: Path, *, command: str, today: date) -> None:
    """Puts the table, its day, machine and plot in place of the last ones in `docs`/evaluation.md.

    Raises:
        SystemExit: the page has no place for it.
    """
    page = docs / "evaluation.md"
    text = page.read_text("utf-8")
    if _BEGIN not in text or _END not in text:
        raise SystemExit(f"{page} has no lines {_BEGIN} and {_END} to write between")
    plot(sizes, docs / _IMAGE)
    load = f"{os.getloadavg()[0]:.0f}"
    said = f"`{command}`, {today.day} {today:%B %Y}, {os.cpu_count()} cores, load {load}:"
    body = f"{_BEGIN}\n{said}\n\n{table(sizes)}\n\n![Time of a hit against the number of entries]({_IMAGE})\n{_END}"
    page.write_text(re.sub(f"{_BEGIN}.*?{_END}", lambda _: body, text, flags=re.DOTALL), "utf-8")


def plot(sizes: Mapping[str, Measured], path: Path) -> None:
    """Times of a hit in units of the embedding against the number of entries: ours, redisvl's, the bare search."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "semcache"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 3.6), layout="constrained")
    for name, label in (("ratio", "semcache"), ("redisvl_ratio", "redisvl"), ("vsim_ratio", "bare VSIM")):
        points = [(int(size), value) for size, measured in sizes.items() if (value := measured[name]) is not None]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=label)
    axes.set(xscale="log", xlabel="entries", ylabel="time of a hit / embedding", ylim=(1, None))
    axes.legend()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
