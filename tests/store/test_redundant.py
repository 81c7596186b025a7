"""One interface for one server, Sentinel and Cluster: URLs, commands, pipelines, the death of a server."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from semcache.devstack.redundant import EmbeddedCluster, EmbeddedSentinel
from semcache.errors import ConfigurationError, RedisUnavailable
from semcache.store.clients.client import Client, is_cluster, node_of, primaries, scan_pages
from semcache.store.clients.urls import parse, redacted
from semcache.store.connect import client_of, connect, guarded
from semcache.store.lua import script
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    servers = EmbeddedCluster(tmp_path_factory.mktemp("cluster"))
    servers.start(tied=True)
    yield servers
    servers.stop()


@pytest.fixture
def sentinel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSentinel]:
    servers = EmbeddedSentinel(tmp_path_factory.mktemp("sentinel"), down_after_s=1.0)
    servers.start(tied=True)
    yield servers
    servers.stop()


@pytest.fixture
def client(cluster: EmbeddedCluster) -> Iterator[Client]:
    with connect(cluster.address) as client:
        yield client


def test_a_url_of_sentinels_names_hosts_primary_and_database() -> None:
    """IPv6 in brackets, default ports, an escaped password; the sentinels have a login of their own, and TLS too."""
    url = "rediss+sentinel://me:p%40@a:1,[::1],c/my%2Fmaster/3?sentinel_password=x&ssl_ca_certs=/ca.pem"
    address = parse(url)
    assert address.hosts == [("a", 1), ("::1", 26379), ("c", 26379)]
    assert (address.service, address.db) == ("my/master", 3)
    assert address.options == {"username": "me", "password": "p@", "ssl": True, "ssl_ca_certs": "/ca.pem"}
    assert address.sentinel_options == {"password": "x", "ssl": True, "ssl_ca_certs": "/ca.pem"}


def test_a_url_of_a_cluster_names_some_of_its_nodes() -> None:
    """Numbers in the query become numbers, as in a plain URL."""
    address = parse("redis+cluster://a,b:7/0?max_connections=5")
    assert (address.hosts, address.options) == ([("a", 6379), ("b", 7)], {"max_connections": 5})


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("redis+cluster://a:1/2", "database 0 only"),
        ("redis+cluster://a:1?sentinel_password=x", r"redis\+sentinel"),
        ("redis+cluster://a:1,,b:2", "no host:port"),
        ("redis+cluster://a:0", "no host:port"),
        ("redis+cluster://a:1?no_such=1", "no_such"),
        ("redis+cluster://a:1?decode_responses=1", "leave it out"),
        ("redis+sentinel://a:1", "mymaster"),
        ("redis+sentinel://a:1/m/x", "mymaster"),
        ("redis+else://a:1", r"redis\+cluster"),
    ],
)
def test_a_wrong_url_says_what_is_wrong(url: str, why: str) -> None:
    """No connection is needed to refuse it."""
    with pytest.raises(ConfigurationError, match=why):
        connect(url)


def test_no_password_of_any_hop_is_shown() -> None:
    """Neither the login of the servers nor that of the sentinels."""
    assert "secret" not in redacted("redis+sentinel://u:secret@a/m?sentinel_username=secret&sentinel_password=secret")


def test_nothing_is_sent_before_the_first_command() -> None:
    """A cluster and sentinels that are away are an outage when they are first used."""
    for url in ("redis+cluster://127.0.0.1:1", "redis+sentinel://127.0.0.1:1/mymaster"):
        client = client_of(url, timeout_s=0.3)
        with pytest.raises(RedisUnavailable), guarded():
            client.ping()


def test_keys_of_all_nodes_are_seen(client: Client) -> None:
    """DBSIZE, SCAN, DEL and EXISTS speak of the whole cluster."""
    names = [f"sc:keys:{n}" for n in range(40)]
    for name in names:
        client.set(name, 1)
    assert len({node_of(client, name) for name in names}) == len(primaries(client)) == 3
    assert {name.decode() for page in scan_pages(client, "sc:keys:*") for name in page} == set(names)
    assert {name.decode() for name in client.scan_iter(match="sc:keys:*")} == set(names)
    assert is_cluster(client)
    assert client.dbsize() >= 40
    assert client.exists(*names) == client.delete(*names) == 40


def test_replies_of_a_pipeline_come_in_order_and_parsed(client: Client) -> None:
    """Commands of many slots, and a MULTI: the replies are those of one server."""
    for transaction in (False, True):
        with client.pipeline(transaction=transaction) as pipe:
            for n in range(30):
                pipe.hset(f"sc:order:{{{n}}}", mapping={"n": str(n)})
                pipe.hgetall(f"sc:order:{{{n}}}")
            replies = pipe.execute()
        assert replies[1::2] == [{b"n": str(n).encode()} for n in range(30)]


def test_a_script_that_some_nodes_have_forgotten_runs_once(client: Client) -> None:
    """In a pipeline over all nodes, of which one lost its scripts, each script is carried out exactly once."""
    first = next(iter(primaries(client).values()))
    for transaction in (False, True):
        first.script_flush()
        with client.pipeline(transaction=transaction) as pipe:
            names = [f"sc:once:{transaction}:{n}" for n in range(30)]
            for name in names:
                script("ingest_advance")(pipe, keys=[name], args=["p", "", 7])
            assert pipe.execute() == [1] * 30
        assert [client.hget(name, "p") for name in names] == [b"7"] * 30


def test_a_wrong_password_of_a_cluster_is_a_configuration_error(cluster: EmbeddedCluster) -> None:
    """It is no outage."""
    client = connect(cluster.address.replace("://", "://nobody:wrong@"))
    with pytest.raises(ConfigurationError, match="user or password"), guarded():
        client.ping()


def test_the_loss_of_a_node_stops_its_keys_alone_until_its_replica_takes_over(cluster: EmbeddedCluster) -> None:
    """Keys of other nodes go on while one primary is dead; then its replica serves its keys."""
    client = connect(cluster.address, timeout_s=1.0)
    names = [f"sc:dies:{n}" for n in range(30)]
    for name in names:
        client.set(name, 1)
    victim = cluster.nodes[0]
    away = [n for n in names if node_of(client, n).endswith(f":{victim.server.port}")]
    others = [n for n in names if n not in away]
    client.execute_command("WAIT", 1, 2000, target_nodes="primaries")
    victim.kill()
    began = time.monotonic()
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.get(name)
        replies = dict(zip(names, pipe.execute(raise_on_error=False), strict=True))
    assert [replies[name] for name in others] == [b"1"] * len(others)

    def served() -> bool:
        try:
            with guarded():
                return client.get(away[0]) == b"1"
        except RedisUnavailable:
            return False

    wait_until("the promoted replica serves", served, timeout_s=30)
    print(f"the replica serves after {time.monotonic() - began:.1f} s")
    victim.start(tied=True)
    wait_until("the cluster is whole", cluster.whole, timeout_s=30)


def test_sentinels_name_another_primary_when_theirs_dies(sentinel: EmbeddedSentinel) -> None:
    """The same client writes to the promoted replica; meanwhile it is an outage."""
    client = connect(sentinel.address, timeout_s=1.0)
    client.set("sc:kept", 1)
    assert client.execute_command("WAIT", 2, 2000) == 2
    sentinel.nodes[0].kill()
    began = time.monotonic()

    def served() -> bool:
        try:
            with guarded():
                return bool(client.incr("sc:kept") > 1)
        except RedisUnavailable:
            return False

    wait_until("the promoted replica serves", served, timeout_s=30)
    print(f"the promoted replica serves after {time.monotonic() - began:.1f} s")
