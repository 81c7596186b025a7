"""`onnx:<dir>`: a model of one's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from semcache.embed import CachedEmbedder, Embedder
from semcache.embed.opening import open_model, read_jar
from semcache.embed.registry import MODELS
from semcache.errors import ConfigurationError
from semcache.settings import load_settings

TEXTS = ["How do I reset my password?", "Where is the key? " * 300]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, embedder: CachedEmbedder) -> Path:
    """The default model as a folder that says how it wants to be used."""
    folder = tmp_path_factory.mktemp("model")
    model = MODELS["bge-small-en-v1.5-q"]
    files = read_jar(model, load_settings().model_dir)
    assert isinstance(files.graph, bytes)
    (folder / "model.onnx").write_bytes(files.graph)
    (folder / "tokenizer.json").write_text(files.tokenizer)
    said = {"pooling": "cls", "prefixes": dict(model.recipe.prefixes), "quantisation": "int8"}
    (folder / "semcache.json").write_text(json.dumps(said))
    return folder


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "copy"))


def _open(folder: Path) -> Embedder:
    settings = load_settings(embed_model=f"onnx:{folder}")
    return open_model(settings.embed, model_dir=folder / "unused")


def test_a_folder_gives_the_vectors_of_its_model(exported: Path, embedder: CachedEmbedder) -> None:
    """The same graph, tokenizer, pooling and prefixes as the registered model make the same vectors."""
    own = _open(exported)
    assert own.dim == 384
    for kind in ("query", "passage"):
        assert np.array_equal(own.embed(TEXTS, kind=kind), embedder.embed(TEXTS, kind=kind))


def test_the_fingerprint_is_of_the_content(folder: Path) -> None:
    """Where the folder lies does not count; what it holds and how it is used does."""
    before = _open(folder).fingerprint
    moved = folder.parent / "elsewhere" / folder.name
    shutil.copytree(folder, moved)
    assert _open(moved).fingerprint == before
    seen = {before}
    for change in ({"pooling": "mean"}, {"pooling": "cls", "max_tokens": 64}, {"pooling": "cls", "prefixes": {}}):
        (folder / "semcache.json").write_text(json.dumps(change))
        seen.add(_open(folder).fingerprint)
    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text() + " ")
    seen.add(_open(folder).fingerprint)
    assert len(seen) == 5


def test_the_files_of_sentence_transformers_are_understood(folder: Path) -> None:
    """Its layout with onnx/model.onnx, its pooling and its longest input count where semcache.json is silent."""
    (folder / "semcache.json").unlink()
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model.onnx")
    mean = _open(folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 8}))
    first = _open(folder)
    assert not np.array_equal(mean.embed(TEXTS[:1]), first.embed(TEXTS[:1]))
    assert np.array_equal(
        first.embed(["one two three four five six seven"]), first.embed(["one two three four five six"])
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("tokenizer.json", None, "tokenizer.json"),
        ("model.onnx", None, "model.onnx"),
        ("semcache.json", b"{", "no JSON"),
        ("semcache.json", b"[]", "object"),
        ("semcache.json", b'{"poolin": "cls"}', "poolin"),
        ("semcache.json", b'{"pooling": "max"}', "cls or mean"),
        ("semcache.json", b'{"prefixes": {"search": "x"}}', "prefixes"),
        ("semcache.json", b'{"max_tokens": 0}', "max_tokens"),
        ("semcache.json", b"\xff", "semcache.json"),
    ],
)
def test_a_wrong_folder_is_named_when_it_is_opened(folder: Path, name: str, content: bytes | None, said: str) -> None:
    """The error says which file is missing or wrong."""
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        _open(folder)


@pytest.mark.parametrize(("name", "said"), [("tokenizer.json", "tokenizer"), ("model.onnx", "ONNX|model")])
def test_files_that_are_no_model_are_named_when_it_is_loaded(folder: Path, name: str, said: str) -> None:
    """A broken graph or tokenizer is a setting to mend, not a crash of the library beneath."""
    (folder / name).write_text("junk")
    with pytest.raises(ConfigurationError, match=said):
        _open(folder).embed(TEXTS)


def test_a_longest_input_beyond_the_model_is_named(folder: Path) -> None:
    """A text longer than the graph has positions for fails with the model's name."""
    (folder / "semcache.json").write_text(json.dumps({"max_tokens": 2_000}))
    own = _open(folder)
    own.embed(["short"])
    with pytest.raises(ConfigurationError, match="no usable"):
        own.embed(["many words here " * 700])
