"""Runs tests on another Kafka or another Redis than those that are embedded: what docs/limits.md says is supported.

.venv/bin/python tools/matrix.py --kafka 4.0.1 tests/ingest/test_worker.py
.venv/bin/python tools/matrix.py --redis /opt/redis-8.0/bin/redis-server tests/cache
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import jgo
import pytest

from semcache.devstack import redis as embedded
from semcache.devstack.java import jars

LOG4J_VERSION = "2.24.3"


def use_kafka(version: str) -> None:
    """Brokers that are started from now on are of this version; its jars come from Maven, unpinned."""
    parts = (
        f"org.apache.kafka:kafka_2.13:{version}",
        f"org.apache.logging.log4j:log4j-slf4j-impl:{LOG4J_VERSION}!",
        f"org.apache.logging.log4j:log4j-core:{LOG4J_VERSION}!",
    )
    found = [Path(jar) for jar in jgo.build("+".join(parts)).all_jars]
    jars.KAFKA_VERSION = version
    jars.kafka_jars = lambda progress=None, **_: found


def use_redis(binary: str) -> None:
    """Redis servers that are started from now on are this program."""
    version = embedded.binary_version(Path(binary))
    if version is None:
        sys.exit(f"{binary} is no redis-server that runs here")
    embedded.find_redis = lambda: embedded.RedisBinary(Path(binary), version, "given")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kafka", metavar="VERSION")
    parser.add_argument("--redis", metavar="PATH")
    given, tests = parser.parse_known_args()
    if given.kafka:
        use_kafka(given.kafka)
    if given.redis:
        use_redis(given.redis)
    return pytest.main(["-n", "0", "-q", *tests])


if __name__ == "__main__":
    sys.exit(main())
