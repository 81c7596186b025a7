"""Kafka's jars: which they are, where they are kept, how they are fetched (Maven, through jgo)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from semcache.devstack.progress import Progress, Silent
from semcache.errors import KafkaUnavailable, MissingExtra

if TYPE_CHECKING:
    from jgo.env import Environment

KAFKA_VERSION = "4.3.1"
LOG4J_VERSION = "2.24.3"
# "!" keeps log4j's own dependency management out: it would replace kafka-clients by 3.8.0.
ENDPOINT = "+".join(
    (
        f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
        f"org.apache.logging.log4j:log4j-slf4j-impl:{LOG4J_VERSION}!",
        f"org.apache.logging.log4j:log4j-core:{LOG4J_VERSION}!",
    )
)


def kafka_jars(progress: Progress | None = None) -> list[Path]:
    """All jars of Kafka's class path; the first call downloads 45 MB, later ones touch no network.

    Raises:
        MissingExtra: jgo is not installed.
        KafkaUnavailable: the download failed.
    """
    return list(_environment(progress or Silent()).all_jars)


def _environment(progress: Progress) -> Environment:
    try:
        import jgo
        from jgo.maven import PythonResolver
    except ImportError as error:
        raise MissingExtra("devstack", "the embedded Kafka") from error
    try:
        return jgo.build(ENDPOINT, resolver=PythonResolver(progress_callback=progress.download))
    except (OSError, RuntimeError) as error:
        raise KafkaUnavailable(f"Kafka's jars cannot be downloaded: {error}") from error
