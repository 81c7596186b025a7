"""Writes semcache/devstack/java/kafka-jars.txt: the jars of Kafka's class path with their SHA-256 and size.

Run it after a change of KAFKA_VERSION: .venv/bin/python tools/lock_kafka_jars.py
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import jgo

from semcache.devstack.java.jars import KAFKA_VERSION, PINS

LOG4J_VERSION = "2.24.3"
# "!" keeps log4j's own dependency management out: it would replace kafka-clients by version 3.8.0.
ENDPOINT = "+".join(
    (
        f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
        f"org.apache.logging.log4j:log4j-slf4j-impl:{LOG4J_VERSION}!",
        f"org.apache.logging.log4j:log4j-core:{LOG4J_VERSION}!",
    )
)


def main() -> None:
    environment = jgo.build(ENDPOINT)
    assert environment.lockfile, "jgo wrote no lock file"
    folders = {jar.name: jar for jar in environment.all_jars}
    lines = ["# group:artifact:version sha256 bytes -- written by tools/lock_kafka_jars.py"]
    for dependency in sorted(environment.lockfile.dependencies, key=lambda d: (d.groupId, d.artifactId)):
        content = folders.pop(f"{dependency.artifactId}-{dependency.version}.jar").read_bytes()
        coordinates = f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}"
        lines.append(f"{coordinates} {hashlib.sha256(content).hexdigest()} {len(content)}")
    assert not folders, f"jars without coordinates: {sorted(folders)}"
    target = Path(__file__).parent.parent / "semcache" / "devstack" / "java" / PINS
    target.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
