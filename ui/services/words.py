"""How figures are said to people: ages, durations, shares, counts (pure)."""

from __future__ import annotations

from semcache.inputs import on_calendar

_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


def age(seconds: float) -> str:
    """`just now`, `12 s`, `3 min`, `2 h`, `4 d`."""
    if seconds < 1:
        return "just now"
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def ago(seconds: float) -> str:
    """`just now`, else `3 min ago`."""
    said = age(seconds)
    return said if said == "just now" else f"{said} ago"


def took(seconds: float) -> str:
    """A duration: `0.4 ms`, `12 ms`, `1.3 s`."""
    if seconds < 0.001:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def share(value: float, *, digits: int = 0) -> str:
    """0.034 -> `3 %`."""
    return f"{value * 100:.{digits}f} %"


def count(number: float, one: str, many: str = "") -> str:
    """`1 answer`, `1,204 answers`."""
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"


def moment(seconds: float) -> str:
    """A time in UTC: `24 Oct 2026, 12:13`."""
    return f"{on_calendar(seconds):%d %b %Y, %H:%M}"


def day(seconds: float) -> str:
    """A day in UTC: `24 Oct 2026`."""
    return f"{on_calendar(seconds):%d %b %Y}"


def shortened(text: str, most: int) -> str:
    """At most that many characters on one line, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return line[: most - 1].rsplit(" ", 1)[0].rstrip(",;:. ") + "…"


def cut(text: str, most: int) -> str:
    """At most that many characters, saying how many are left out."""
    return text if len(text) <= most else f"{text[:most]}\n… {len(text) - most:,} characters more"
