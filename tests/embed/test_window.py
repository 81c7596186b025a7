"""What an embedder reads of a text: counted in its own tokens, or cautiously where it cannot count."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semcache.embed import CachedEmbedder, Windowed, reads_whole
from semcache.embed.openai import OpenAiEmbedder
from semcache.embed.window import count_tokens, window_of
from semcache.settings import EmbedSettings


class Silent:
    """An embedder that does not say how much it reads."""

    dim = 384
    fingerprint = "silent"

    def embed(self, texts: object, *, kind: str = "symmetric") -> None: ...


def test_the_default_model_counts_its_tokens(embedder: CachedEmbedder) -> None:
    """Words, ideographs and emoji are counted as the tokenizer takes them, the two special tokens once."""
    assert isinstance(embedder, Windowed)
    assert window_of(embedder) == 512
    assert count_tokens(embedder, "How are you?") == 6
    assert count_tokens(embedder, "word " * 600) == 602
    assert count_tokens(embedder, "中" * 2_000) == 2_002


@pytest.mark.parametrize("word", ["word ", "中", "с ", "م ", "}"])
def test_a_text_is_read_up_to_the_window(embedder: CachedEmbedder, word: str) -> None:
    """510 tokens and the two special ones are the last that fit, in any script."""
    assert reads_whole(embedder, word * 510)
    assert not reads_whole(embedder, word * 511)


@pytest.mark.parametrize("text", ["ሱቁ መቼ ይከፈታል?", "ร้านเปิดกี่โมง", "What is " + "abcdefghij" * 24 + "?", "9" * 3_000])
def test_a_word_that_the_model_does_not_know_is_not_read(embedder: CachedEmbedder, text: str) -> None:
    """Scripts it was not trained on, and words too long for its tokenizer, have one vector whatever they say."""
    assert not reads_whole(embedder, text)


@settings(max_examples=50)
@given(text=st.text(min_size=1, max_size=40), times=st.integers(1, 200))
@example(text="0\x1f", times=101)
def test_texts_that_are_read_whole_differ_where_they_differ(embedder: CachedEmbedder, text: str, times: int) -> None:
    """What is said to be read whole has no more tokens than the window, whichever short cut said so."""
    repeated = text * times
    assert not reads_whole(embedder, repeated) or count_tokens(embedder, repeated) <= window_of(embedder)


def test_an_embedder_that_cannot_count_is_taken_at_its_worst() -> None:
    """One token a byte: 510 letters are read, 511 may not be."""
    silent = Silent()
    assert reads_whole(silent, "a" * 510)  # type: ignore[arg-type]
    assert not reads_whole(silent, "a" * 511)  # type: ignore[arg-type]
    assert not reads_whole(CachedEmbedder(silent), "я" * 256)  # type: ignore[arg-type]


def test_the_window_of_an_endpoint() -> None:
    """OpenAI's own models have theirs; of another model nothing is known."""
    assert OpenAiEmbedder("text-embedding-3-small", EmbedSettings()).window == 8_191
    assert OpenAiEmbedder("bge-m3", EmbedSettings()).window == 512
