"""Lag: how many records behind each partition is, for how long, and what retention took before it was read."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from semcache_ingest.metrics import Metrics
from semcache_ingest.records import Partition
from semcache_ingest.worker.progress import Assignment

if TYPE_CHECKING:
    from confluent_kafka import Consumer

_ASK_S = 2.0
_log = logging.getLogger("semcache.ingest")


def measure_lag(consumer: Consumer, assignment: Assignment, metrics: Metrics, *, group: str) -> None:
    """Sets the lag metrics. Kafka is asked only where offsets never came: compaction leaves gaps too."""
    from confluent_kafka import TopicPartition

    oldest_s = 0.0
    for partition in assignment.partitions:
        beginning, end = consumer.get_watermark_offsets(TopicPartition(*partition), cached=True)
        progress = assignment[partition]
        known = next((offset for offset in (progress.applied, progress.committed) if offset is not None), 0)
        lag = max(0, end - max(known, beginning))
        behind_s = progress.behind_s(time.time(), elapsed_s=assignment.elapsed_s(partition)) if lag else 0.0
        labels = (group, partition[0], str(partition[1]))
        metrics.lag.labels(*labels).set(lag)
        metrics.lag_seconds.labels(*labels).set(behind_s)
        metrics.latest_offset.labels(*labels).set(max(0, end))
        oldest_s = max(oldest_s, behind_s)
        if progress.gaps:
            _report_losses(consumer, partition, progress.gaps, metrics)
    metrics.max_lag_seconds.labels(group).set(oldest_s)


def lost(gaps: Iterable[tuple[int, int]], beginning: int) -> int:
    """How many offsets of these gaps lie before the log's beginning: nobody will ever read them."""
    return sum(max(0, min(end, beginning) - start) for start, end in gaps)


def _report_losses(consumer: Consumer, partition: Partition, gaps: list[tuple[int, int]], metrics: Metrics) -> None:
    from confluent_kafka import KafkaException, TopicPartition

    try:
        beginning, _ = consumer.get_watermark_offsets(TopicPartition(*partition), timeout=_ASK_S)
    except KafkaException:
        return  # next time
    if number := lost(gaps, beginning):
        metrics.lost_offsets.labels(partition[0], str(partition[1])).inc(number)
        _log.error(
            "%s:%d: %d offsets from %d on are lost: retention removed them before they were read; the log begins at %d",
            *partition,
            number,
            gaps[0][0],
            beginning,
        )
    gaps.clear()
