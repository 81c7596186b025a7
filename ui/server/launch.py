"""Starting the Streamlit server as a child process, and what it is told."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

from semcache.errors import ConfigurationError, MissingExtra
from semcache.settings import Settings, as_environment
from semcache_ui import theme
from semcache_ui.services.access import check_reach

APP = Path(__file__).parents[1] / "app.py"
_AUTH = {"redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url"}


def address(settings: Settings) -> str:
    """What a person types into the browser."""
    return f"http://{_reachable(settings.ui.host, 'localhost')}:{settings.ui.port}"


def _reachable(host: str, loopback: str) -> str:
    """A host to connect to: every address of the machine is also its loopback; IPv6 goes in brackets."""
    if host in ("127.0.0.1", "0.0.0.0", "::"):
        return loopback
    return f"[{host}]" if ":" in host else host


def command(settings: Settings, *, open_browser: bool) -> list[str]:
    """The command line of the server; no usage statistics leave the machine."""
    options = {
        "server.address": settings.ui.host,
        "server.port": settings.ui.port,
        "server.headless": str(not open_browser).lower(),
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "runner.magicEnabled": "false",  # or every expression of a page that stands alone is shown on it
        **({"secrets.files": settings.ui.login_file.resolve()} if settings.ui.login_file else {}),
        **theme.options(),
    }
    told = (f"--{name}={value}" for name, value in options.items())
    return [sys.executable, "-m", "semcache_ui.server.serve", "run", str(APP), *told]


def check(settings: Settings) -> None:
    """Whether the app may be served so, and can be.

    Raises:
        ConfigurationError: others would see everybody's memory, or the login file is none.
        MissingExtra: Streamlit, or what its login needs, is not installed.
    """
    check_reach(settings.ui)
    if find_spec("streamlit") is None:
        raise MissingExtra("ui", "the app")
    if settings.ui.login_file is None:
        return
    if find_spec("authlib") is None:
        raise MissingExtra("login", "signing in")
    missing = _AUTH - _auth_table(settings.ui.login_file).keys()
    if missing:
        raise ConfigurationError(
            f"{settings.ui.login_file} has no {', '.join(sorted(missing))} in its [auth] table: docs/how-to/login.md"
        )


def _auth_table(path: Path) -> dict[str, object]:
    try:
        found = tomllib.loads(path.read_text("utf-8")).get("auth", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"the login file {path} cannot be read: {error}") from error
    return dict(found) if isinstance(found, dict) else {}


def start(settings: Settings, *, open_browser: bool = False, log: Path | None = None) -> subprocess.Popen[bytes]:
    """Starts the server; the caller ends it.

    Raises:
        ConfigurationError, MissingExtra: as `check`.
    """
    check(settings)
    output = log.open("ab") if log else None
    return subprocess.Popen(
        command(settings, open_browser=open_browser), env=as_environment(settings), stdout=output, stderr=output
    )


def answers(settings: Settings) -> bool:
    """Whether the server is up."""
    try:
        host = _reachable(settings.ui.host, "127.0.0.1")
        with urllib.request.urlopen(f"http://{host}:{settings.ui.port}/_stcore/health", timeout=1) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
