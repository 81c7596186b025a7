"""A Schema Registry: a small HTTP server that speaks the part of its API that reading records needs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Registered:
    """One schema; `serialized` is its other form, for Protobuf."""

    kind: str
    text: str
    serialized: str | None = None
    references: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, form: str | None) -> dict[str, Any]:
        text = self.serialized if form == "serialized" and self.serialized else self.text
        return {"schema": text, "schemaType": self.kind, "references": self.references}


class Registry:
    """Its schemas, by id from 1 on and by subject, and what it was asked."""

    def __init__(self) -> None:
        self.schemas: list[Registered] = []
        self.subjects: dict[str, int] = {}
        self.asked: list[str] = []
        self.status = 200
        self.url = ""

    def register(self, schema: Registered, *, subject: str = "") -> int:
        self.schemas.append(schema)
        self.subjects[subject] = len(self.schemas)
        return len(self.schemas)

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        self.asked.append(path)
        url = urlsplit(path)
        form = parse_qs(url.query).get("format", [None])[0]
        match url.path.strip("/").split("/"):
            case ["schemas", "ids", number] if 0 < int(number) <= len(self.schemas):
                return self.status, self.schemas[int(number) - 1].answer(form)
            case ["subjects", subject, "versions", _] if subject in self.subjects:
                number = self.subjects[subject]
                found = self.schemas[number - 1].answer(form)
                return self.status, found | {"id": number, "subject": subject, "version": 1}
        return 404, {"error_code": 40403, "message": "Schema not found"}


@contextmanager
def running_registry() -> Iterator[Registry]:
    registry = Registry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = registry.answer(self.path)
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    registry.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
