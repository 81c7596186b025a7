"""Chaos in three minutes; `make chaos` does it for as long as one likes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.ingest.chaos.seed import run_seed


@pytest.mark.timeout(600)
def test_state_is_right_after_everything_was_killed_at_random(tmp_path: Path) -> None:
    """20,000 events while workers, Redis and Kafka die, freeze and come back: nothing is lost, doubled or stale."""
    seed = random.SystemRandom().randrange(10**6)
    report = run_seed(seed, events=20_000, seconds=60, every_s=4, folder=tmp_path, tell=print)
    print(report)
    assert report.wrong == [], f"seed {seed}"
    assert report.hits > 0
    assert len(report.mischief) == 10, "every act of mischief at least once"
    assert report.said_during_outages > 0
    assert report.odd["dead_letters"] > 0
