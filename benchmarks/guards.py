"""What the guards refuse: near-identical questions with another meaning, which they should, and paraphrases.

    python benchmarks/guards.py [FILE ...] [--missed] [--json]

FILE: JSON lines with `a`, `b`, `same` and `field`. By default the pairs that the guards were written with
(tests/data/pairs.jsonl), those that were written after them (tests/data/pairs_other.jsonl), and pairs of signs, code,
case and other languages (tests/data/pairs_dress.jsonl), whose like are questions in other dress.

"cold" is the whole rule of a scope that has learned nothing, on top of the guards: what it refuses of the different
pairs, and what it would serve of the others if the model calls them near-identical.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from answer_judges import table

from semcache.cache.decide import Learned, decide
from semcache.cache.guards import guard
from semcache.cache.record import Near
from semcache.text import fingerprint

DATA = Path(__file__).parents[1] / "tests" / "data"
DEFAULT = ("pairs", "pairs_other", "pairs_dress")
Pair = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, default=[DATA / f"{name}.jsonl" for name in DEFAULT])
    parser.add_argument("--missed", action="store_true", help="print the pairs that are decided wrongly instead")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    read = {file.name: [json.loads(line) for line in file.read_text().splitlines()] for file in args.files}
    if args.missed:
        print("\n".join(line for pairs in read.values() for line in missed(pairs)))
        return
    rows = [row for name, pairs in read.items() for row in rows_of(name, pairs)]
    print(
        json.dumps(rows, indent=1)
        if args.json
        else table([{**row, **{name: "" for name in row if row[name] is None}} for row in rows])
    )


def rows_of(name: str, pairs: Sequence[Pair]) -> Iterator[Pair]:
    """One row a field, and one for all."""
    for field in dict.fromkeys(pair["field"] for pair in pairs):
        yield figures(name, field, [pair for pair in pairs if pair["field"] == field])
    yield figures(name, "all", pairs)


def figures(name: str, field: str, pairs: Sequence[Pair]) -> Pair:
    different, same = ([pair for pair in pairs if pair["same"] is kind] for kind in (False, True))
    return {
        "pairs": name,
        "field": field,
        "different": len(different),
        "refused": share(refused(pair) for pair in different),
        "refused cold": share(not served_cold(pair) for pair in different),
        "alike": len(same),
        "passed": share(not refused(pair) for pair in same),
        "passed cold": share(served_cold(pair) for pair in same),
    }


def refused(pair: Pair) -> bool:
    return guard(pair["a"], pair["b"]) is not None


def served_cold(pair: Pair) -> bool:
    """Whether a scope that has learned nothing serves one for the other, both taken for near-identical."""
    if fingerprint(pair["a"]) == fingerprint(pair["b"]):
        return True
    stored = [Near("stored", 0.999, prompt=pair["a"])]
    found = decide(pair["b"], stored, learned=Learned(), max_error_rate=0.02, draw=1.0)
    return found.chosen is not None


def share(found: Iterable[bool]) -> float | None:
    """Three digits; None of none."""
    every = list(found)
    return round(sum(every) / len(every), 3) if every else None


def missed(pairs: Iterable[Pair]) -> Iterator[str]:
    """The pairs that are decided wrongly, in words."""
    for pair in pairs:
        if refused(pair) is pair["same"]:
            yield f"{'refused' if pair['same'] else 'passed'}: {pair['a']} / {pair['b']}"
        if served_cold(pair) and not pair["same"]:
            yield f"served cold: {pair['a']} / {pair['b']}"


if __name__ == "__main__":
    main()
