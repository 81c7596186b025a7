"""The dev stack: up, down, status, and what they survive."""

from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis as redis_py

from semcache.devstack import locks, ports, process, stack, state
from semcache.devstack.java import jars
from semcache.devstack.state import NAMES, ServerState, StackState
from semcache.errors import ConfigurationError
from semcache.settings import Settings, load_settings
from tests.devstack.command_line import call, command
from tests.devstack.records import create_topic, read_all, write
from tests.waiting import wait_until

REDIS = ("redis",)


def free_ports() -> dict[str, int]:
    return {"redis_port": ports.free_port(), "kafka_port": ports.free_port()}


def addresses(running: StackState) -> tuple[str, str]:
    assert running.redis
    assert running.kafka
    assert running.redis.address
    assert running.kafka.address
    return running.redis.address, running.kafka.address


def pid(running: StackState, name: state.Name = "redis") -> int:
    server = running.of(name)
    assert server
    assert server.process
    return server.process.pid


def holders(settings: Settings) -> list[psutil.Process]:
    """Whatever process uses the data directory, known to stack.json or not."""
    return [holder for name in NAMES for holder in locks.holders(settings.data_dir / name / "lock")]


def states(settings: Settings) -> dict[str, str]:
    return {server.name: server.state for server in stack.status(settings)}


def test_data_survives_kill_and_down(settings: Settings) -> None:
    """Kafka records and Redis vectors are there after kill -9 of both servers, and after down and up."""
    running = stack.up(settings, **free_ports())
    url, servers = addresses(running)
    create_topic(servers, "kept")
    written = [f"record {i}".encode() for i in range(2_000)]
    write(servers, "kept", written)
    with redis_py.Redis.from_url(url) as client:
        for i in range(200):
            client.execute_command(
                "VADD", "vectors", "VALUES", 2, math.cos(i / 100), math.sin(i / 100), f"v{i}", "NOQUANT"
            )
        # While the disk is busy with a flush, Redis holds writes of the next two seconds back (appendfsync everysec).
        assert client.execute_command("WAITAOF", 1, 0, 20_000)[0] == 1

    def check_all_is_kept() -> None:
        assert read_all(servers, "kept") == written
        with redis_py.Redis.from_url(url) as client:
            assert client.execute_command("VCARD", "vectors") == 200
            assert client.execute_command("VSIM", "vectors", "ELE", "v7", "COUNT", 1) == [b"v7"]

    for name in NAMES:
        os.kill(pid(running, name), signal.SIGKILL)
    wait_until("both are seen to be dead", lambda: states(settings) == {"redis": "died", "kafka": "died"})
    assert addresses(stack.up(settings)) == (url, servers), "the ports are kept"
    check_all_is_kept()
    assert stack.down(settings) == ["redis", "kafka"]
    assert states(settings) == {"redis": "stopped", "kafka": "stopped"}
    assert not holders(settings)
    assert addresses(stack.up(settings)) == (url, servers), "the ports are kept"
    check_all_is_kept()


def test_a_second_up_finds_the_running_servers(settings: Settings) -> None:
    """Nothing is started twice, and every program's settings name the running server."""
    first = stack.up(settings, only=REDIS, redis_port=ports.free_port())
    assert stack.up(settings, only=REDIS) == first
    assert load_settings(data_dir=settings.data_dir).redis.url == first.redis.address if first.redis else None
    (redis, kafka) = stack.status(settings)
    assert (redis.state, kafka.state) == ("running", "stopped")
    assert redis.pid == pid(first)
    assert redis.memory_bytes
    assert redis.uptime_s is not None


def test_settings_forget_a_stopped_server(settings: Settings) -> None:
    """After down nobody is sent to a port where nothing listens any more."""
    stack.up(settings, only=REDIS, redis_port=ports.free_port())
    stack.down(settings)
    assert load_settings(data_dir=settings.data_dir).redis.url == "redis://127.0.0.1:6379/0"
    assert stack.down(settings) == []


def test_two_ups_at_once_start_one_server(settings: Settings) -> None:
    """The second waits for the first, then finds its server."""
    words = command("up", "--only", "redis", "--data-dir", settings.data_dir, "--json")
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate(timeout=60) for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert said[0][0] == said[1][0]
    assert len(holders(settings)) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_up_leaves_nothing_running(settings: Settings, number: signal.Signals) -> None:
    """Ctrl-C or SIGTERM while Kafka starts: both servers are gone when the command has ended."""
    words = command("up", "--data-dir", settings.data_dir, "--redis-port", ports.free_port())
    up = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until("both servers are started", lambda: len(holders(settings)) == 2 or up.poll() is not None, timeout_s=90)
    assert up.poll() is None, up.communicate()
    up.send_signal(number)
    _, said = up.communicate(timeout=60)
    assert up.returncode == 130
    assert "Traceback" not in said
    assert not holders(settings)
    assert states(settings) == {"redis": "stopped", "kafka": "stopped"}


