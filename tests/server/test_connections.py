"""Connections that begin and do not end, are not read, or go away: nothing of them stays."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import struct
import threading
from contextlib import suppress

import psutil
import pytest

from semcache.server.running import PatientProtocol
from tests.server.conftest import Served
from tests.server.test_openai import ask, client_of
from tests.waiting import wait_until

BEGUN = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n"
WAVE = 100
POOLED = 45  # threads for work and their connections to Redis, of which the first wave may not have needed all


def address_of(served: Served) -> tuple[str, int]:
    host, port = served.url.removeprefix("http://").split(":")
    return host, int(port)


def test_heads_that_do_not_end_are_given_up_and_connections_at_rest_are_not(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then does not hold a connection, be it the first request on it or a later one."""
    monkeypatch.setattr(PatientProtocol, "head_s", 2.0)
    with socket.create_connection(address_of(served), timeout=10) as slow:
        drip(slow)
    with socket.create_connection(address_of(served), timeout=10) as resting:
        for _ in range(2):
            resting.sendall(BEGUN + b"\r\n")
            assert b" 200 " in received(resting, 'status":"ok"}')
            assert not select.select([resting], [], [], 2.5)[0], "it rests, and is not closed"
        drip(resting)


def received(connection: socket.socket, last: str) -> bytes:
    """What arrives, up to its last words."""
    data = b""
    while not data.endswith(last.encode()):
        more = connection.recv(4_096)
        assert more, data
        data += more
    return data


def drip(connection: socket.socket) -> None:
    """Sends a head without end, slowly; returns when the other side has given up."""
    connection.sendall(BEGUN)
    for number in range(200):
        if select.select([connection], [], [], 0.05)[0]:
            with suppress(ConnectionResetError):
                assert connection.recv(4_096) == b""
            return
        with suppress(OSError):
            connection.sendall(b"x-%d: y\r\n" % number)
    raise AssertionError("the connection is still there")


@pytest.mark.parametrize("half_closed", [False, True])
def test_an_answer_that_is_not_read_ends(served: Served, monkeypatch: pytest.MonkeyPatch, half_closed: bool) -> None:
    """Whoever asks for a stream without end and reads nothing holds neither the connection nor the upstream's."""
    monkeypatch.setattr(PatientProtocol, "unread_s", 0.3)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(address_of(served))
        connection.sendall(asking("flood"))
        wait_until("the upstream is asked", lambda: bool(served.upstream.bodies))
        if half_closed:
            connection.shutdown(socket.SHUT_WR)
        wait_until("the upstream's stream has ended", lambda: served.upstream.closed == 1)


@pytest.mark.parametrize("count", [5 * WAVE, pytest.param(10_000, marks=pytest.mark.storm)])
def test_streams_that_are_opened_and_dropped_leave_nothing(served: Served, count: int) -> None:
    """Each wave is open at the same time, then gone, half of it without a word; nothing is stored, nothing hangs."""
    asyncio.run(wave(served, WAVE))  # fills the pools: threads for work and their connections to Redis stay
    wait_until("the first wave is over", lambda: served.upstream.closed == WAVE, timeout_s=60)
    descriptors, threads = held()
    for _ in range(count // WAVE):
        asyncio.run(wave(served, WAVE))
    asked = WAVE + count // WAVE * WAVE
    wait_until("the upstream's streams have ended", lambda: served.upstream.closed == asked, timeout_s=60)
    wait_until("descriptors are as many as before", lambda: held()[0] <= descriptors + POOLED, timeout_s=60)
    assert held()[1] <= threads + POOLED
    assert len(served.upstream.bodies) == asked
    assert ask(client_of(served)) == ("miss", f"answer {asked + 1}")


def held() -> tuple[int, int]:
    """Descriptors and threads of this process, which holds the server, its upstream and the clients."""
    return psutil.Process().num_fds(), threading.active_count()


async def wave(served: Served, count: int) -> None:
    """So many streams, all open before the first of them is dropped."""
    opened = await asyncio.gather(*(stream(served) for _ in range(count)))
    for number, writer in enumerate(opened):
        if number % 2:
            linger = struct.pack("ii", 1, 0)  # a reset, as of a process that was killed
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for writer in opened), return_exceptions=True)


async def stream(served: Served) -> asyncio.StreamWriter:
    """A stream whose first words have arrived."""
    reader, writer = await asyncio.open_connection(*address_of(served))
    writer.write(asking("endless"))
    head = await asyncio.wait_for(reader.readuntil(b"data: "), 300)
    assert b" 200 OK" in head
    return writer


def asking(model: str) -> bytes:
    message = {"role": "user", "content": "How do I install the widget on Linux?"}
    body = json.dumps({"model": model, "messages": [message], "stream": True}).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer key-of-alice\r\n"
    return f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
