"""An OpenID Connect provider for tests: a real HTTP server at which anybody signs in under the address they choose."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlparse

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "semcache-test"


class _Provider(ThreadingHTTPServer):
    """Its key, and the nonce that each code was asked for with; a code is the e-mail address of who signs in."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = RSAKey.generate_key(2048, parameters={"kid": "test", "use": "sig", "alg": "RS256"})
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.nonces: dict[str, str] = {}


class _Handler(BaseHTTPRequestHandler):
    server: _Provider

    def log_message(self, format: str, *args: Any) -> None:
        """Tests print nothing."""

    def do_GET(self) -> None:
        url = urlparse(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/.well-known/openid-configuration":
            self._json(_metadata(self.server.url))
        elif url.path == "/jwks":
            self._json({"keys": [self.server.key.as_dict(private=False)]})
        elif url.path == "/authorize":
            self._form(asked)
        elif url.path != "/signed-in":
            self.send_error(404)
        else:
            back = {"code": asked["email"], "state": asked["state"]}
            self.server.nonces[asked["email"]] = asked.get("nonce", "")
            self.send_response(302)
            self.send_header("location", f"{asked['redirect_uri']}?{urlencode(back)}")
            self.end_headers()

    def do_POST(self) -> None:
        body = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        email, now = body["code"][0], int(time.time())
        claims = {
            "iss": self.server.url, "aud": CLIENT, "sub": email, "iat": now, "exp": now + 600,
            "nonce": self.server.nonces[email], "email": email, "email_verified": not email.startswith("unverified"),
        }  # fmt: skip
        token = jwt.encode({"alg": "RS256", "kid": "test"}, claims, self.server.key)
        self._json({"access_token": "x", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def _form(self, asked: dict[str, str]) -> None:
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in asked.items()
            if name in ("state", "nonce", "redirect_uri")
        )
        self._send("text/html", f'<form action="/signed-in">{hidden}<input name="email"><button>Go</button></form>')

    def _json(self, content: Any) -> None:
        self._send("application/json", json.dumps(content))

    def _send(self, kind: str, text: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


def _metadata(url: str) -> dict[str, object]:
    return {
        "issuer": url, "authorization_endpoint": f"{url}/authorize", "token_endpoint": f"{url}/token",
        "jwks_uri": f"{url}/jwks", "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }  # fmt: skip


@contextmanager
def providing() -> Iterator[str]:
    """A running provider's address."""
    server = _Provider()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
