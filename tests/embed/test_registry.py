"""The registered models, and what a fingerprint tells apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semcache.embed.opening import open_model
from semcache.embed.registry import MODELS, Recipe
from semcache.settings import load_settings
from semcache.store.keys import escape

RECIPE = Recipe("model", "0" * 64, "mean", "int8", 512, {"query": "query: "})


@pytest.mark.parametrize(
    "other",
    [
        replace(RECIPE, name="other"),
        replace(RECIPE, content="1" * 64),
        replace(RECIPE, pooling="cls"),
        replace(RECIPE, quantisation="fp32"),
        replace(RECIPE, max_tokens=256),
        replace(RECIPE, prefixes={}),
        replace(RECIPE, prefixes={"passage": "query: "}),
    ],
)
def test_a_fingerprint_changes_with_all_that_changes_a_vector(other: Recipe) -> None:
    """Model, revision, pooling, quantisation, longest input and prefixes."""
    assert other.fingerprint != RECIPE.fingerprint


def test_a_fingerprint_fits_a_key_as_it_is() -> None:
    """Whatever the model is called, nothing of it needs escaping."""
    for name in ("intfloat/e5-small", "a:b}", "模型", "bge-small-en-v1.5-q"):
        found = replace(RECIPE, name=name).fingerprint
        assert escape(found) == found


def test_a_missing_prefix_is_an_empty_one() -> None:
    """They make the same vectors, so they are the same."""
    assert replace(RECIPE, prefixes={"query": "query: ", "passage": ""}).fingerprint == RECIPE.fingerprint


@pytest.mark.parametrize("name", ["bge-small-en-v1.5-q", "all-minilm-l6-v2-q"])
def test_registered_models_tell_a_paraphrase_from_another_subject(name: str) -> None:
    """Pooling and prefixes are the ones the model wants: each kind of text lies where it should."""
    settings = load_settings(embed_model=name)
    model = open_model(settings.embed, model_dir=settings.model_dir)
    passages = model.embed(
        ["To change your password, open the settings.", "The shop opens at nine.", "Lamps take an E27 bulb."],
        kind="passage",
    )
    query = model.embed(["how do I reset my password?"], kind="query")[0]
    cosines = passages @ query
    assert np.argmax(cosines) == 0
    assert cosines[0] > max(cosines[1:]) + 0.15
    assert model.dim == MODELS[name].dim == passages.shape[1]
