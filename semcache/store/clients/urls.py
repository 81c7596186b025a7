"""Redis URLs: which forms are understood, and what each says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import redis
from redis.connection import parse_url

from semcache.errors import ConfigurationError
from semcache.settings.section import redacted

_FORMS = (
    "write redis://host:port/db, rediss://host:port/db, unix:///path/of/socket, "
    "redis+sentinel://host:port,host:port/name/db or redis+cluster://host:port,host:port"
)
_DEFAULT_PORTS = {"sentinel": 26379, "cluster": 6379}


@dataclass(frozen=True, slots=True)
class Address:
    """What a URL says. `options` are redis-py's for each server, `sentinel_options` those for the sentinels.

    `url` is for redis-py to read (single); `service` is the name under which the sentinels know the primary.
    """

    kind: Literal["single", "sentinel", "cluster"]
    url: str
    hosts: Sequence[tuple[str, int]] = ()
    service: str = ""
    db: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    sentinel_options: Mapping[str, Any] = field(default_factory=dict)


def parse(url: str) -> Address:
    """What the URL says; nothing is looked up.

    Raises:
        ConfigurationError: it cannot be understood, or is wrong; the text says what to write.
    """
    scheme, _, rest = url.partition("://")
    tls, kind = scheme.startswith("rediss"), scheme.partition("+")[2]
    if (scheme not in ("redis", "rediss", "unix") and kind not in _DEFAULT_PORTS) or not rest:
        raise ConfigurationError(f"the Redis URL {redacted(url)!r} is not understood: {_FORMS}")
    try:
        found = _several(kind, rest, tls=tls) if kind else _single(url)
    except (ValueError, TypeError) as error:
        # from None: what Python says of a port, or shows of a call, may be a part of the password
        raise ConfigurationError(f"the Redis URL {redacted(url)!r} is wrong: {error}") from None
    if "decode_responses" in url:
        raise ConfigurationError(
            f"the Redis URL {redacted(url)!r} sets decode_responses, but vectors are binary: leave it out"
        )
    return found


def _single(url: str) -> Address:
    if _port(url) == 0:
        raise ValueError("port 0")
    return Address("single", url)


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        raise ValueError(
            "a port is a number from 1 to 65535, and / ? # in a password are written %2F %3F %23"
        ) from None


def _several(kind: str, rest: str, *, tls: bool) -> Address:
    login, _, place = rest.rpartition("@")
    place, _, query = place.partition("?")
    listed, _, path = place.partition("/")
    hosts = [_host(part, _DEFAULT_PORTS[kind]) for part in listed.split(",")]
    options = {**_options(query, tls=tls), **_login(login)}
    sentinel = {name: options.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    if kind == "cluster":
        if path not in ("", "0"):
            raise ValueError(f"a cluster has database 0 only: leave out /{path}")
        if any(sentinel.values()):
            raise ValueError("sentinel_username and sentinel_password are for redis+sentinel://")
        return Address("cluster", "", hosts, options=options)
    service, _, db = path.partition("/")
    if not service or (db and not db.isdecimal()):
        raise ValueError("after the sentinels comes the primary's name, then the database: /mymaster/0")
    encryption = {name: value for name, value in options.items() if name.startswith("ssl")}
    known = {name: value for name, value in sentinel.items() if value is not None}
    return Address("sentinel", "", hosts, unquote(service), int(db or 0), options, {**encryption, **known})


def _login(login: str) -> dict[str, str]:
    user, _, password = login.partition(":")
    return {name: unquote(value) for name, value in (("username", user), ("password", password)) if value}


def _options(query: str, *, tls: bool) -> dict[str, Any]:
    """Query parameters as redis-py reads those of a plain URL: numbers and truth values are converted."""
    read: dict[str, Any] = dict(parse_url(f"redis://h?{query}"))
    raw = dict(parse_qsl(query))
    options = {name: value for name, value in read.items() if name not in ("host", "connection_class")}
    options |= {name: raw[name] for name in ("sentinel_username", "sentinel_password") if name in raw}
    redis.Redis(**{name: value for name, value in options.items() if not name.startswith("sentinel_")})
    return {**options, "ssl": True} if tls else options


def _host(text: str, default: int) -> tuple[str, int]:
    """`h`, `h:1`, `[::1]` or `[::1]:1`."""
    name, port = urlsplit(f"//{text}").hostname, _port(f"//{text}")
    if not name or port == 0:
        raise ValueError(f"{text!r} is no host:port")
    return name, port or default
