"""Redis as several servers on this machine: started, stopped, started again, and what the doctor says of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from semcache.devstack import locks, ports, stack
from semcache.devstack.doctor import services
from semcache.devstack.doctor.redundancy import ClusterFacts, judge_cluster
from semcache.devstack.redundant import EmbeddedCluster, EmbeddedSentinel
from semcache.devstack.state import Form
from semcache.errors import ConfigurationError, RedisUnavailable
from semcache.settings import Settings, load_settings
from semcache.store.clients.client import every_server, primaries
from semcache.store.connect import connect, guarded
from tests.devstack.command_line import call
from tests.devstack.test_doctor import levels
from tests.slots import moving, owner
from tests.waiting import wait_until


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    made = load_settings(data_dir=tmp_path)
    yield made
    stack.down(made)


@pytest.mark.parametrize("form", ["cluster", "sentinel"])
def test_several_servers_are_started_stopped_and_started_again(form: Form, settings: Settings) -> None:
    """What was written is there after `down` and `up`, which remembers the form; afterwards no process is left."""
    port = ports.free_port()
    running = stack.up(settings, only=["redis"], redis_port=port, redis_form=form)
    assert running.redis
    assert load_settings(data_dir=settings.data_dir).redis.url == running.redis.address
    with connect(str(running.redis.address)) as client:
        client.set("sc:kept", 1)
        assert len(primaries(client)) == (3 if form == "cluster" else 1)
    with pytest.raises(ConfigurationError, match="runs already"):
        stack.up(settings, only=["redis"], redis_form="single")
    stack.down(settings)
    assert locks.holders(settings.data_dir / "redis" / "lock") == []
    again = stack.up(settings, only=["redis"])
    assert again.redis
    assert (again.redis.address, again.redis.port, again.redis.form) == (running.redis.address, port, form)
    with connect(str(again.redis.address)) as client:
        assert client.get("sc:kept") == b"1"
    assert {server.name: server.state for server in stack.status(settings)}["redis"] == "running"
    assert levels(services.redis(load_settings(data_dir=settings.data_dir)))["redis"] == "ok"


def test_one_form_at_a_time(settings: Settings) -> None:
    """Two forms are refused before anything starts."""
    ended = call("up", "--cluster", "--sentinel", "--data-dir", str(settings.data_dir))
    assert ended.returncode != 0
    assert "one of --cluster, --sentinel" in ended.stderr


def test_the_primary_that_was_promoted_is_the_primary_after_a_restart(tmp_path: Path) -> None:
    """Sentinels promote a replica, all is stopped and started again: what was written last is there."""
    servers = EmbeddedSentinel(tmp_path, replicas=1, sentinels=1, down_after_s=0.5)
    servers.start(tied=True)
    client = connect(servers.address)
    client.set("sc:first", 1)
    assert client.execute_command("WAIT", 1, 2000) == 1
    servers.nodes[0].kill()

    def written() -> bool:
        try:
            with guarded():
                return bool(client.set("sc:second", 1))
        except RedisUnavailable:
            return False

    wait_until("the promoted replica takes writes", written, timeout_s=30)
    servers.stop()
    again = EmbeddedSentinel(tmp_path, replicas=1, sentinels=1, down_after_s=0.5)
    again.start(tied=True)
    try:
        assert connect(again.address).mget("sc:first", "sc:second") == [b"1", b"1"]
    finally:
        again.stop()


# -- the doctor


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    servers = EmbeddedCluster(tmp_path_factory.mktemp("cluster"))
    servers.start(tied=True)
    yield servers
    servers.stop()


def found_in(cluster: EmbeddedCluster, tmp_path: Path, **ingest: str) -> dict[str, str]:
    own = load_settings(data_dir=tmp_path, redis_url=cluster.address, ingest=ingest)
    return levels(services.redis(own))


def test_a_cluster_is_whole(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """Six servers alike are one line; with durability = replica one replica of each primary is too few."""
    assert found_in(cluster, tmp_path) == {"redis": "ok", "cluster": "ok"}
    assert found_in(cluster, tmp_path, durability="replica")["cluster replicas"] == "warning"


def test_one_server_that_is_set_up_badly_is_named(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """A replica that may crash, and evicts: the server is named."""
    with connect(cluster.address) as client:
        address, server = next(reversed(every_server(client).items()))
        server.config_set("vset-force-single-threaded-execution", "no")
        try:
            own = load_settings(data_dir=tmp_path, redis_url=cluster.address)
            (finding,) = [found for found in services.redis(own) if found.level != "ok"]
            assert (finding.check, finding.level) == ("redis safety", "problem")
            assert address in finding.detail
        finally:
            server.config_set("vset-force-single-threaded-execution", "yes")


def test_a_slot_on_the_move_is_told(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """It is a warning while it lasts."""
    with moving(cluster, 7, next(node for node in cluster.nodes[:3] if node is not owner(cluster, 7))):
        assert found_in(cluster, tmp_path)["cluster slots"] == "warning"
    wait_until("the move is over", lambda: "cluster slots" not in found_in(cluster, tmp_path), timeout_s=20)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (ClusterFacts({"a": 1, "b": 1}, 16_384, (), True), {"cluster": "ok"}),
        (ClusterFacts({"a": 1}, 16_000, (), True), {"cluster": "problem"}),
        (ClusterFacts({"a": 1, "b": 0}, 16_384, ("3",), False), {"cluster replicas": "warning"}),
        (ClusterFacts({f"{n}": 1 for n in range(65)}, 16_384, (), True), {"cluster fences": "problem"}),
    ],
)
def test_facts_of_a_cluster_are_judged(facts: ClusterFacts, expected: dict[str, str]) -> None:
    """Slots of nobody, a primary alone, more primaries than fences: each with the line that mends it."""
    found = judge_cluster(facts, "memory")
    assert expected.items() <= levels(found).items()
    assert all(bool(finding.mend) == (finding.level != "ok") for finding in found)
