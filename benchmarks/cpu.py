"""Processor time: what is left of a comparison when other programs use the same cores."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping

import psutil


def own_s() -> float:
    """Processor time of this process so far, s."""
    return time.process_time()


def children_s() -> Mapping[str, float]:
    """Processor time of the processes that this one has started and that run, s, by their name."""
    used: dict[str, float] = defaultdict(float)
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
            used[child.name()] += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return used
