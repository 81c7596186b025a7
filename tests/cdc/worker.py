"""One Kafka Connect worker with Debezium's connectors: class path, worker.properties, start, REST."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import platformdirs

from semcache.devstack import java, ports, process
from semcache.devstack.java import jars
from semcache.devstack.kafka import LOG4J2
from semcache.devstack.process import ServerProcess
from semcache.errors import KafkaUnavailable
from tests.waiting import wait_until

LISTS = Path(__file__).parent / "jars"
CACHE = Path(platformdirs.user_cache_dir("semcache"))
PLUGINS = ("postgres", "mariadb")
START_TIMEOUT_S = 90.0
JVM_FLAGS = ("-Xms256m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")


def listed(name: str) -> tuple[jars.Pin, ...]:
    """The pins of `jars/<name>.txt`."""
    return jars.read_pins((LISTS / f"{name}.txt").read_text())


def version_of(name: str) -> str:
    """The version of the connector in a list of jars."""
    return next(pin.version for pin in listed(name) if pin.artifact == f"debezium-connector-{name}")


@dataclass(frozen=True, slots=True)
class ConnectWorker:
    """A standalone worker in `folder`, its REST interface on `port` of the loopback interface."""

    folder: Path
    port: int
    kafka: str

    @property
    def log(self) -> Path:
        return self.folder / "connect.log"

    def start(self) -> ServerProcess:
        """Starts the worker; `wait_ready` says when it takes connectors."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log4j2.yaml").write_text(LOG4J2)
        properties = self.folder / "worker.properties"
        properties.write_text("".join(f"{name}={value}\n" for name, value in self._properties().items()))
        command = [java.find_java().path, *JVM_FLAGS, f"-Dlog4j2.configurationFile={self.folder / 'log4j2.yaml'}"]
        command += ["-cp", _class_path(), "org.apache.kafka.connect.cli.ConnectStandalone", properties]
        return process.start([str(word) for word in command], log=self.log, tied=True)

    def wait_ready(self, server: ServerProcess) -> None:
        """Raises KafkaUnavailable, with the end of the log, if the worker does not come up."""
        process.wait_ready(
            server,
            self._answers,
            what="Kafka Connect",
            log=self.log,
            timeout_s=START_TIMEOUT_S,
            error=KafkaUnavailable,
        )

    def put(self, name: str, config: Mapping[str, str]) -> None:
        """Makes or changes a connector."""
        self._call("PUT", f"connectors/{name}/config", dict(config))

    def wait_running(self, *names: str) -> None:
        """Waits until the task of each connector runs; a failed one fails the test with its stack."""
        for name in names:
            wait_until(f"connector {name} runs", partial(self._runs, name), timeout_s=START_TIMEOUT_S)

    def remove(self, name: str) -> None:
        """Takes the connector away. One of the same name goes on where this one was in the source's log."""
        self._call("DELETE", f"connectors/{name}")

    def _runs(self, name: str) -> bool:
        status = self._status(name)
        parts = [status.get("connector", {}), *status.get("tasks", [])]
        failed = [part.get("trace", "") for part in parts if part.get("state") == "FAILED"]
        assert not failed, f"connector {name} failed: {failed[0]}"
        return len(parts) > 1 and all(part.get("state") == "RUNNING" for part in parts)

    def _status(self, name: str) -> dict[str, Any]:
        return dict(self._call("GET", f"connectors/{name}/status", missing={}))

    def _answers(self) -> bool:
        """Its server listens some moments before it knows its own paths: they are not found until then."""
        try:
            return isinstance(self._call("GET", "connectors", missing={}), list)
        except OSError:
            return False

    def _call(self, method: str, path: str, body: object = None, *, missing: Any = None) -> Any:
        request = urllib.request.Request(
            f"http://{ports.LOOPBACK}:{self.port}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            if error.code == 404 and missing is not None:
                return missing
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from error

    def _properties(self) -> dict[str, str]:
        return {
            "bootstrap.servers": self.kafka,
            "listeners": f"http://{ports.LOOPBACK}:{self.port}",
            "plugin.path": str(_plugins(self.folder / "plugins")),
            "plugin.discovery": "service_load",
            "offset.storage.file.filename": str(self.folder / "offsets"),
            "offset.flush.interval.ms": "500",
            "key.converter": "org.apache.kafka.connect.json.JsonConverter",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "topic.creation.enable": "true",
        }


def _class_path() -> str:
    connect = jars.pinned_jars(listed("connect"), CACHE / f"connect-{jars.KAFKA_VERSION}", what="Kafka Connect")
    return ":".join(str(jar) for jar in [*jars.kafka_jars(), *connect])


def _plugins(folder: Path) -> Path:
    """A folder with one link for each connector: each gets a class loader of its own."""
    folder.mkdir(exist_ok=True)
    for name in PLUGINS:
        kept = CACHE / f"debezium-{name}-{version_of(name)}"
        jars.pinned_jars(listed(name), kept, what=f"Debezium's connector for {name}")
        (folder / name).symlink_to(kept)
    return folder
