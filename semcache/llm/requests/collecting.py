"""An answer put together from the events of a stream, to be stored if it is whole (pure)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_MOST_BYTES = 8_388_608


class Collector:
    """Reads a stream that is passed on. `whole` is the body that the API would have sent at once, when it is there."""

    def __init__(self) -> None:
        self.whole: dict[str, Any] | None = None
        self._buffer = b""
        self._read = 0
        self._broken = False
        self._head: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}

    def feed(self, data: bytes) -> None:
        """Takes the next bytes, which may end within an event."""
        self._read += len(data)
        self._broken |= self._read > _MOST_BYTES
        if self._broken:
            return
        self._buffer += data.replace(b"\r\n", b"\n")
        *events, self._buffer = self._buffer.split(b"\n\n")
        for event in events:
            for payload in _payloads(event):
                self._take(payload)

    def _take(self, payload: str) -> None:
        if payload == "[DONE]":
            self._finish()
            return
        try:
            event = json.loads(payload)
        except ValueError:
            event = None
        if not isinstance(event, dict) or event.get("error"):
            self._broken = True
        elif event.get("type") == "response.completed":
            self.whole = None if self._broken else event.get("response")
        elif "choices" in event:
            self._take_chunk(event)

    def _take_chunk(self, event: dict[str, Any]) -> None:
        self._head.update({name: event[name] for name in ("id", "created", "model") if name in event})
        if event.get("usage"):
            self._head["usage"] = event["usage"]
        for part in event.get("choices") or ():
            choice = self._choices.setdefault(part.get("index", 0), {"content": [], "refusal": False, "end": None})
            delta = part.get("delta") or {}
            # calls and log probabilities of a stream are not put together: such an answer is not stored
            self._broken |= bool(delta.get("tool_calls") or delta.get("function_call") or part.get("logprobs"))
            choice["refusal"] |= bool(delta.get("refusal"))
            choice["content"].append(delta.get("content") or "")
            choice["end"] = part.get("finish_reason") or choice["end"]

    def _finish(self) -> None:
        if self._broken or not self._choices:
            return
        choices = [
            {
                "index": index,
                "message": {
                    "role": "assistant",
                    "content": "".join(choice["content"]),
                    "refusal": "refused" if choice["refusal"] else None,
                },
                "finish_reason": choice["end"],
                "logprobs": None,
            }
            for index, choice in sorted(self._choices.items())
        ]
        self.whole = {**self._head, "object": "chat.completion", "choices": choices}


def _payloads(event: bytes) -> Iterator[str]:
    """The data of an event; lines of data belong together."""
    lines = [line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:")]
    if lines:
        yield b"\n".join(lines).decode("utf-8", "replace")
