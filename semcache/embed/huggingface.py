"""`hf:<name or folder>`: a Sentence Transformers model, through redisvl's vectorizer (needs torch)."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from semcache.embed.checks import checked, normalised
from semcache.embed.protocol import Kind, Vectors
from semcache.embed.registry import fingerprint
from semcache.embed.window import USUAL_WINDOW
from semcache.errors import EmbedderUnavailable, MissingExtra

if TYPE_CHECKING:
    from redisvl.utils.vectorize.text.huggingface import HFTextVectorizer

_PROMPTS: dict[Kind, tuple[str, ...]] = {"query": ("query",), "passage": ("passage", "document"), "symmetric": ()}


class HuggingFaceEmbedder:
    """One model, loaded when first used; threads may share it. Long texts are cut at the model's longest input.

    Each text is run by itself: a batch is padded to its longest text, which changes the last digits of the others.
    A kind takes the model's own prompt of that name ("query", "passage" or "document"), if it has one.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._vectorizer: HFTextVectorizer | None = None

    @property
    def dim(self) -> int:
        return int(self._loaded().dims or 0)

    @property
    def fingerprint(self) -> str:
        """Of a folder: its files; of a model of the hub: its commit."""
        folder = Path(self._name)
        if folder.is_dir():
            return fingerprint(f"hf-{folder.name}", _digest_of(folder), "own", "own")
        digest = hashlib.blake2b(f"{self._name} {self._commit()}".encode(), digest_size=6).hexdigest()
        return fingerprint(f"hf-{self._name}", digest, "own", "own")

    @property
    def window(self) -> int:
        return int(self._loaded()._client.max_seq_length or USUAL_WINDOW)

    def count_tokens(self, text: str) -> int:
        vectorizer = self._loaded()
        whole = (self._prompt(vectorizer, "symmetric") or "") + text
        return len(vectorizer._client.tokenizer(whole, truncation=False, verbose=False)["input_ids"])

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        given = checked(texts)
        vectorizer = self._loaded()
        prompt = self._prompt(vectorizer, kind)
        rows = [vectorizer.embed(text, prompt=prompt) for text in given]
        return normalised(rows, dim=int(vectorizer.dims or 0))

    def _prompt(self, vectorizer: HFTextVectorizer, kind: Kind) -> str | None:
        known = vectorizer._client.prompts or {}
        return next((known[name] for name in _PROMPTS[kind] if known.get(name)), None)

    def _commit(self) -> str:
        transformer = self._loaded()._client[0]
        return str(getattr(transformer.auto_model.config, "_commit_hash", None) or "")

    def _loaded(self) -> HFTextVectorizer:
        with self._lock:
            if self._vectorizer is None:
                self._vectorizer = _load(self._name)
            return self._vectorizer


def _load(name: str) -> HFTextVectorizer:
    from redisvl.utils.vectorize.text.huggingface import HFTextVectorizer

    try:
        return HFTextVectorizer(model=name)
    except ImportError as error:
        raise MissingExtra("sentence-transformers", f"the embedding model hf:{name}") from error
    except (OSError, ValueError) as error:
        raise EmbedderUnavailable(
            f"the model {name} cannot be loaded ({type(error).__name__}: {error}): check its name, or give a folder "
            "that holds it, hf:/path/of/model",
            retry_after_s=30.0,
        ) from error


def _digest_of(folder: Path) -> str:
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
