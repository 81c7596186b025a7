"""`openai:<model>` against a real HTTP server that speaks the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semcache.embed import Embedder
from semcache.embed.opening import open_model
from semcache.errors import EmbedderUnavailable, InvalidInput
from semcache.settings import load_settings
from tests.conftest import free_port
from tests.llm.server import EMBEDDING_DIM, FakeOpenAi, Trouble, serving


@pytest.fixture
def api() -> Iterator[FakeOpenAi]:
    with serving() as server:
        yield server


def _open(base_url: str, **overrides: Any) -> Embedder:
    given = {"embed_model": "openai:small", "embed_base_url": base_url, "embed_max_retries": 0} | overrides
    return open_model(load_settings(**given).embed, model_dir=Path("unused"))


def test_texts_become_unit_vectors(api: FakeOpenAi) -> None:
    """Normalised float32 of the endpoint's dimension, in the order of the texts, with the key and the model sent."""
    model = _open(api.base_url, embed_api_key="secret")
    texts = [f"text {i}" for i in range(70)]
    vectors = model.embed(texts)
    assert vectors.shape == (70, EMBEDDING_DIM)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.array_equal(model.embed(texts[33:34])[0], vectors[33])
    assert model.dim == EMBEDDING_DIM
    assert set(api.authorizations) == {"Bearer secret"}
    assert {request["model"] for request in api.requests} == {"small"}


def test_many_texts_go_in_few_requests(api: FakeOpenAi) -> None:
    """130 texts are three requests."""
    model = _open(api.base_url)
    model.embed(["connects"])
    before = len(api.requests)
    model.embed([f"text {i}" for i in range(130)])
    assert len(api.requests) - before == 3


def test_a_long_text_is_cut(api: FakeOpenAi) -> None:
    """The API would refuse it."""
    _open(api.base_url).embed(["x" * 100_000])
    assert len(api.requests[-1]["input"][0]) == 24_000


def test_the_fingerprint_tells_models_and_endpoints_apart(api: FakeOpenAi) -> None:
    """It is known without a call."""
    here = _open(api.base_url)
    assert here.fingerprint == _open(api.base_url + "/").fingerprint
    assert here.fingerprint != _open("http://other/v1").fingerprint
    assert here.fingerprint != _open(api.base_url, embed_model="openai:large").fingerprint
    assert api.requests == []


def test_an_unreachable_endpoint_is_said_at_once() -> None:
    """With its address and the setting to check."""
    with pytest.raises(EmbedderUnavailable, match="SEMCACHE_EMBED_BASE_URL"):
        _open(f"http://127.0.0.1:{free_port()}/v1").embed(["x"])


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "SEMCACHE_EMBED_API_KEY"), (403, "SEMCACHE_EMBED_MODEL"), (404, "SEMCACHE_EMBED_MODEL"), (500, "broken")],
)
def test_a_refusal_says_what_to_check(api: FakeOpenAi, status: int, said: str) -> None:
    """A wrong key or model names its setting; anything else says what the endpoint said."""
    model = _open(api.base_url)
    api.then(Trouble("status", status, "broken"))
    with pytest.raises(EmbedderUnavailable, match=said):
        model.embed(["x"])
    assert model.embed(["x"]).shape == (1, EMBEDDING_DIM)


def test_a_limit_says_when_to_come_back(api: FakeOpenAi) -> None:
    """The endpoint's Retry-After is handed on."""
    model = _open(api.base_url)
    api.then(Trouble("status", 429, "slow down", {"retry-after": "7"}))
    with pytest.raises(EmbedderUnavailable) as caught:
        model.embed(["x"])
    assert caught.value.retry_after_s == 7


def test_passing_trouble_is_retried(api: FakeOpenAi) -> None:
    """As often as the settings say."""
    model = _open(api.base_url, embed_max_retries=2)
    api.then(Trouble("status", 503, headers={"retry-after": "0.01"}))
    assert model.embed(["x"]).shape == (1, EMBEDDING_DIM)


def test_a_text_too_long_for_the_model_is_the_callers(api: FakeOpenAi) -> None:
    """The endpoint's word on the context length is bad input, not an outage."""
    model = _open(api.base_url)
    model.embed(["connects"])
    api.then(Trouble("status", 400, "This model's maximum context length is 8192 tokens"))
    with pytest.raises(InvalidInput, match="too long"):
        model.embed(["x"])


def test_a_silent_endpoint_times_out(api: FakeOpenAi) -> None:
    """After the seconds of the settings."""
    model = _open(api.base_url, embed_timeout_s=0.2)
    api.then(Trouble("hang"))
    with pytest.raises(EmbedderUnavailable, match=r"within 0\.2 s"):
        model.embed(["x"])


@pytest.mark.parametrize("bad", ["", "  ", None, "half \ud800"])
def test_what_is_no_text_is_refused_before_it_is_sent(api: FakeOpenAi, bad: Any) -> None:
    """Bad input costs no call."""
    with pytest.raises(InvalidInput):
        _open(api.base_url).embed([bad])
    assert api.requests == []
