"""Jars: which they are (pinned by SHA-256), where they are kept, how they are fetched (Maven, through jgo)."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from semcache.devstack.locks import exclusive
from semcache.devstack.progress import Progress, Silent
from semcache.embed.registry import MAVEN
from semcache.errors import KafkaUnavailable, MissingExtra

if TYPE_CHECKING:
    from jgo.maven import MavenContext

KAFKA_VERSION = "4.3.1"
FOLDER = Path(platformdirs.user_cache_dir("semcache")) / f"kafka-{KAFKA_VERSION}"
PINS = "kafka-jars.txt"
DOWNLOADS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Pin:
    """One jar: its Maven coordinates, its SHA-256, its size in bytes."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int

    @property
    def filename(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


@cache
def pins() -> tuple[Pin, ...]:
    """The jars of Kafka's class path, as tools/lock_kafka_jars.py wrote them."""
    return read_pins(files("semcache.devstack.java").joinpath(PINS).read_text())


def read_pins(text: str) -> tuple[Pin, ...]:
    """The pins of a list: `group:artifact:version sha256 bytes` a line, comments behind "#"."""
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(_pin(*row) for row in rows)


def _pin(coordinates: str, sha256: str, size: str) -> Pin:
    group, artifact, version = coordinates.split(":")
    return Pin(group, artifact, version, sha256, int(size))


def download_bytes() -> int:
    """What the first start downloads, in bytes."""
    return sum(pin.size for pin in pins())


def downloaded(folder: Path = FOLDER) -> bool:
    """True if all of Kafka's jars are there, so that a start needs no network."""
    return _complete(pins(), folder)


def kafka_jars(progress: Progress | None = None, *, folder: Path = FOLDER, base_url: str = MAVEN) -> list[Path]:
    """All jars of Kafka's class path; the first call downloads and verifies them, later ones touch no network.

    Raises:
        MissingExtra: jgo is not installed.
        KafkaUnavailable: the download failed, or a jar is not the one that was pinned.
    """
    return pinned_jars(pins(), folder, what=f"Kafka {KAFKA_VERSION}", progress=progress, base_url=base_url)


def pinned_jars(
    wanted: Sequence[Pin], folder: Path, *, what: str, progress: Progress | None = None, base_url: str = MAVEN
) -> list[Path]:
    """These jars, in a folder that holds nothing else; downloaded and verified once. Raises as `kafka_jars`."""
    if not _complete(wanted, folder):
        with exclusive(folder.with_name(f"{folder.name}.lock"), what=f"the download of {what}", wait_s=900):
            if not _complete(wanted, folder):
                _fetch(wanted, folder, what, base_url, progress or Silent())
    return [folder / pin.filename for pin in wanted]


def _complete(wanted: Sequence[Pin], folder: Path) -> bool:
    return all(_size(folder / pin.filename) == pin.size for pin in wanted)


def _fetch(wanted: Sequence[Pin], folder: Path, what: str, base_url: str, progress: Progress) -> None:
    """Into a folder beside, which takes the place of `folder` when all is there and verified."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with progress.download(what, sum(pin.size for pin in wanted)) as arrived:
        context = open_maven(partial / "maven", base_url=base_url, arrived=arrived)
        pool = ThreadPoolExecutor(DOWNLOADS_AT_ONCE)
        try:
            list(pool.map(lambda pin: _fetch_one(context, pin, partial, folder), wanted))
        finally:
            pool.shutdown(cancel_futures=True)  # so that a failure or Ctrl-C does not wait for all the others
    shutil.rmtree(partial / "maven", ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)


def _fetch_one(context: MavenContext, pin: Pin, into: Path, folder: Path) -> None:
    try:
        jar = resolve(context, pin.group, pin.artifact, pin.version)
    except (OSError, RuntimeError) as error:
        raise KafkaUnavailable(
            f"Kafka's jars cannot be downloaded ({error}). Connect, or set HTTPS_PROXY; or copy {folder} from a "
            "machine that has it; or use a Kafka of your own: SEMCACHE_KAFKA_BOOTSTRAP_SERVERS",
            retry_after_s=10.0,
        ) from error
    if hashlib.sha256(jar.read_bytes()).hexdigest() != pin.sha256:
        raise KafkaUnavailable(f"{pin.filename} arrived damaged (its SHA-256 is not the pinned one): try again")
    jar.replace(into / pin.filename)


def resolve(context: MavenContext, group: str, artifact: str, version: str) -> Path:
    """One jar, without what it depends on."""
    path: Path = context.project(group, artifact).at_version(version).artifact().resolve()
    return path


def open_maven(
    cache_folder: Path, *, base_url: str = MAVEN, arrived: Callable[[int], None] = lambda _bytes: None
) -> MavenContext:
    """Maven without Maven (jgo); `arrived` is told of each piece that came, in bytes.

    Raises:
        MissingExtra: jgo is not installed.
    """
    try:
        from jgo.maven import MavenContext, PythonResolver
    except ImportError as error:
        raise MissingExtra("devstack", "the embedded Kafka") from error

    @contextmanager
    def report(_filename: str, _total: int) -> Iterator[Callable[[int], None]]:
        yield arrived

    return MavenContext(
        PythonResolver(progress_callback=report),
        repo_cache=cache_folder,
        remote_repos={"central": base_url},
        timeout=30,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
