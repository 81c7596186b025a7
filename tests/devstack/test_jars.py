"""Kafka's jars: pinned, downloaded once, verified."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from semcache.devstack.java import jars
from semcache.errors import KafkaUnavailable


class Maven:
    """A Maven repository on this machine that serves the pinned jars, out of the folder that the tests' broker uses."""

    def __init__(self, folder: Path) -> None:
        self.files = {
            f"/{pin.group.replace('.', '/')}/{pin.artifact}/{pin.version}/{pin.filename}": folder / pin.filename
            for pin in jars.pins()
        }
        self.asked: list[str] = []
        self.damaged = ""

    def answer(self, path: str) -> bytes | None:
        self.asked.append(path)
        if path not in self.files:
            return None
        content = self.files[path].read_bytes()
        return b"X" + content[1:] if self.damaged and self.damaged in path else content


@pytest.fixture
def maven() -> Iterator[tuple[str, Maven]]:
    """Its address, and the repository."""
    jars.kafka_jars()
    repository = Maven(jars.FOLDER)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = repository.answer(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("content-length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", repository
    server.shutdown()
    server.server_close()
    thread.join()


class Counting:
    """Adds up what a download reports."""

    def __init__(self) -> None:
        self.announced = self.arrived = 0
        self._lock = threading.Lock()

    def step(self, message: str) -> None:
        pass

    @contextmanager
    def download(self, name: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
        self.announced = total_bytes
        yield self._add

    def _add(self, arrived: int) -> None:
        with self._lock:
            self.arrived += arrived


def test_the_pins_are_of_one_kafka() -> None:
    """Every jar of Kafka itself has the version that is promised, and no jar is named twice."""
    versions = {pin.version for pin in jars.pins() if pin.group == "org.apache.kafka"}
    assert versions == {jars.KAFKA_VERSION}
    assert len({pin.artifact for pin in jars.pins()}) == len(jars.pins()) > 40


def test_a_first_download_is_complete_and_counted(tmp_path: Path, maven: tuple[str, Maven]) -> None:
    """All jars arrive, every byte is reported, and the second time nothing is asked for."""
    url, repository = maven
    progress, folder = Counting(), tmp_path / "kafka"
    assert not jars.downloaded(folder)
    found = jars.kafka_jars(progress, folder=folder, base_url=url)
    assert all(jar.stat().st_size == pin.size for jar, pin in zip(found, jars.pins(), strict=True))
    assert progress.announced == progress.arrived == jars.download_bytes()
    asked = len(repository.asked)
    assert jars.kafka_jars(folder=folder, base_url=url) == found
    assert len(repository.asked) == asked


def test_a_damaged_jar_is_refused(tmp_path: Path, maven: tuple[str, Maven]) -> None:
    """One other byte of the right length is noticed, nothing is kept, and the next try succeeds."""
    url, repository = maven
    repository.damaged = "slf4j-api"
    with pytest.raises(KafkaUnavailable, match=r"slf4j-api-[\d.]+\.jar arrived damaged"):
        jars.kafka_jars(folder=tmp_path / "kafka", base_url=url)
    assert not jars.downloaded(tmp_path / "kafka")
    repository.damaged = ""
    jars.kafka_jars(folder=tmp_path / "kafka", base_url=url)
    assert jars.downloaded(tmp_path / "kafka")


def test_a_folder_that_lost_a_jar_is_filled_again(tmp_path: Path, maven: tuple[str, Maven]) -> None:
    """A jar that is missing or cut short is noticed before a start."""
    url, _ = maven
    folder = tmp_path / "kafka"
    first, second, *_ = jars.kafka_jars(folder=folder, base_url=url)
    first.unlink()
    second.write_bytes(b"short")
    jars.kafka_jars(folder=folder, base_url=url)
    assert jars.downloaded(folder)


def test_without_a_network_the_error_says_what_is_missing(tmp_path: Path) -> None:
    """Nothing answers: one error that names Kafka's jars, retryable."""
    with pytest.raises(KafkaUnavailable, match="Kafka's jars cannot be downloaded") as caught:
        jars.kafka_jars(folder=tmp_path / "kafka", base_url="http://127.0.0.1:9")
    assert caught.value.retry_after_s > 0
