"""`onnx:<dir>`: a model of one's own, as exported by optimum, Sentence Transformers or by hand.

The folder holds `model.onnx` (or `onnx/model.onnx`) and `tokenizer.json`. How the model wants to be used is read from
`semcache.json` (`pooling`, `prefixes`, `max_tokens`, `quantisation`, all optional), then from the files that Sentence
Transformers writes; else: mean pooling, 512 tokens, no prefixes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from semcache.embed.onnx import ModelFiles, OnnxEmbedder
from semcache.embed.registry import Recipe
from semcache.errors import ConfigurationError

_GRAPHS = ("model.onnx", "onnx/model.onnx")
_KINDS = {"symmetric", "query", "passage"}
_KNOWN = {"pooling", "prefixes", "max_tokens", "quantisation"}
_MAX_TOKENS = 512


def open_folder(folder: Path, *, threads: int = 0) -> OnnxEmbedder:
    """The model in a folder; its files are read once here for their digest, and again when it is first used.

    Raises:
        ConfigurationError: a file is missing or unreadable; the message names it.
    """
    graph = next((folder / name for name in _GRAPHS if (folder / name).is_file()), None)
    tokenizer = folder / "tokenizer.json"
    if graph is None or not tokenizer.is_file():
        raise ConfigurationError(f"{folder} must hold model.onnx (or onnx/model.onnx) and tokenizer.json")
    recipe = _recipe(folder, _digest([*_parts(graph), tokenizer]))
    return OnnxEmbedder(recipe, lambda: ModelFiles(str(graph), _text(tokenizer)), threads=threads)


def _parts(graph: Path) -> list[Path]:
    """The graph and the files beside it that hold its weights (`model.onnx_data`, `model.onnx.data`)."""
    return sorted(graph.parent.glob(graph.name + "*"))


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        with _readable(path), path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _recipe(folder: Path, content: str) -> Recipe:
    said = _json(folder / "semcache.json")
    if unknown := said.keys() - _KNOWN:
        raise ConfigurationError(f"{folder / 'semcache.json'}: unknown {', '.join(sorted(unknown))}")
    pooling = said.get("pooling", _pooling(folder))
    prefixes = said.get("prefixes", {})
    max_tokens = said.get("max_tokens", _max_tokens(folder))
    if pooling not in ("cls", "mean"):
        raise ConfigurationError(f"{folder}: pooling must be cls or mean, not {pooling!r}")
    if (
        not isinstance(prefixes, dict)
        or prefixes.keys() - _KINDS
        or not all(isinstance(p, str) for p in prefixes.values())
    ):
        raise ConfigurationError(f"{folder}: prefixes are texts for {', '.join(sorted(_KINDS))}, not {prefixes!r}")
    if not isinstance(max_tokens, int) or not 4 <= max_tokens <= 100_000:
        raise ConfigurationError(f"{folder}: max_tokens must be 4..100000, not {max_tokens!r}")
    return Recipe(folder.resolve().name, content, pooling, str(said.get("quantisation", "own")), max_tokens, prefixes)


def _pooling(folder: Path) -> str:
    said = _json(folder / "1_Pooling" / "config.json")
    return "cls" if said.get("pooling_mode_cls_token") else "mean"


def _max_tokens(folder: Path) -> int:
    shortest = [
        value
        for name, field in (
            ("sentence_bert_config.json", "max_seq_length"),
            ("tokenizer_config.json", "model_max_length"),
        )
        if isinstance(value := _json(folder / name).get(field), int) and value > 0
    ]
    return min([_MAX_TOKENS, *shortest])


def _json(path: Path) -> dict[str, Any]:
    """The object in a JSON file, empty if there is no such file."""
    if not path.is_file():
        return {}
    try:
        said = json.loads(_text(path))
    except ValueError as error:
        raise ConfigurationError(f"{path} is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise ConfigurationError(f"{path} must hold a JSON object")
    return said


def _text(path: Path) -> str:
    with _readable(path):
        return path.read_text("utf-8")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
