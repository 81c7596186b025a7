"""Many requests at the proxy, some by clients that read slowly or go away: what the server holds on the way."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psutil
from proxy_http import Connection, asking

CLIENTS = 16
_SAMPLES = 20
_SLOW_S = 0.2


def soak(
    port: int, server: psutil.Process, requests: int, stored: Sequence[str], new: Iterator[str]
) -> list[Mapping[str, Any]]:
    """Sends so many requests; what the server held after each twentieth of them, and once everybody has gone."""
    return asyncio.run(_Soak(port, server, requests, stored, new).run())


class _Soak:
    def __init__(
        self, port: int, server: psutil.Process, requests: int, stored: Sequence[str], new: Iterator[str]
    ) -> None:
        self._port = port
        self._server = server
        self._requests = requests
        self._stored = stored
        self._new = new
        self._sent = 0
        self._samples: list[Mapping[str, Any]] = []

    async def run(self) -> list[Mapping[str, Any]]:
        await asyncio.gather(*(self._client() for _ in range(CLIENTS)), self._slow(), self._leaving())
        await asyncio.sleep(1)  # until it has noticed that everybody has gone
        self._sample()
        return self._samples

    async def _client(self) -> None:
        connection = await Connection.open(self._port)
        while self._sent < self._requests:
            number = self._sent = self._sent + 1
            question = next(self._new) if number % 10 == 0 else self._stored[number % len(self._stored)]
            answer = await connection.send(asking(question))
            if answer.status != 200:
                raise SystemExit(f"status {answer.status}: {answer.body[:200]!r}")
            if number % max(1, self._requests // _SAMPLES) == 0:
                self._sample()
        connection.close()

    async def _slow(self) -> None:
        """Reads a stream with pauses."""
        while self._sent < self._requests:
            connection = await Connection.open(self._port)
            connection.writer.write(asking(next(self._new), stream=True))
            await connection.head()
            await asyncio.sleep(_SLOW_S)
            connection.close()

    async def _leaving(self) -> None:
        """Goes away before the first byte of an answer."""
        while self._sent < self._requests:
            connection = await Connection.open(self._port)
            connection.writer.write(asking(next(self._new), stream=True))
            await connection.writer.drain()
            connection.close()
            await asyncio.sleep(_SLOW_S)

    def _sample(self) -> None:
        everything = [self._server, *self._server.children(recursive=True)]
        sample = {
            "requests": self._sent,
            "rss_mib": sum(each.memory_info().rss for each in everything) / 2**20,
            "threads": sum(each.num_threads() for each in everything),
            "descriptors": sum(each.num_fds() for each in everything),
        }
        self._samples.append(sample)
        print(json.dumps(sample), file=sys.stderr, flush=True)
