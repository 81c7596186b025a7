"""What the benchmark of the proxy needs of HTTP: a client that costs little, and an upstream with a fixed latency.

    python benchmarks/proxy_http.py PORT LATENCY_S

runs the upstream. It answers chat completions, at once or as a stream, as OpenAI's API does, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

ANSWER = "An answer of ordinary length. " * 8
_PIECES = 20
_LINES = b"\r\n"
_END = _LINES * 2


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer; `ms` from the first byte sent to the last received."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    ms: float

    @property
    def outcome(self) -> str:
        """Where it came from: exact, semantic, miss or bypass."""
        return self.headers.get("x-semcache-kind") or self.headers.get("x-semcache", "direct")


def request(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a chat completion."""
    content = json.dumps(body).encode()
    given = {"host": "127.0.0.1", "content-type": "application/json", "content-length": str(len(content))}
    lines = ["POST /v1/chat/completions HTTP/1.1", *(f"{k}: {v}" for k, v in {**given, **(headers or {})}.items())]
    return "\r\n".join(lines).encode() + _END + content


def asking(question: str, **more: Any) -> bytes:
    """The bytes of a request with one question."""
    return request({"model": "m", "messages": [{"role": "user", "content": question}], **more})


class Connection:
    """One connection that is used again, as clients of OpenAI's API do."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, sent: bytes) -> Answered:
        """Sends a request and reads its answer to the end."""
        started = time.perf_counter()
        self.writer.write(sent)
        status, headers = await self.head()
        body = await self._body(headers)
        return Answered(status, headers, body, (time.perf_counter() - started) * 1000)

    async def head(self) -> tuple[int, Mapping[str, str]]:
        """Status and headers of an answer."""
        first, *lines = (await self._reader.readuntil(_END)).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs}

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        if (length := headers.get("content-length")) is not None:
            return await self._reader.readexactly(int(length))
        body = b""
        while size := int(await self._reader.readuntil(_LINES), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readuntil(_LINES)
        return body

    def close(self) -> None:
        self.writer.close()


class Upstream(asyncio.Protocol):
    """One connection of the upstream: each request is answered after the latency."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._loop = asyncio.get_running_loop()
        self._got = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._got += data
        while _END in self._got:
            head, _, rest = self._got.partition(_END)
            lengths = [line.split(b":")[1] for line in head.lower().split(_LINES) if line.startswith(b"content-length")]
            length = int(lengths[0]) if lengths else 0
            if len(rest) < length:
                return
            body, self._got = rest[:length], rest[length:]
            streams = b'"stream": true' in body or b'"stream":true' in body
            self._loop.call_later(self._latency_s, self._write, streams)

    def _write(self, streams: bool) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_STREAM if streams else _WHOLE)


def _whole() -> bytes:
    message = {"role": "assistant", "content": ANSWER}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 60, "total_tokens": 69}
    answer = {"id": "chatcmpl-up", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    body = json.dumps({**answer, "usage": usage}).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


def _stream() -> bytes:
    def event(delta: Mapping[str, str], ended: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": ended}
        piece = {"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return f"data: {json.dumps({**piece, 'choices': [choice]})}\n\n"

    size = len(ANSWER) // _PIECES
    words = [ANSWER[at : at + size] for at in range(0, len(ANSWER), size)]
    events = [event({"content": word}) for word in words] + [event({}, "stop"), "data: [DONE]\n\n"]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each.encode()) for each in events)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + chunks + b"0\r\n\r\n"


_WHOLE, _STREAM = _whole(), _stream()


@contextmanager
def upstream(port: int, latency_s: float) -> Iterator[psutil.Process]:
    """The upstream, in a process of its own."""
    with subprocess.Popen([sys.executable, __file__, str(port), str(latency_s)]) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


async def _run(port: int, latency_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Upstream(latency_s), "127.0.0.1", port, backlog=2048
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), float(sys.argv[2])))
