"""How well facts are read from what users say: precision and recall on labelled turns.

    python benchmarks/facts.py [FILE] [--part all|tuning|held-out] [--errors] [--json]

A row: `text`, `at`, `facts` (attribute, value; subject, holds, change, replaces, from if they are not the usual) and
`held_out` for turns that were not looked at while the rules were made. A claim is right if subject, attribute, change
and denial are those of an expected fact, its value has all words of the expected one and at most four others, and it
starts in the expected year or month.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from semcache.memory.facts.groups import group_of
from semcache.memory.facts.rules.extract import extract
from semcache.memory.facts.rules.values import words
from semcache.memory.facts.types import USER, Change, Claim

DATA = Path(__file__).parents[1] / "tests" / "data" / "facts.jsonl"
_SPARE_WORDS = 4


@dataclass
class Counts:
    """Right claims, wrong claims, expected facts that were not found."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    def row(self, name: str) -> dict[str, Any]:
        return {
            "attribute": name,
            "expected": self.right + self.missed,
            "right": self.right,
            "wrong": self.wrong,
            "precision": round(self.precision, 3),
            "recall": round(self.recall, 3),
        }


@dataclass
class Measured:
    """The counts by group of attributes, and what went wrong."""

    turns: int = 0
    seconds: float = 0.0
    groups: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    errors: list[str] = field(default_factory=list)

    @property
    def total(self) -> Counts:
        all_ = self.groups.values()
        return Counts(sum(c.right for c in all_), sum(c.wrong for c in all_), sum(c.missed for c in all_))


def measure(rows: Iterable[dict[str, Any]]) -> Measured:
    """Extracts from every row and compares."""
    found = Measured()
    for row in rows:
        at = datetime.fromisoformat(row["at"]).timestamp()
        started = time.perf_counter()
        claims = list(extract(row["text"], at=at))
        found.seconds += time.perf_counter() - started
        found.turns += 1
        _compare(row, claims, found)
    return found


def _compare(row: dict[str, Any], claims: list[Claim], found: Measured) -> None:
    for expected in row["facts"]:
        match = next((claim for claim in claims if fits(claim, expected)), None)
        if match:
            claims.remove(match)
            found.groups[group_of(match.attribute, match.subject)].right += 1
        else:
            found.groups[group_of(expected["attribute"], expected.get("subject", USER))].missed += 1
            found.errors.append(f"missed {expected} in: {row['text']}")
    for claim in claims:
        found.groups[group_of(claim.attribute, claim.subject)].wrong += 1
        found.errors.append(f"wrong {_short(claim)} in: {row['text']}")


def fits(claim: Claim, expected: dict[str, Any]) -> bool:
    """Whether a claim is the expected fact."""
    change = Change.CORRECTS if "replaces" in expected else Change(expected.get("change", "asserts"))
    wanted, got = words(expected["value"]), words(claim.value)
    return (
        claim.subject == expected.get("subject", USER)
        and claim.attribute == expected["attribute"]
        and claim.change is change
        and claim.holds == expected.get("holds", True)
        and wanted <= got
        and len(got) <= len(wanted) + _SPARE_WORDS
        and ("from" not in expected or _day(claim).startswith(expected["from"]))
        and words(claim.replaced) == words(expected.get("replaces", ""))
    )


def _day(claim: Claim) -> str:
    return "" if claim.since is None else datetime.fromtimestamp(claim.since, UTC).date().isoformat()


def _short(claim: Claim) -> str:
    marks = f"{'' if claim.holds else 'not '}{'' if claim.change is Change.ASSERTS else claim.change.value + ' '}"
    return f"{marks}{claim.subject}.{claim.attribute}={claim.value!r} {_day(claim)}".strip()


def read(path: Path, part: str) -> list[dict[str, Any]]:
    """The rows of a file, or of one part of it."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [row for row in rows if part == "all" or row.get("held_out", False) == (part == "held-out")]


def _print(measured: Measured) -> None:
    print(f"{'attributes':14} {'expected':>8} {'right':>6} {'wrong':>6} {'precision':>9} {'recall':>7}")
    rows = [counts.row(name) for name, counts in sorted(measured.groups.items())]
    for row in [*rows, measured.total.row("all")]:
        numbers = f"{row['expected']:8} {row['right']:6} {row['wrong']:6} {row['precision']:9.3f} {row['recall']:7.3f}"
        print(f"{row['attribute']:14} {numbers}")
    print(f"{measured.turns} turns, {1e6 * measured.seconds / max(measured.turns, 1):.0f} us a turn")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=DATA)
    parser.add_argument("--part", choices=("all", "tuning", "held-out"), default="all")
    parser.add_argument("--errors", action="store_true", help="print what was wrong or missed")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    measured = measure(read(given.file, given.part))
    if given.json:
        rows = [counts.row(name) for name, counts in sorted(measured.groups.items())]
        print(json.dumps({"turns": measured.turns, **measured.total.row("all"), "groups": rows}))
        return
    _print(measured)
    print("\n".join(measured.errors) if given.errors else "", end="\n" if given.errors else "")


if __name__ == "__main__":
    main()
