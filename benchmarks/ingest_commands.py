"""How fast the ingestor is, beside what bounds it.

    python benchmarks/ingest.py                 worker against the bare embedder, on the same texts in the same run
    python benchmarks/ingest.py --workers 2     two workers share the load
    python benchmarks/ingest.py --precomputed   vectors known beforehand: against a replay of the very same commands
    python benchmarks/ingest.py --others        beside loops by hand: confluent-kafka, with --quix PYTHON quix-streams
    python benchmarks/ingest.py --effect        from a document's change to its stale answer gone, under half the load

Rounds alternate, so that whatever else the machine does falls on both sides. Servers are embedded ones in a temporary
folder; worker and producer are processes of their own (with `--precomputed`, threads of this one).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ingest_effect import change_to_effect
from ingest_load import settings_of
from ingest_others import against_others
from ingest_rate import against_embedder
from ingest_replay import against_replay
from servers import running


def main() -> None:
    options = parser().parse_args()
    chosen = {against_replay: options.precomputed, change_to_effect: options.effect, against_others: options.others}
    measure = next((measure for measure, wanted in chosen.items() if wanted), against_embedder)
    with running(kafka=True) as servers:
        settings = settings_of(servers, options.model)
        result = {"events": options.events, "workers": options.workers} | measure(servers, settings, options)
    print(json.dumps(result, indent=2) if options.json else told(result))


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python benchmarks/ingest.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--events", type=int, default=600, help="messages a round (600)")
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--workers", type=int, default=1)
    made.add_argument("--model", help="another embedding model than the default")
    kind = made.add_mutually_exclusive_group()
    kind.add_argument("--precomputed", action="store_true", help="vectors known beforehand")
    kind.add_argument("--others", action="store_true", help="beside loops written by hand")
    kind.add_argument("--effect", action="store_true", help="from change to effect")
    made.add_argument("--quix", type=Path, help="--others: a Python with quixstreams and semcache[kafka]")
    made.add_argument("--changes", type=int, default=200, help="--effect: documents changed one after the other (200)")
    made.add_argument("--load", type=float, default=0.5, help="--effect: share of the maximum throughput (0.5)")
    made.add_argument("--json", action="store_true", help="print JSON")
    return made


def told(result: Mapping[str, Any]) -> str:
    return "\n".join(f"{name:16} {value}" for name, value in result.items())
