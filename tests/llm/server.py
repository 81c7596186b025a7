"""A real HTTP server that speaks the OpenAI API: what a remote language model looks like to the tests.

It answers from `reply(messages)`, streamed word by word; `then(...)` scripts how the next requests go wrong.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import numpy as np

Messages = list[dict[str, Any]]
EMBEDDING_DIM = 16


@dataclass(frozen=True)
class Trouble:
    """How one request goes wrong. `after`: words sent before it does."""

    kind: Literal["status", "drop", "silence", "hang"]
    status: int = 500
    message: str = "it went wrong"
    headers: dict[str, str] = field(default_factory=dict)
    after: int = 0


@dataclass
class FakeOpenAi:
    """The state of one server; `requests` holds the decoded bodies, `authorizations` the keys they came with."""

    base_url: str
    reply: Callable[[Messages], str] = lambda messages: f"You said: {messages[-1]['content']}"
    send_usage: bool = True
    refuses: tuple[str, ...] = ()  # parameters answered with a 400
    finish_reason: str = "stop"
    refusal: str = ""  # sent beside the text, as a field of its own
    requests: list[dict[str, Any]] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    gate: threading.Event | None = None  # answers wait for it
    closed_early: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)  # ends every silence
    troubles: deque[Trouble] = field(default_factory=deque)

    def then(self, *troubles: Trouble) -> None:
        """The next requests meet these, one each."""
        self.troubles.extend(troubles)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: FakeOpenAi

    def log_message(self, format: str, *args: Any) -> None:
        """Tests print nothing."""

    def do_GET(self) -> None:
        self._json(200, {"object": "list", "data": [{"id": "test-model", "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.api.requests.append(body)
        self.api.authorizations.append(self.headers.get("authorization", ""))
        if self.api.gate:
            self.api.gate.wait(30)
        trouble = self.api.troubles.popleft() if self.api.troubles else None
        if trouble and trouble.kind == "status":
            self._json(trouble.status, {"error": {"message": trouble.message}}, trouble.headers)
        elif trouble and trouble.kind == "hang":
            self.api.released.wait(30)
            self.close_connection = True
        elif self.path.endswith("/chat/completions"):
            self._chat(body, trouble)
        elif self.path.endswith("/responses"):
            self._response(body)
        elif self.path.endswith("/embeddings"):
            self._embeddings(body)
        else:
            self._json(404, {"error": {"message": f"no such path: {self.path}"}})

    def _chat(self, body: dict[str, Any], trouble: Trouble | None) -> None:
        refused = next((name for name in self.api.refuses if name in body), None)
        if refused:
            self._json(400, {"error": {"message": f"Unsupported parameter: '{refused}'"}})
            return
        text = self.api.reply(body["messages"])
        if body.get("stream"):
            self._stream(body, text, trouble)
        else:
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": self.api.finish_reason}
            self._json(200, {**_head(body, "chat.completion"), "choices": [choice], "usage": _usage(text)})

    def _stream(self, body: dict[str, Any], text: str, trouble: Trouble | None) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        head = _head(body, "chat.completion.chunk")
        try:
            for index, word in enumerate(_words(text)):
                if trouble and index == trouble.after:
                    if trouble.kind == "drop":
                        self.close_connection = True
                        return
                    self.api.released.wait(30)
                self._event({**head, "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]})
            last = {"refusal": self.api.refusal} if self.api.refusal else {}
            self._event({**head, "choices": [{"index": 0, "delta": last, "finish_reason": None}]})
            self._event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": self.api.finish_reason}]})
            if self.api.send_usage and body.get("stream_options", {}).get("include_usage"):
                self._event({**head, "choices": [], "usage": _usage(text)})
            self._chunk(b"data: [DONE]\n\n")
            self._chunk(b"")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
            self.api.closed_early.set()

    def _response(self, body: dict[str, Any]) -> None:
        """The Responses API: what is said, in one message; streamed, the events that build it."""
        items = [{"role": "user", "content": body["input"]}] if isinstance(body["input"], str) else body["input"]
        text = self.api.reply(items)
        part = {"type": "output_text", "text": text, "annotations": []}
        message = {"type": "message", "id": "msg-1", "role": "assistant", "status": "completed", "content": [part]}
        answer = _response_of(body, [message], "completed")
        if not body.get("stream"):
            self._json(200, answer)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        place = {"item_id": "msg-1", "output_index": 0, "content_index": 0}
        begun = {**message, "status": "in_progress", "content": []}
        events: list[tuple[str, dict[str, Any]]] = [
            ("response.created", {"response": _response_of(body, [], "in_progress")}),
            ("response.output_item.added", {"output_index": 0, "item": begun}),
            ("response.content_part.added", {**place, "part": {**part, "text": ""}}),
            *(("response.output_text.delta", {**place, "delta": word, "logprobs": []}) for word in _words(text)),
            ("response.output_text.done", {**place, "text": text, "logprobs": []}),
            ("response.content_part.done", {**place, "part": part}),
            ("response.output_item.done", {"output_index": 0, "item": message}),
            ("response.completed", {"response": answer}),
        ]
        for number, (kind, fields) in enumerate(events):
            self._event({"type": kind, "sequence_number": number, **fields})
        self._chunk(b"")

    def _embeddings(self, body: dict[str, Any]) -> None:
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        data = [
            {"object": "embedding", "index": i, "embedding": _embedding(text, body.get("encoding_format", "float"))}
            for i, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        self._json(200, {"object": "list", "data": data, "model": body["model"], "usage": usage})

    def _event(self, payload: dict[str, Any]) -> None:
        self._chunk(b"data: " + json.dumps(payload).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _json(self, status: int, payload: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(payload).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _head(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chat-1", "object": kind, "created": 1_700_000_000, "model": body["model"]}


def _response_of(body: dict[str, Any], output: list[dict[str, Any]], status: str) -> dict[str, Any]:
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    usage = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18, **details}
    return {"id": "resp-1", "object": "response", "created_at": 1_700_000_000, "status": status, "error": None,
            "model": body["model"], "output": output, "tools": [], "tool_choice": "auto", "parallel_tool_calls": True,
            "incomplete_details": None, "instructions": None, "metadata": {}, "temperature": 1.0, "top_p": 1.0,
            "usage": usage if output else None}  # fmt: skip


def _usage(text: str) -> dict[str, int]:
    words = len(text.split())
    return {"prompt_tokens": 11, "completion_tokens": words, "total_tokens": 11 + words}


def _words(text: str) -> list[str]:
    words = text.split(" ")
    return [word if i == 0 else " " + word for i, word in enumerate(words)]


def _embedding(text: str, encoding: str) -> list[float] | str:
    seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
    vector = np.random.default_rng(seed).standard_normal(EMBEDDING_DIM).astype(np.float32)
    if encoding == "base64":
        return base64.b64encode(vector.tobytes()).decode()
    return [float(x) for x in vector]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away early is part of the tests."""


@contextmanager
def serving() -> Iterator[FakeOpenAi]:
    """A server on a free port of this machine, for the length of the block."""
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    api = FakeOpenAi(base_url=f"http://127.0.0.1:{server.server_address[1]}/v1")
    handler.api = api  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
