"""Starting the Streamlit server as a child process, and what it is told."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

from semcache.errors import MissingExtra
from semcache.settings import Settings
from ui import theme

APP = Path(__file__).parent / "app.py"


def address(settings: Settings) -> str:
    """What a person types into the browser."""
    host = "localhost" if settings.ui.host in ("127.0.0.1", "0.0.0.0", "::") else settings.ui.host
    return f"http://{host}:{settings.ui.port}"


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
        **theme.options(),
    }
    return [sys.executable, "-m", "ui.serve", "run", str(APP), *(f"--{k}={v}" for k, v in options.items())]


def environment(settings: Settings) -> dict[str, str]:
    """The child's environment: these settings, as the child would read them."""
    return {
        **os.environ,
        "SEMCACHE_NAMESPACE": settings.namespace,
        "SEMCACHE_DATA_DIR": str(settings.data_dir),
        "SEMCACHE_MODEL_DIR": str(settings.model_dir),
        "SEMCACHE_REDIS_URL": settings.redis.url,
        "SEMCACHE_KAFKA_BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
    }


def start(settings: Settings, *, open_browser: bool = False, log: Path | None = None) -> subprocess.Popen[bytes]:
    """Starts the server; the caller ends it.

    Raises:
        MissingExtra: Streamlit is not installed.
    """
    if find_spec("streamlit") is None:
        raise MissingExtra("ui", "the app")
    output = log.open("ab") if log else None
    return subprocess.Popen(
        command(settings, open_browser=open_browser), env=environment(settings), stdout=output, stderr=output
    )


def answers(settings: Settings) -> bool:
    """Whether the server is up."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.ui.port}/_stcore/health", timeout=1) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
