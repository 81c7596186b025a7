"""All checks, in the order in which they are shown."""

from __future__ import annotations

from semcache.devstack.doctor import machine, services
from semcache.devstack.doctor.finding import Finding
from semcache.settings import Settings


def examine(settings: Settings) -> list[Finding]:
    """Looks at the machine, the data directory and the servers; changes nothing but a key that it deletes again.

    What only the embedded servers need is a problem only where no server of the user's own answers.
    """
    redis, kafka = services.redis(settings), services.kafka(settings)
    redis_runs, kafka_runs = _answers("redis", redis), _answers("kafka", kafka)
    folder = machine.data_dir(settings.data_dir)
    return [
        machine.python(),
        *machine.extras(settings),
        machine.redis_server(redis_runs=redis_runs),
        machine.java(kafka_runs=kafka_runs),
        *machine.downloads(settings, kafka_runs=kafka_runs),
        folder,
        *([machine.disk(settings.data_dir)] if folder.level == "ok" else []),
        *machine.server_ports(settings.data_dir),
        *redis,
        *kafka,
    ]


def _answers(check: str, findings: list[Finding]) -> bool:
    return any(finding.check == check and finding.level == "ok" for finding in findings)
