"""What a check finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "problem"]
_ORDER: tuple[Level, ...] = ("ok", "warning", "problem")


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of one check; `mend` is a line to type or a thing to do, empty if all is well."""

    check: str
    level: Level
    detail: str
    mend: str = ""


def ok(check: str, detail: str) -> Finding:
    return Finding(check, "ok", detail)


def warning(check: str, detail: str, mend: str) -> Finding:
    return Finding(check, "warning", detail, mend)


def problem(check: str, detail: str, mend: str) -> Finding:
    return Finding(check, "problem", detail, mend)


def worst(findings: Iterable[Finding]) -> Level:
    """The gravest level among them; ok if there are none."""
    return max((finding.level for finding in findings), key=_ORDER.index, default="ok")
