"""`semcache serve` and `semcache mcp`: the library over HTTP, and over the Model Context Protocol."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Annotated, Any

import typer

from semcache.app import open_app
from semcache.audit import AuditTrail, login
from semcache.errors import MissingExtra
from semcache.server.removals import note_removal
from semcache.settings import load_settings


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("serve")(serve)
    app.command("mcp")(mcp)


def mcp(
    user: Annotated[str, typer.Option("--user", "-u", help="Whose memory it is; default: the login name.")] = "",
) -> None:
    """Serve the memory of one user over the Model Context Protocol, on standard input and output."""
    tools = _extra("semcache.server.mcp", "mcp", "`semcache mcp`")
    with open_app() as app:
        whose = user or login()
        memory, trail = app.memory(user=whose), AuditTrail(app.redis, app.settings.namespace)
        removed = partial(note_removal, trail, user=whose, actor=login(), via="mcp")
        tools.memory_server(lambda: memory, removed=removed).run("stdio")


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to bind to; others than this machine need keys.")] = "",
    port: Annotated[int | None, typer.Option("--port", "-p", min=0, max=65_535, help="Port to bind to.")] = None,
    upstream: Annotated[
        list[str] | None,
        typer.Option("--upstream", help="Base URL of a service that speaks the OpenAI API, or MODELS=URL. Repeatable."),
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", help="KEY=TENANT or KEY=TENANT/USER: who may ask. Repeatable.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, max=64, help="Processes.")] = None,
) -> None:
    """Serve OpenAI's API through the cache, LangCache's API and the memory of users over HTTP."""
    running = _extra("semcache.server.running", "server", "`semcache serve`")
    identity = import_module("semcache.server.identity")
    upstreams = import_module("semcache.server.proxy.upstream")
    settings = load_settings()
    given = {"host": host or None, "port": port, "workers": workers}
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if upstream:
        changed["upstreams"] = [upstreams.upstream_of(each) for each in upstream]
    if key:
        changed["keys"] = {**settings.server.keys, **dict(identity.digest_of_key(each) for each in key)}
    if changed:
        settings = load_settings(server={**_plain(settings.server), **changed})
    typer.echo(f"semcache serves http://{settings.server.host}:{settings.server.port}/v1", err=True)
    running.serve(settings)


def _plain(section: Any) -> dict[str, Any]:
    """A section as it was given: secrets stay secrets."""
    return {name: getattr(section, name) for name in type(section).model_fields}


def _extra(module: str, extra: str, what: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("semcache"):
            raise
        raise MissingExtra(extra, what) from error
