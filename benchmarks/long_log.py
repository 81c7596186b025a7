"""`semcache hit-rate` on a long log: requests a second, processor time and peak memory.

    python benchmarks/long_log.py [--requests 1000000] [--questions 2000] [-- OPTIONS OF hit-rate]

The log is made up: so many requests of so many questions, the k-th most popular of which has weight 1 / k (Zipf), as
text with its answer, in a CSV file. What is told is of the command, its reading of the file and its report included;
the Redis that it starts for itself is a process of its own.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import shutil
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

VERBS = "change cancel find pay move return track renew share delete".split()
THINGS = "order invoice address card parcel booking account subscription password ticket".split()
WHEN = (
    "today, tomorrow, by phone, in the app, from abroad, without a receipt, for a friend, as a guest, on Sunday, after "
    "delivery, before it ships, in a shop, by post, at night, with a voucher, for my company, on the website, without "
    "an account, with two cards, at the counter"
).split(", ")


def main() -> None:
    """Writes the log, measures it, prints what that took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=2_000)
    parser.add_argument("options", nargs="*", help="options of hit-rate, after --")
    wanted = parser.parse_args()
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.csv"
        write(log, wanted.requests, wanted.questions)
        print(f"{wanted.requests:,} requests of {wanted.questions:,} questions, {log.stat().st_size / 1e6:.0f} MB")
        started = time.monotonic()
        command = [shutil.which("semcache") or "semcache", "hit-rate", str(log), "--json", *wanted.options]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        took, used = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{took:,.0f} s, {wanted.requests / took:,.0f} requests/s; {used.ru_utime + used.ru_stime:,.0f} s of processor "
        f"time; peak memory {used.ru_maxrss / 1024:,.0f} MB"
    )
    hits, exact, wrong, judged = (found[f"{name}hits"] for name in ("", "exact_", "wrong_", "judged_"))
    print(f"hits {hits:,}, exact {exact:,}, wrong {wrong:,} of {judged:,}")


def write(path: Path, requests: int, questions: int, seed: int = 0) -> None:
    """A log of so many requests of so many questions, 2,000 at most."""
    draw = random.Random(seed)
    every = [(verb, thing, when) for verb in VERBS for thing in THINGS for when in WHEN]
    asked = draw.sample(every, questions)
    rows = [
        (f"How do I {verb} my {thing} {when}?", f"You {verb} it under 'My {thing}', step {number}.")
        for number, (verb, thing, when) in enumerate(asked)
    ]
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["prompt", "response"])
        lines.writerows(draw.choices(rows, [1 / rank for rank in range(1, questions + 1)], k=requests))


if __name__ == "__main__":
    main()
