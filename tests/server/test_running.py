"""`semcache serve` and `semcache mcp` as processes: workers, an orderly end, and tools on standard input and output."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
import yaml
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from openai import OpenAI

from semcache.devstack.ports import free_port
from tests.server.conftest import running
from tests.server.upstream import Upstream
from tests.waiting import wait_until

SEMCACHE = str(Path(sys.executable).with_name("semcache"))
QUESTION = "How do I install the widget on Linux?"


def environment(redis_url: str, namespace: str) -> dict[str, str]:
    return {**os.environ, "SEMCACHE_REDIS_URL": redis_url, "SEMCACHE_NAMESPACE": namespace}


@contextmanager
def serving(env: dict[str, str], *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`semcache serve` on a free port: its URL, and the process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [SEMCACHE, "serve", *options], env={**env, "SEMCACHE_SERVER_PORT": str(port)}, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            wait_until("the server is ready", lambda: is_ready(url, process), timeout_s=150)
            yield url, process
        finally:
            if process.poll() is None:
                for member in [*psutil.Process(process.pid).children(recursive=True), process]:
                    member.kill()


def is_ready(url: str, process: subprocess.Popen[str]) -> bool:
    assert process.poll() is None, process.communicate()[1]
    try:
        return httpx2.get(f"{url}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.parametrize("workers", [1, 2])
def test_what_has_begun_is_finished_and_nothing_is_left(redis_url: str, namespace: str, workers: int) -> None:
    """SIGTERM in the middle of a stream: it comes to its end, the processes too, and the port is free."""
    upstream = Upstream()
    with (
        running(upstream.app()) as address,
        serving(environment(redis_url, namespace), "--upstream", address, "--workers", str(workers)) as (url, process),
    ):
        family = psutil.Process(process.pid).children(recursive=True)
        client = OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0)
        messages: Any = [{"role": "user", "content": QUESTION}]
        stream = iter(client.chat.completions.create(model="paused", messages=messages, stream=True))
        assert next(stream).choices[0].delta.content == "answer "
        process.send_signal(signal.SIGTERM)
        wait_until("nobody is let in any more", lambda: not answers(url))
        upstream.go_on.set()
        rest = list(stream)
        assert rest[-1].choices[0].finish_reason == "stop"
        assert process.wait(30) in (0, -signal.SIGTERM)
        wait_until("its children have ended", lambda: not any(member.is_running() for member in family))


def test_workers_do_not_outlive_their_supervisor(redis_url: str, namespace: str) -> None:
    """The supervisor is killed: its workers end too, and the port is free."""
    options = ("--upstream", "http://127.0.0.1:9", "--workers", "2")
    with serving(environment(redis_url, namespace), *options) as (url, process):
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        wait_until("its workers have ended", lambda: not any(member.is_running() for member in family), timeout_s=60)
        assert not answers(url)


def answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz").status_code == 200
    except httpx2.TransportError:
        return False


def test_workers_share_answers_and_show_the_metrics_of_all(redis_url: str, namespace: str) -> None:
    """Whichever worker is asked, the second time is a hit; each worker counts the requests of both."""
    with (
        running(Upstream().app()) as address,
        serving(environment(redis_url, namespace), "--upstream", address, "--workers", "2") as (url, process),
    ):
        assert len(psutil.Process(process.pid).children()) >= 2
        body = {"model": "m", "messages": [{"role": "user", "content": QUESTION}]}
        address = f"{url}/v1/chat/completions"
        said = [httpx2.post(address, json=body, timeout=60).headers["x-semcache"] for _ in range(12)]
        assert said == ["miss"] + ["hit"] * 11
        name = 'semcache_server_answers_total{kind="exact",outcome="hit"} 11.0'
        for _ in range(6):  # each time a new connection, so each of them is asked
            assert name in httpx2.get(f"{url}/metrics").text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_tools_on_standard_input_and_output(redis_url: str, namespace: str, mode: str) -> None:
    """`semcache mcp --user ada`: what was told is recalled; nothing but the protocol is written."""
    parameters = StdioServerParameters(
        command=SEMCACHE, args=["mcp", "--user", f"ada-{mode}"], env=environment(redis_url, namespace)
    )

    async def talk() -> Any:
        how: Any = {"mode": mode} if mode != "auto" else {}
        async with Client(stdio_client(parameters), **how) as client:
            assert {"remember", "recall"} <= {tool.name for tool in (await client.list_tools()).tools}
            await client.call_tool("remember", {"text": "I live in Porto."})
            return (await client.call_tool("recall", {"query": "Where do I live?"})).structured_content["result"]

    assert [each["text"] for each in asyncio.run(asyncio.wait_for(talk(), 120))] == ["I live in Porto."]


def test_the_service_of_the_compose_file_runs(redis_url: str, namespace: str, tmp_path: Path) -> None:
    """Its command in its environment, on another port: the command of the health check succeeds, and a key is asked."""
    file = Path(__file__).parents[2] / "docker-compose.yml"
    service = yaml.safe_load(file.read_text())["services"]["server"]
    keys = tmp_path / "server-keys"
    keys.write_text(f"{hashlib.sha256(b'opens').hexdigest()} acme/ada\n")
    own = {name: str(value) for name, value in service["environment"].items() if name.startswith("SEMCACHE_SERVER_")}
    own["SEMCACHE_SERVER_KEYS_FILE"] = str(keys)
    assert service["command"][:2] == ["semcache", "serve"]
    with serving({**environment(redis_url, namespace), **own}, *service["command"][2:]) as (url, _):
        kind, *check = service["healthcheck"]["test"]
        assert kind == "CMD"
        there = [part.replace("http://127.0.0.1:8700", url) for part in check]
        assert there != check
        subprocess.run([sys.executable, *there[1:]], check=True, timeout=60)
        sessions = f"{url}/v1/memory/sessions"
        assert httpx2.get(sessions).status_code == 401
        assert httpx2.get(sessions, headers={"authorization": "Bearer opens"}, timeout=60).json() == {"sessions": []}
