"""The embedded Kafka: one broker in KRaft mode, its JVM flags, its server.properties, format, start, health."""

from __future__ import annotations

import base64
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from semcache.devstack import java, ports, process
from semcache.devstack.java import jars
from semcache.devstack.process import ServerProcess
from semcache.devstack.progress import Progress, Silent
from semcache.errors import KafkaUnavailable, MissingExtra

READY_TIMEOUT_S = 60.0
DATA = "data"
JVM_FLAGS = (
    "-Xms128m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:MaxDirectMemorySize=64m",
    "-Djava.awt.headless=true",
)
LOG4J2 = """\
Configuration:
  status: ERROR
  Appenders:
    Console:
      name: STDOUT
      PatternLayout:
        pattern: "[%d] %p %m (%c)%n"
  Loggers:
    Root:
      level: WARN
      AppenderRef:
        ref: STDOUT
    Logger:
      - name: kafka.server.KafkaRaftServer
        level: INFO
"""


@dataclass(frozen=True, slots=True)
class KafkaServer:
    """A broker in `folder`, on `port` of the loopback interface.

    `extra` are server.properties that win over the defaults (`sasl_plain(...)`, for example), `client` the librdkafka
    properties that a client then needs. `features`: levels with which the folder is formatted, such as those of an
    older cluster (`{"share.version": 0}`: no share groups). `scram`: passwords of users that exist from then on.
    `cluster`: the id of the cluster that it belongs to with others; a new one if there are none.
    """

    folder: Path
    port: int
    extra: Mapping[str, str] = field(default_factory=dict)
    client: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, int] = field(default_factory=dict)
    scram: Mapping[str, str] = field(default_factory=dict)
    cluster: str = ""

    name: ClassVar[Literal["kafka"]] = "kafka"

    @property
    def address(self) -> str:
        return f"{ports.LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "kafka.log"

    @property
    def version(self) -> str:
        return jars.KAFKA_VERSION

    def start(
        self, *, progress: Progress | None = None, tied: bool = False, keep_open: tuple[int, ...] = ()
    ) -> ServerProcess:
        """Starts the broker, formatting its folder the first time; `wait_ready` says when it serves.

        Raises:
            ConfigurationError: there is no Java >= 17, or an extra is not installed.
            KafkaUnavailable: its jars cannot be downloaded, or the folder cannot be formatted.
        """
        progress = progress or Silent()
        _client_library()
        command = _java_command(self.folder, progress)
        properties = self._configure()
        if not (self.folder / DATA).exists():
            progress.step("formatting Kafka's data folder")
            cluster = self.cluster or new_cluster_id(uuid.uuid4().bytes)
            _format(command, self.folder, properties, ["-t", cluster, *self._format_options()])
        progress.step(f"starting Kafka {self.version} on port {self.port}")
        arguments = ["kafka.Kafka", str(self.folder / "server.properties")]
        return process.start([*command, *arguments], log=self.log, tied=tied, keep_open=keep_open)

    def wait_ready(self, server: ServerProcess, *, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Waits until the broker serves; if it does not, the error quotes its log.

        Raises:
            KafkaUnavailable: it ended, or is not ready in time.
        """
        process.wait_ready(
            server,
            lambda: self.ready(server),
            what="Kafka",
            log=self.log,
            timeout_s=timeout_s,
            error=KafkaUnavailable,
        )

    def ready(self, server: ServerProcess) -> bool:
        """True if this broker, and no other one on its port, answers a metadata request."""
        return server.alive() and cluster_id(self.address, client=self.client) == self._cluster_id()

    def _format_options(self) -> list[str]:
        levels = [word for name, level in self.features.items() for word in ("--feature", f"{name}={level}")]
        users = [f"SCRAM-SHA-512=[name={user},password={password}]" for user, password in self.scram.items()]
        return levels + [word for user in users for word in ("--add-scram", user)]

    def _cluster_id(self) -> str | None:
        written = (self.folder / DATA / "meta.properties").read_text().splitlines()
        return dict(line.split("=", 1) for line in written if "=" in line).get("cluster.id")

    def _configure(self) -> dict[str, str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        defaults = server_properties(folder=self.folder, port=self.port, controller_port=ports.free_port())
        properties = {**defaults, **self.extra}
        _write_properties(self.folder / "server.properties", properties)
        (self.folder / "log4j2.yaml").write_text(LOG4J2)
        return properties


def server_properties(*, folder: Path, port: int, controller_port: int) -> dict[str, str]:
    """server.properties of a single node that is broker and controller, for a laptop: few partitions, little memory."""
    host = ports.LOOPBACK
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        # A fixed quorum, not a dynamic one: the controller's port may then change between starts.
        "controller.quorum.voters": f"1@{host}:{controller_port}",
        "listeners": f"CLIENT://{host}:{port},CONTROLLER://{host}:{controller_port}",
        "advertised.listeners": f"CLIENT://{host}:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,CLIENT:PLAINTEXT",
        "log.dirs": str(folder / DATA),
        "auto.create.topics.enable": "false",
        "num.partitions": "4",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
        # Milliseconds. After kill -9 the controller waits so long for the broker that was before it takes the new one.
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "400",
        "log.cleaner.dedupe.buffer.size": "20971520",  # bytes; the default of 128 MB is a third of the heap
        "log.cleaner.threads": "1",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "message.max.bytes": "16777216",
    }


def sasl_plain(passwords: Mapping[str, str], *, admin: str) -> dict[str, str]:
    """`extra` for a broker that asks for user and password, and lets all but `admin` do only what ACLs allow."""
    users = " ".join(f'user_{user}="{password}"' for user, password in passwords.items())
    login = f'username="{admin}" password="{passwords[admin]}" {users}'
    return {
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,CLIENT:SASL_PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "listener.name.client.plain.sasl.jaas.config": (
            f"org.apache.kafka.common.security.plain.PlainLoginModule required {login};"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # Broker and controller are one process; they talk over the controller's listener without a name.
        "super.users": f"User:{admin};User:ANONYMOUS",
    }


def sasl_client(user: str, password: str) -> dict[str, str]:
    """The librdkafka properties with which `user` reaches a broker of `sasl_plain`."""
    return {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": user,
        "sasl.password": password,
    }


def cluster_id(
    bootstrap_servers: str, *, client: Mapping[str, Any] | None = None, timeout_s: float = 2.0
) -> str | None:
    """The id of the cluster that answers there and has a broker; None if none does within `timeout_s`.

    Raises:
        MissingExtra: confluent-kafka is not installed.
    """
    admin, failure = _client_library()
    if not any(_accepts(server, timeout_s) for server in bootstrap_servers.split(",")):
        return None  # at once; the client would try until its timeout
    quiet = {"log_level": 0, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200}
    try:
        asking = admin.AdminClient({"bootstrap.servers": bootstrap_servers, **quiet, **(client or {})})
        asking.poll(0)  # a callback for tokens is only called by this
        found = asking.list_topics(timeout=timeout_s)
        return str(found.cluster_id) if found.brokers else None
    except failure:
        return None


def answers(bootstrap_servers: str, *, client: Mapping[str, Any] | None = None, timeout_s: float = 2.0) -> bool:
    """True if a cluster answers there; raises as `cluster_id`."""
    return cluster_id(bootstrap_servers, client=client, timeout_s=timeout_s) is not None


def _accepts(server: str, timeout_s: float) -> bool:
    """`host`, `host:port` or `PROTOCOL://host:port`, as librdkafka takes them."""
    try:
        parts = urlsplit("//" + server.strip().rpartition("://")[2])
        return ports.accepts(parts.port or 9092, host=parts.hostname or "", timeout_s=timeout_s)
    except ValueError:  # not a port
        return False


def _client_library() -> tuple[Any, type[Exception]]:
    try:
        from confluent_kafka import KafkaException, admin
    except ImportError as error:
        raise MissingExtra("kafka", "talking to Kafka") from error
    return admin, KafkaException


def _java_command(folder: Path, progress: Progress) -> list[str]:
    class_path = ":".join(str(jar) for jar in jars.kafka_jars(progress))
    log4j = f"-Dlog4j2.configurationFile={folder / 'log4j2.yaml'}"
    return [str(java.find_java().path), *JVM_FLAGS, log4j, "-cp", class_path]


def _format(command: list[str], folder: Path, properties: Mapping[str, str], options: list[str]) -> None:
    """Formats a folder beside, which then becomes the data folder: an interrupted format leaves no half of one."""
    beside = folder / f"{DATA}.new"
    shutil.rmtree(beside, ignore_errors=True)
    _write_properties(folder / "format.properties", {**properties, "log.dirs": str(beside)})
    tool = [*command, "kafka.tools.StorageTool", "format", "-c", str(folder / "format.properties")]
    done = subprocess.run([*tool, *options], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise KafkaUnavailable(f"Kafka's data folder cannot be formatted:\n{done.stdout}{done.stderr}")
    beside.replace(folder / DATA)


def new_cluster_id(random: bytes) -> str:
    """16 random bytes as Kafka writes an id: base64 for URLs, but never a leading "-", which reads as an option."""
    return base64.urlsafe_b64encode(bytes([random[0] & 0x7F]) + random[1:]).decode().rstrip("=")


def _write_properties(path: Path, properties: Mapping[str, str]) -> None:
    path.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
