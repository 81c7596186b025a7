"""Every kind of Kafka client gets through TLS and SASL with the settings that the documentation gives."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from semcache.devstack.doctor import services
from semcache.devstack.kafka import KafkaServer
from semcache.devstack.ports import free_port
from semcache.embed import Embedder
from semcache.errors import KafkaUnavailable
from semcache.settings import Settings, load_settings
from semcache_ingest.kafka.clients import open_share_consumer
from semcache_ingest.kafka.topics import ensure_topics
from semcache_ingest.publish import EventPublisher
from semcache_ingest.status import group_status
from semcache_ingest.worker.assemble import RunOptions, open_worker
from tests.ingest.certificates import Authority
from tests.ingest.conftest import FAST, Running
from tests.ingest.producing import upsert

SCRAM, PASSWORD = "SCRAM-SHA-512", "a b&c=d"
Broker = Callable[..., AbstractContextManager[KafkaServer]]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    """`with broker("SASL_SSL", {...}, client={...}) as server:`: its listener speaks that protocol."""

    @contextmanager
    def running(protocol: str, extra: Mapping[str, str], **more: Any) -> Iterator[KafkaServer]:
        listeners = {"listener.security.protocol.map": f"CONTROLLER:PLAINTEXT,CLIENT:{protocol}"}
        server = KafkaServer(tmp_path / "kafka", free_port(), extra=listeners | dict(extra), **more)
        process = server.start(tied=True)
        try:
            server.wait_ready(process)
            yield server
        finally:
            process.kill()

    return running


def tls(authority: Authority, **more: str) -> dict[str, str]:
    """server.properties of a broker with a certificate."""
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(authority.certificate("broker").both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.path),
    } | {name.replace("_", "."): value for name, value in more.items()}


def settings_of(server: KafkaServer, redis_url: str, namespace: str, folder: Path, **kafka: Any) -> Settings:
    return load_settings(
        namespace=namespace,
        data_dir=folder,
        embed=FAST.model_dump(),
        redis={"url": redis_url},
        kafka={"bootstrap_servers": server.address, "partitions": 1, **kafka},
        ingest={"group": namespace},
    )


def goes_round(settings: Settings, embedder: Embedder) -> None:
    """Topics made, an event published, applied by a worker, lag read, doctor content: admin, producer, consumers."""
    ensure_topics(settings)
    with EventPublisher(settings) as publisher:
        publisher.publish(upsert("kettle", 1, "Descale the kettle monthly."), confirm_s=10)
    with (
        open_worker(settings, RunOptions(until_caught_up=True), embedder=embedder) as (worker, metrics),
        Running(worker, metrics) as running,
    ):
        running.join()
    assert metrics.totals() == {"applied": 1}
    assert group_status(settings).lag == 0
    assert [finding.level for finding in services.kafka(settings)] == ["ok"]
    shared = open_share_consumer(settings.kafka, group="shared", at_once=1)
    shared.subscribe([settings.kafka.knowledge_topic])
    shared.close()


def test_scram_over_tls(
    broker: Broker, authority: Authority, redis_url: str, namespace: str, tmp_path: Path, fast_embedder: Embedder
) -> None:
    """SASL_SSL with SCRAM, the password in a file; a wrong password is told and not shown."""
    login = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="me" password="{PASSWORD}";'
    extra = tls(authority) | {
        "sasl.enabled.mechanisms": SCRAM,
        "sasl.mechanism.inter.broker.protocol": SCRAM,
        "listener.name.client.scram-sha-512.sasl.jaas.config": login,
    }
    client = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": SCRAM,
        "sasl.username": "me",
        "ssl.ca.location": str(authority.path),
    }
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    with broker("SASL_SSL", extra, client=client | {"sasl.password": PASSWORD}, scram={"me": PASSWORD}) as server:
        own = settings_of(server, redis_url, namespace, tmp_path, client=client | {"sasl.password_file": str(secret)})
        goes_round(own, fast_embedder)
        wrong = settings_of(server, redis_url, namespace, tmp_path, client=client | {"sasl.password": "wr0ng"})
        with pytest.raises(KafkaUnavailable) as refused:
            ensure_topics(wrong, timeout_s=3)
        assert "wr0ng" not in str(refused.value)


def test_mutual_tls(
    broker: Broker, authority: Authority, redis_url: str, namespace: str, tmp_path: Path, fast_embedder: Embedder
) -> None:
    """A certificate of the authority opens; none, or one of a stranger, does not."""
    own, stranger = authority.certificate("client"), Authority(tmp_path, "stranger").certificate("thief")
    client = {"security.protocol": "SSL", "ssl.ca.location": str(authority.path)}

    def certified(files: Any) -> dict[str, str]:
        return {"ssl.certificate.location": str(files.certificate), "ssl.key.location": str(files.key)}

    with broker("SSL", tls(authority, ssl_client_auth="required"), client=client | certified(own)) as server:
        goes_round(settings_of(server, redis_url, namespace, tmp_path, client=client | certified(own)), fast_embedder)
        for refused in ({}, certified(stranger)):
            with pytest.raises(KafkaUnavailable):
                ensure_topics(settings_of(server, redis_url, namespace, tmp_path, client=client | refused), timeout_s=3)


def token(config: str) -> tuple[str, float]:
    """An unsigned token for the user that `sasl.oauthbearer.config` names: what a callback of a cloud would fetch."""
    until = time.time() + 3600
    claims = {"sub": config or "me", "iat": time.time() - 10, "exp": until}
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + ".", until


def test_tokens_of_a_callback(
    broker: Broker, redis_url: str, namespace: str, tmp_path: Path, fast_embedder: Embedder
) -> None:
    """OAUTHBEARER with `module:callable`: each client fetches its token by itself."""
    login = (
        "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required "
        'unsecuredLoginStringClaim_sub="broker";'
    )
    extra = {
        "sasl.enabled.mechanisms": "OAUTHBEARER",
        "sasl.mechanism.inter.broker.protocol": "OAUTHBEARER",
        "listener.name.client.oauthbearer.sasl.jaas.config": login,
    }
    client = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER"}
    with broker("SASL_PLAINTEXT", extra, client=client | {"oauth_cb": token}) as server:
        callback = f"{__name__}:token"
        goes_round(
            settings_of(server, redis_url, namespace, tmp_path, client=client, token_callback=callback), fast_embedder
        )
