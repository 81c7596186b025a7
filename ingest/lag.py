"""Lag: how many records behind each partition is, and for how long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ingest.metrics import Metrics
from ingest.partitions import Assignment

if TYPE_CHECKING:
    from confluent_kafka import Consumer


def measure_lag(consumer: Consumer, assignment: Assignment, metrics: Metrics, *, group: str) -> None:
    """Sets the lag metrics from what the consumer knows; nothing is sent."""
    from confluent_kafka import TopicPartition

    oldest_s = 0.0
    for partition in assignment.partitions:
        _, end = consumer.get_watermark_offsets(TopicPartition(*partition), cached=True)
        progress = assignment[partition]
        known = next((offset for offset in (progress.applied, progress.committed) if offset is not None), 0)
        lag = max(0, end - known)
        behind_s = max(0.0, time.time() - progress.applied_ms / 1000) if lag and progress.applied_ms else 0.0
        labels = (group, partition[0], str(partition[1]))
        metrics.lag.labels(*labels).set(lag)
        metrics.lag_seconds.labels(*labels).set(behind_s)
        metrics.latest_offset.labels(*labels).set(max(0, end))
        oldest_s = max(oldest_s, behind_s)
    metrics.max_lag_seconds.labels(group).set(oldest_s)
