"""Vectors that outlive the process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from semcache.embed import CachedEmbedder
from semcache.embed.disk import DiskVectors
from semcache.embed.protocol import Kind, Vectors
from semcache.errors import InvalidInput


class Counting:
    """An embedder that counts the texts it computes."""

    dim = 3

    def __init__(self, fingerprint: str = "model-1") -> None:
        self.fingerprint = fingerprint
        self.computed = 0

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        self.computed += len(texts)
        return np.array([[len(text), 1, 2] for text in texts], np.float32)


def embedded(folder: Path, texts: Sequence[str], inner: Counting) -> Vectors:
    """What a process of its own gets."""
    disk = DiskVectors(folder)
    try:
        return CachedEmbedder(inner, shared=disk).embed(texts)
    finally:
        disk.close()


def test_a_second_run_computes_nothing(tmp_path: Path) -> None:
    """Vectors come back as they were, however many; only a new text is computed."""
    texts = [f"text {n}" for n in range(1_200)]
    first = embedded(tmp_path, texts, Counting())
    again = Counting()
    assert np.array_equal(embedded(tmp_path, [*texts, "new"], again)[:-1], first)
    assert again.computed == 1


def test_another_model_has_its_own(tmp_path: Path) -> None:
    """A vector belongs to the fingerprint of its model."""
    embedded(tmp_path, ["a"], Counting())
    other = Counting("model-2")
    embedded(tmp_path, ["a"], other)
    assert other.computed == 1


def test_no_text_is_kept(tmp_path: Path) -> None:
    """What was embedded cannot be read in the folder."""
    embedded(tmp_path, ["my secret question"], Counting())
    assert all(b"secret" not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A file in its place, or another file under its name, is refused with what to do."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidInput, match="Name another folder"):
        DiskVectors(tmp_path / "file")
    (tmp_path / "vectors.sqlite").write_text("this is no database, but a text of some length" * 50)
    with pytest.raises(InvalidInput, match="Name another folder"):
        DiskVectors(tmp_path)
