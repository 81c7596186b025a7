"""What no caller gets past: other tenants, limits, wrong bytes."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from semcache.errors import ConfigurationError
from semcache.server.identity import Keys, check_closed
from semcache.server.proxy.directives import Directives, outcome_headers
from semcache.settings.server import ServerSettings
from tests.server.conftest import Served
from tests.server.test_openai import QUESTION, ask, client_of
from tests.waiting import wait_until

ALICE = {"authorization": "Bearer key-of-alice"}


def test_another_tenant_gets_an_answer_of_its_own(served: Served) -> None:
    """Neither another key nor a header that names the tenant opens its answers."""
    ask(client_of(served))
    bob = client_of(served, "key-of-bob")
    assert ask(bob)[0] == "miss"
    for scope in ("tenant=alice", "caller.tenant=alice", "user=alice,model=m"):
        assert ask(bob, extra_headers={"x-semcache-scope": scope})[0] == "miss"


def test_a_scope_of_the_caller_is_one_more_wall(served: Served) -> None:
    """What is stored behind it is not served without it, nor behind another one."""
    client = client_of(served)
    assert ask(client, extra_headers={"x-semcache-scope": "team=a"})[0] == "miss"
    assert ask(client)[0] == "miss"
    assert ask(client, extra_headers={"x-semcache-scope": "team=b"})[0] == "miss"
    assert ask(client, extra_headers={"x-semcache-scope": "team=a"})[0] == "hit"


def test_the_upstream_never_sees_our_keys(served: Served) -> None:
    """A key that opens this server is no business of the service behind it."""
    ask(client_of(served))
    assert served.upstream.authorizations == [""]


@pytest.mark.parametrize("body", [b'{"model": "\xff"}', b"[" * 100_000, b"[]", b"", b"nonsense"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings", "/v1/caches/c/entries", "/v1/memory/turns"])
def test_wrong_bytes_are_the_callers_error(served: Served, path: str, body: bytes) -> None:
    """Not UTF-8, nested without end, no object: 400 in the API's own form."""
    headers = {**ALICE, "content-type": "application/json"}
    answer = httpx2.post(served.url + path, content=body, headers=headers)
    assert answer.status_code == 400
    assert {"error", "title"} & answer.json().keys()


def test_large_bodies_are_refused_whether_they_say_so_or_not(serve: Callable[..., Served]) -> None:
    """By their announced length, and by what arrives."""
    served = serve(max_body_bytes=1_000)
    url = f"{served.url}/v1/chat/completions"
    assert httpx2.post(url, content=b"x" * 2_000, headers=ALICE).status_code == 413
    assert httpx2.post(url, content=iter([b"x" * 600] * 3), headers=ALICE).status_code == 413


def test_a_body_that_does_not_arrive_ends_the_request(serve: Callable[..., Served]) -> None:
    """Whoever sends a byte now and then does not hold a request for ever."""
    served = serve(body_timeout_s=0.2)
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer key-of-alice\r\n"
        connection.sendall(f"{head}content-length: 100\r\n\r\n{{".encode())
        assert b" 408 " in connection.recv(4_096)


def test_limits_of_one_key_leave_others_alone(serve: Callable[..., Served]) -> None:
    """429 says when to come again."""
    served = serve(requests_per_minute=2)
    for _ in range(2):
        ask(client_of(served))
    refused = httpx2.get(f"{served.url}/v1/models", headers=ALICE)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert ask(client_of(served, "key-of-bob"))[0] == "miss"


def test_names_of_fields_do_not_become_headers(served: Served) -> None:
    """A reason that quotes the request cannot end a header."""
    body = {"model": "m", "messages": [{"role": "user", "content": QUESTION}], "a\r\nset-cookie: x=1": 1}
    answer = httpx2.post(f"{served.url}/v1/chat/completions", content=json.dumps(body), headers=ALICE)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert outcome_headers("hit", "a\r\nb: c\x00é")["x-semcache-reason"] == "a??b: c??"


def test_the_log_holds_no_words_of_users(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Lines of the access log say who and how long, not what."""

    def lines() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == "semcache.server.access"]

    with caplog.at_level("INFO"), caplog.at_level("INFO", logger="semcache.server.access"):
        ask(client_of(served), "Is aubergine a fruit?")
        wait_until("the request is in the log", lambda: bool(lines()))  # which is written behind the answer
    assert "aubergine" not in caplog.text
    assert "key-of-alice" not in caplog.text


def test_without_keys_only_this_machine_is_served(serve: Callable[..., Served]) -> None:
    """Another address needs keys, and a page of another host cannot speak through a browser."""
    with pytest.raises(ConfigurationError, match="give keys"):
        check_closed(ServerSettings(host="0.0.0.0"))
    served = serve(keys={})
    assert httpx2.get(f"{served.url}/v1/models", headers={"host": "evil.example"}).status_code == 421
    assert httpx2.get(f"{served.url}/v1/models").status_code == 200


def test_a_file_of_keys_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """A key that is added or taken away counts without a restart; a broken file leaves the keys that were there."""
    now = [0.0]
    file = tmp_path / "keys"
    digest = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"  # of "key"
    file.write_text(f"# keys\n{digest} acme/ada\n")
    keys = Keys(ServerSettings(keys_file=file), clock=lambda: now[0])
    found = keys.identify("key")
    assert found is not None
    assert (found.tenant, found.user) == ("acme", "acme/ada")
    file.write_text("broken\n")
    now[0] += 2
    assert keys.identify("key") == found
    file.write_text("# nobody any more\n")
    now[0] += 2
    assert keys.identify("key") is None


@pytest.mark.parametrize(
    "headers",
    [{"x-semcache": "maybe"}, {"x-semcache-ttl": "nan"}, {"x-semcache-max-error": "2"}, {"x-semcache-scope": "a"}],
)
def test_directives_that_are_not_understood_are_refused(headers: dict[str, Any]) -> None:
    """A typing error does not silently turn the cache on or off."""
    with pytest.raises(ValueError, match="x-semcache"):
        Directives.of(headers)
