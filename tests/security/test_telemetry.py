"""Nothing of ours, and no library of ours, calls home or leaves an identifier of the machine behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from semcache.devstack.ports import free_port
from semcache.settings import load_settings
from semcache_ui.server import launch
from tests.waiting import wait_until

BIN = Path(sys.executable).parent
OURS = (".cache/semcache/", ".local/share/semcache/")
HOOK = """
import os, sys
def _heard(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        target = args[0] if event == "socket.getaddrinfo" else args[-1]
        with open(os.environ["HEARD"], "a") as file:
            file.write(f"{target[0] if isinstance(target, tuple) else target}\\n")
sys.addaudithook(_heard)
"""
ANSWER = """
from redis import Redis
from semcache import AgentMemory, KnowledgeBase, SemanticCache
import os
client = Redis.from_url(os.environ["SEMCACHE_REDIS_URL"])
cache = SemanticCache(client, namespace=os.environ["SEMCACHE_NAMESPACE"])
cache.store("How long may I return a bike?", "45 days.")
assert cache.lookup("How long may I return a bike?")
AgentMemory(client, user="pia", namespace=os.environ["SEMCACHE_NAMESPACE"]).append("s", "user", "I have a dog.")
KnowledgeBase(client, namespace=os.environ["SEMCACHE_NAMESPACE"]).search("return")
"""
PAGE = """
import os
from streamlit.testing.v1 import AppTest
from streamlit import config
config.set_option("browser.gatherUsageStats", False)
import semcache_ui.server.launch
page = AppTest.from_file(semcache_ui.server.launch.APP, default_timeout=60).run()
assert not page.exception, page.exception
os._exit(0)  # a thread of the page is still at work
"""
LOG = "prompt,response\n" + "".join(f"How long is question {n % 5}?,It takes {n % 5} days.\n" for n in range(20))


class Home:
    """An empty home directory, and a list of the addresses that were asked for from it."""

    def __init__(self, folder: Path, redis_url: str, namespace: str) -> None:
        self.path = folder / "home"
        self._heard = folder / "heard"
        self.path.mkdir()
        (folder / "sitecustomize.py").write_text(HOOK)
        (folder / "log.csv").write_text(LOG)
        self.log = str(folder / "log.csv")
        self.environment = {
            "HOME": str(self.path),
            "HEARD": str(self._heard),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(folder),
            "SEMCACHE_REDIS_URL": redis_url,
            "SEMCACHE_NAMESPACE": namespace,
            "SEMCACHE_MODEL_DIR": str(load_settings().model_dir),
        }

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            env=self.environment | environment,
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def strange_files(self) -> list[str]:
        files = (str(path.relative_to(self.path)) for path in self.path.rglob("*") if not path.is_dir())
        return [file for file in files if not file.startswith(OURS)]

    @property
    def strange_addresses(self) -> set[str]:
        heard = set(self._heard.read_text().split()) if self._heard.exists() else set()
        return {name for name in heard if not name.startswith(("127.0.0.1", "localhost", "::1"))}


@pytest.fixture
def home(tmp_path: Path, redis_url: str, namespace: str) -> Iterator[Home]:
    home = Home(tmp_path, redis_url, namespace)
    yield home
    assert home.strange_files == []
    assert home.strange_addresses == set()


@pytest.mark.parametrize(
    "command",
    [
        (sys.executable, "-c", "import semcache"),
        (sys.executable, "-c", ANSWER),
        (sys.executable, "-c", PAGE),
        (str(BIN / "semcache"), "--help"),
        (str(BIN / "semcache"), "ask", "How long may I return a bike?"),
        (str(BIN / "semcache-ingest"), "--help"),
    ],
    ids=["import", "library", "page", "help", "ask", "ingest help"],
)
def test_entry_points_leave_no_trace_and_call_nobody(home: Home, command: tuple[str, ...]) -> None:
    """In an empty home nothing but our own files appears, and no address but the configured one is asked for."""
    process = home.start(*command)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output


def test_doctor_asks_where_downloads_come_from_and_nobody_else(redis_url: str, namespace: str, tmp_path: Path) -> None:
    """`semcache doctor` says whether what is missing can be downloaded: it asks Maven Central for one page."""
    home = Home(tmp_path, redis_url, namespace)
    home.start(str(BIN / "semcache"), "doctor").communicate(timeout=120)
    assert home.strange_files == []
    assert {name for name in home.strange_addresses if not name[0].isdigit()} <= {"repo1.maven.org"}


def test_a_replayed_log_calls_nobody(home: Home) -> None:
    """`semcache hit-rate`, with redisvl beside it and its report."""
    process = home.start(str(BIN / "semcache"), "hit-rate", home.log, "--report", str(Path(home.log).parent / "out"))
    output, _ = process.communicate(timeout=170)
    assert process.returncode == 0, output


def test_the_served_app_calls_nobody(home: Home) -> None:
    """`semcache ui`, from its start to the page that answers."""
    port = free_port()
    process = home.start(str(BIN / "semcache"), "ui", SEMCACHE_UI_PORT=str(port))
    settings = load_settings(ui_port=port)
    try:
        wait_until("the page is served", lambda: launch.answers(settings), timeout_s=90)
    finally:
        process.terminate()
        process.wait(timeout=30)
    assert not launch.answers(settings)


def test_the_model_runtime_is_told_before_it_is_imported(home: Home) -> None:
    """Without the word the library does leave a device id: the test above can fail."""
    process = home.start(sys.executable, "-c", "import onnxruntime", HOME=str(home.path.parent))
    process.communicate(timeout=60)
    left = [path.name for path in home.path.parent.rglob(".onnxruntime/*")]
    assert left, "onnxruntime no longer writes a device id: the setting may go"