def test_a_server_that_a_killed_up_left_over_is_replaced(settings: Settings) -> None:
    """With stack.json lost, `up` stops the server nobody knows of and starts one on the same data."""
    first = stack.up(settings, only=REDIS, redis_port=ports.free_port())
    assert first.redis
    assert first.redis.address
    with redis_py.Redis.from_url(first.redis.address) as client:
        client.set("kept", "yes")
    (settings.data_dir / state.FILE).unlink()
    second = stack.up(settings, only=REDIS, redis_port=ports.free_port())
    assert second.redis
    assert second.redis.address
    assert [holder.pid for holder in holders(settings)] == [pid(second)]
    with redis_py.Redis.from_url(second.redis.address, decode_responses=True) as client:
        assert client.get("kept") == "yes"


def test_down_stops_a_server_that_nobody_knows_of(settings: Settings) -> None:
    """A damaged stack.json hides no server from `down`."""
    stack.up(settings, only=REDIS, redis_port=ports.free_port())
    (settings.data_dir / state.FILE).write_text("{damaged")
    assert stack.down(settings) == ["redis"]
    assert not holders(settings)


def test_a_stale_pid_never_ends_a_stranger(settings: Settings, tmp_path: Path) -> None:
    """The pid in stack.json belongs to another process by now: it is neither taken for Redis nor stopped."""
    stranger = process.start([sys.executable, "-c", "import signal; signal.pause()"], log=tmp_path / "log")
    try:
        settings.data_dir.mkdir()
        stale = process.ServerProcess(stranger.pid, stranger.started_at - 3600)
        known = ServerState("redis", ports.free_port(), tmp_path / "log", address="redis://x", process=stale)
        state.save(StackState(redis=known), settings.data_dir)
        assert states(settings)["redis"] == "died"
        assert stack.down(settings) == []
        assert stranger.alive()
    finally:
        stranger.kill()


def test_a_given_port_that_is_taken_is_an_error(settings: Settings) -> None:
    """It names the port, who has it, and the option; nothing is started."""
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"port {port} is taken by .*{os.getpid()}.*--redis-port"):
            stack.up(settings, only=REDIS, redis_port=port)
    assert not holders(settings)


def test_a_kept_port_that_was_taken_meanwhile_is_left_to_its_owner(settings: Settings) -> None:
    """Without a port given, a server whose old port is taken moves to another."""
    port = ports.free_port()
    stack.up(settings, only=REDIS, redis_port=port)
    stack.down(settings)
    with socket.create_server((ports.LOOPBACK, port)):
        moved = stack.up(settings, only=REDIS)
    assert moved.redis
    assert moved.redis.port != port


def test_a_running_server_is_not_moved(settings: Settings) -> None:
    """Another port for a server that runs is an error that names the way."""
    stack.up(settings, only=REDIS, redis_port=ports.free_port())
    with pytest.raises(ConfigurationError, match="semcache down --only redis"):
        stack.up(settings, only=REDIS, redis_port=ports.free_port())


def test_a_start_needs_no_network_once_kafka_is_downloaded(settings: Settings) -> None:
    """With every proxy pointing nowhere and no Maven cache, both servers start."""
    jars.kafka_jars()
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    env = {**os.environ, **nowhere, "M2_REPO": str(settings.data_dir / "m2"), "NO_PROXY": "", "no_proxy": ""}
    done = call("up", "--data-dir", settings.data_dir, "--kafka-port", str(ports.free_port()), "--json", env=env)
    assert done.returncode == 0, done.stderr
    assert states(settings) == {"redis": "running", "kafka": "running"}


def test_a_data_directory_that_cannot_be_written_is_told() -> None:
    """A read-only place is one line with the way out, and exit code 1."""
    done = call("up", "--data-dir", "/proc/semcache")
    assert done.returncode == 1
    assert "--data-dir or SEMCACHE_DATA_DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_relative_data_directory_is_the_same_from_everywhere(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written to stack.json does not depend on the working directory."""
    settings.data_dir.mkdir()
    monkeypatch.chdir(settings.data_dir.parent)
    relative = load_settings(data_dir=settings.data_dir.name)
    running = stack.up(relative, only=REDIS, redis_port=ports.free_port())
    assert running.redis
    assert running.redis.log.is_absolute()
    assert states(settings)["redis"] == "running"
