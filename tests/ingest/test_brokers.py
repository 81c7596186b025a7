"""Three brokers, of which the two that matter most are killed: nothing is lost, nothing comes twice."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from semcache.devstack.kafka import KafkaServer, new_cluster_id
from semcache.devstack.ports import LOOPBACK, free_port
from semcache.devstack.process import ServerProcess
from semcache.embed import Embedder
from semcache.memory import AgentMemory
from semcache.settings import Settings
from semcache.store.checks import check_data
from semcache.store.connect import connect
from semcache_ingest.kafka.topics import ensure_topics
from semcache_ingest.status import group_status
from tests.ingest.conftest import Run
from tests.ingest.producing import message, send_events
from tests.waiting import wait_until

BROKERS = 3
BATCH = 40


@dataclass
class Brokers:
    """Three nodes, each a broker and a controller, with three copies of everything, two of which have to be there."""

    servers: list[KafkaServer]
    processes: list[ServerProcess]

    @classmethod
    def started(cls, folder: Path) -> Brokers:
        taken = [free_port() for _ in range(2 * BROKERS)]
        voters = ",".join(f"{n + 1}@{LOOPBACK}:{taken[BROKERS + n]}" for n in range(BROKERS))
        cluster = new_cluster_id(uuid.uuid4().bytes)
        servers = [
            KafkaServer(folder / str(n), taken[n], extra=_one_of_three(n, taken, voters), cluster=cluster)
            for n in range(BROKERS)
        ]
        made = cls(servers, [server.start(tied=True) for server in servers])
        wait_until("three brokers answer", lambda: made.answering() == BROKERS, timeout_s=150)
        return made

    def answering(self) -> int:
        try:
            return len(self.metadata().brokers)
        except KafkaException:
            return 0

    @property
    def address(self) -> str:
        return ",".join(server.address for server in self.servers)

    def admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.address, "log_level": 0})

    def metadata(self):  # type: ignore[no-untyped-def]  # confluent-kafka does not export the type
        return self.admin().list_topics(timeout=10)

    def coordinator(self, group: str) -> int:
        """The node that the group talks to."""
        admin = self.admin()  # which has to live until it has answered
        described = admin.describe_consumer_groups([group])[group].result(timeout=20)
        return int(described.coordinator.id)

    def leader(self, topics: list[str]) -> int:
        """The node that leads most partitions of these topics."""
        found = self.metadata().topics
        leaders = Counter(part.leader for topic in topics for part in found[topic].partitions.values())
        return int(leaders.most_common(1)[0][0])

    def kill(self, node: int) -> None:
        """kill -9."""
        self.processes[node - 1].kill()

    def start(self, node: int) -> None:
        """Starts it again, and waits until it has caught up."""
        self.processes[node - 1] = self.servers[node - 1].start(tied=True)

        def caught_up() -> bool:
            try:
                topics = self.metadata().topics.values()
            except KafkaException:
                return False
            return all(len(part.isrs) == BROKERS for topic in topics for part in topic.partitions.values())

        wait_until(f"broker {node} has caught up", caught_up, timeout_s=60)

    def stop(self) -> None:
        for process in self.processes:
            process.kill()


def _one_of_three(n: int, taken: list[int], voters: str) -> dict[str, str]:
    copies = {
        f"{topic}.{name}": count
        for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")
        for name, count in (("replication.factor", "3"), ("min.isr", "2"))
        if (topic, name) != ("offsets.topic", "min.isr")
    }
    return {
        **copies,
        "node.id": str(n + 1),
        "controller.quorum.voters": voters,
        "listeners": f"CLIENT://{LOOPBACK}:{taken[n]},CONTROLLER://{LOOPBACK}:{taken[BROKERS + n]}",
        "default.replication.factor": "3",
        "broker.session.timeout.ms": "4000",
    }


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[Brokers]:
    made = Brokers.started(tmp_path / "brokers")
    yield made
    made.stop()


@pytest.mark.storm
@pytest.mark.timeout(400)
def test_brokers_die_and_each_event_is_applied_once(
    settings: Settings, fast_embedder: Embedder, run: Run, brokers: Brokers
) -> None:
    """The group's coordinator dies, then the leader of most partitions, each while events are sent and applied."""
    kafka = settings.kafka.model_copy(
        update={"bootstrap_servers": brokers.address, "replication_factor": 3, "min_insync_replicas": 2}
    )
    elsewhere = settings.model_copy(update={"kafka": kafka})
    ensure_topics(elsewhere)
    topics = [kafka.conversations_topic, kafka.knowledge_topic]
    users = [f"user{n}" for n in range(8)]
    sent = 0

    def send() -> None:
        nonlocal sent
        send_events(elsewhere, (message(sent + n, user=user) for n in range(BATCH) for user in users))
        sent += BATCH

    client = connect(settings.redis.url)
    with run(settings=elsewhere) as worker:
        send()
        wait_until("the group works", lambda: group_status(elsewhere).lag == 0, timeout_s=60)
        for most_needed in (lambda: brokers.coordinator(settings.ingest.group), lambda: brokers.leader(topics)):
            victim = most_needed()
            send()
            brokers.kill(victim)
            send()
            wait_until("it goes on without", lambda: group_status(elsewhere).lag == 0, timeout_s=90)
            brokers.start(victim)
            send()
        wait_until("all is applied", lambda: group_status(elsewhere).lag == 0, timeout_s=90)
        assert worker.count("semcache_ingest_records_total", outcome="dead_letter") == 0
    for user in users:
        memory = AgentMemory(client, user=user, embedder=fast_embedder, namespace=settings.namespace)
        assert len(list(memory.turns())) == sent
    assert check_data(client, settings.namespace) == []
