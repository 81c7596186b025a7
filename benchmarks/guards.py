"""What the guards refuse: near-identical questions with another meaning, which they should, and paraphrases.

    python benchmarks/guards.py [FILE ...] [--missed] [--json]

FILE: JSON lines with `a`, `b`, `same` and `field`. By default the pairs that the guards were written with
(tests/data/pairs.jsonl), then those that were written after them (tests/data/pairs_other.jsonl).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from answer_judges import table

from semcache.cache.guards import guard

DATA = Path(__file__).parents[1] / "tests" / "data"
Pair = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, default=[DATA / "pairs.jsonl", DATA / "pairs_other.jsonl"])
    parser.add_argument("--missed", action="store_true", help="print the pairs that are decided wrongly instead")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    read = {file.name: [json.loads(line) for line in file.read_text().splitlines()] for file in args.files}
    if args.missed:
        print("\n".join(line for pairs in read.values() for line in missed(pairs)))
        return
    rows = [row for name, pairs in read.items() for row in rows_of(name, pairs)]
    print(json.dumps(rows, indent=1) if args.json else table(rows))


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
        "paraphrases": len(same),
        "passed": share(not refused(pair) for pair in same),
    }


def refused(pair: Pair) -> bool:
    return guard(pair["a"], pair["b"]) is not None


def share(found: Iterable[bool]) -> float:
    """Three digits; 0 of none."""
    every = list(found)
    return round(sum(every) / max(1, len(every)), 3)


def missed(pairs: Iterable[Pair]) -> Iterator[str]:
    """The pairs that are decided wrongly, in words."""
    for pair in pairs:
        if refused(pair) is pair["same"]:
            yield f"{'refused' if pair['same'] else 'passed'}: {pair['a']} / {pair['b']}"


if __name__ == "__main__":
    main()
