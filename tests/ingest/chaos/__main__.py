"""The command: seeds one after the other, a line of JSON each; exit code 1 if one is wrong."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
import traceback
from dataclasses import asdict
from pathlib import Path

import tests.ingest.chaos
from tests.ingest.chaos.seed import Report, run_seed


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.ingest.chaos",
        description=tests.ingest.chaos.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=30, help="start seeds for that long (30)")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--events", type=int, default=20_000, help="records of a seed (20,000)")
    parser.add_argument("--seconds", type=float, default=90, help="over which they are sent (90)")
    parser.add_argument("--away", type=float, default=90, help="seconds that the brokers are away at most (90)")
    parser.add_argument("--cluster", action="store_true", help="Redis is a cluster; primaries die and are replaced")
    parser.add_argument("--seeds", type=int, help="so many, however long it takes")
    options = parser.parse_args()
    until = time.monotonic() + options.minutes * 60
    first = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    reports: list[Report] = []
    while not reports or (len(reports) < options.seeds if options.seeds else _goes_on(options, until)):
        reports.append(_one(first + len(reports), options))
        print(json.dumps(asdict(reports[-1])), flush=True)
    bad = [report.seed for report in reports if report.wrong]
    print(f"{len(reports)} seeds from {first}, {len(bad)} wrong {bad or ''}")
    sys.exit(bool(bad))


def _goes_on(options: argparse.Namespace, until: float) -> bool:
    return options.seed is None and time.monotonic() < until


def _one(seed: int, options: argparse.Namespace) -> Report:
    """A seed that ends with an error is a wrong one; the next one runs all the same."""
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            return run_seed(
                seed,
                events=options.events,
                seconds=options.seconds,
                every_s=4,
                away_s=options.away,
                cluster=options.cluster,
                folder=Path(folder),
                tell=lambda text: print(f"  {text}", flush=True),
            )
        except Exception as error:  # noqa: BLE001 - reported below
            print(traceback.format_exc(), flush=True)
            return Report(seed, options.events, wrong=[f"{type(error).__name__}: {error}"[:500]])


if __name__ == "__main__":
    main()
