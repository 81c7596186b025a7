"""`semcache ui` as a process: where it is reached, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from semcache.devstack.ports import free_port
from semcache.settings import load_settings
from semcache_ui.server import launch
from tests.waiting import wait_until

SEMCACHE = str(Path(sys.executable).parent / "semcache")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_app_is_reached_at_its_address_and_leaves_no_process_behind(
    redis_url: str, tmp_path: Path, host: str, end: signal.Signals
) -> None:
    """At any address of the machine; a word from the outside ends the server that the command started, too."""
    port = free_port()
    environment = os.environ | {
        "SEMCACHE_REDIS_URL": redis_url,
        "SEMCACHE_UI_HOST": host,
        "SEMCACHE_UI_PORT": str(port),
        "SEMCACHE_DATA_DIR": str(tmp_path),
    }
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([SEMCACHE, "ui"], env=environment, stdout=output, stderr=output)
    wait_until("the command says where", lambda: "semcache is at" in log.read_text(), timeout_s=90)
    settings = load_settings(ui_host=host, ui_port=port)
    assert launch.answers(settings)
    started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(end)
    assert process.wait(timeout=30) == 0, log.read_text()
    assert started
    assert not any(child.is_running() for child in started)


def test_what_a_page_only_evaluates_is_not_shown() -> None:
    """Streamlit would write a constant's docstring, or the None of a call, on the page."""
    assert "--runner.magicEnabled=false" in launch.command(load_settings(), open_browser=False)
