"""Sentence embeddings by ONNX Runtime: no torch, each text by itself, several at once on threads.

Int8 graphs quantise activations over the whole batch, so a text's vector would depend on its neighbours (cosine
.993 on average with itself). Here a text is always run alone, and a call with many texts spreads them over threads.

One thread inside a run, as many runs at once as there are cores. Measured on 2 cores, bge-small int8, questions of 12
words: two threads inside a run take 3.6 ms instead of 5.1 on an idle machine, but 21 instead of 9 once Redis, an
ingestor or another question want the other core, and 247 texts/s instead of 392. The vectors are the same, bit for bit.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from semcache.embed.checks import checked, normalised
from semcache.embed.protocol import Kind, Vectors
from semcache.embed.registry import Recipe
from semcache.errors import ConfigurationError
from semcache.forking import reset_in_child

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

_UNKNOWN = ("[UNK]", "<unk>")
_BEYOND_ANY_WINDOW = 1 << 30
_MAX_CHARS_PER_TOKEN = 64  # cut before tokenising: only the first `max_tokens` count, and 10 MB take seconds


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The ONNX graph (its bytes, or the path of its file) and the tokenizer.json of one model."""

    graph: bytes | str
    tokenizer: str


class OnnxEmbedder:
    """One model. It is read when first used, or by `load`; threads may share it.

    Texts longer than the model's longest input (`recipe.max_tokens`) are cut at its end: the rest does not count.
    """

    def __init__(self, recipe: Recipe, read: Callable[[], ModelFiles], *, dim: int | None = None, threads: int = 0):
        self._recipe = recipe
        self._read = read
        self._dim = dim
        self._threads = threads or _cores()
        self._model: _Model | None = None
        self._start_anew()
        reset_in_child(self._start_anew)

    def _start_anew(self) -> None:
        """Without threads, and with nobody loading: what a forked child begins with. A model that is there stays."""
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    @property
    def dim(self) -> int:
        return self._dim or self.load().dim

    @property
    def fingerprint(self) -> str:
        return self._recipe.fingerprint

    @property
    def window(self) -> int:
        return self._recipe.max_tokens

    def count_tokens(self, text: str) -> int:
        return self.load().count_tokens(self._recipe.prefixes.get("symmetric", "") + text)

    def load(self) -> _Model:
        """Reads the model, once.

        Raises:
            EmbedderUnavailable: its file cannot be downloaded.
            ConfigurationError: its file is no usable model.
        """
        with self._lock:
            if self._model is None:
                self._model = _Model(self._recipe, self._read())
            return self._model

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        prefix = self._recipe.prefixes.get(kind, "")
        prefixed = [prefix + text for text in checked(texts)]
        model = self._model or self.load()
        if len(prefixed) <= 1 or self._threads == 1:
            rows = [model.vector(text) for text in prefixed]
        else:
            rows = list(self._workers().map(model.vector, prefixed))
        return normalised(rows, dim=model.dim)

    def close(self) -> None:
        """Ends the threads; a later call starts them again."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()

    def _workers(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="semcache-embed")
            return self._pool


class _Model:
    """A session and its tokenizer: one text in, one unnormalised vector out."""

    def __init__(self, recipe: Recipe, files: ModelFiles) -> None:
        self._pooling = recipe.pooling
        self._max_chars = recipe.max_tokens * _MAX_CHARS_PER_TOKEN
        self._tokenizer = _tokenizer(files.tokenizer, recipe)
        unknown = (self._tokenizer.token_to_id(name) for name in _UNKNOWN)
        self._unknown = next((token for token in unknown if token is not None), -1)
        with _named_errors(recipe):
            self._session = _session(files.graph)
        self._inputs = [given.name for given in self._session.get_inputs()]
        self._output = self._session.get_outputs()[0].name
        self._recipe = recipe
        self.dim = len(self.vector("dimension"))

    def vector(self, text: str) -> NDArray[np.float32]:
        """(dim,) float32."""
        ids = self._tokenizer.encode(text[: self._max_chars]).ids
        return self._pool(self._run(np.array([ids], np.int64)))

    def count_tokens(self, text: str) -> int:
        """All tokens of a text, the special ones once.

        Text that no window could hold counts as a token a character, a word that the model does not know as more than
        any window holds.
        """
        if len(text) > self._max_chars:
            return len(text)
        read = self._tokenizer.encode(text)
        if any(self._is_blind(part, text) for part in (read, *read.overflowing)):
            return _BEYOND_ANY_WINDOW
        special = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        return len(read.ids) + sum(len(rest.ids) - special for rest in read.overflowing)

    def _is_blind(self, read: Encoding, text: str) -> bool:
        """Whether letters or figures have become the token of what is unknown."""
        if self._unknown not in read.ids:
            return False
        spans = (span for token, span in zip(read.ids, read.offsets, strict=True) if token == self._unknown)
        return any(any(map(str.isalnum, text[start:end])) for start, end in spans)

    def _run(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """(1, n) token ids -> (n, dim) hidden states, or (dim,) if the graph pools them itself."""
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        with _named_errors(self._recipe):
            return np.asarray(self._session.run([self._output], {n: feeds[n] for n in self._inputs})[0][0], np.float32)

    def _pool(self, hidden: NDArray[np.float32]) -> NDArray[np.float32]:
        if hidden.ndim == 1:
            return hidden
        return np.asarray(hidden[0] if self._pooling == "cls" else hidden.mean(axis=0))


def _tokenizer(text: str, recipe: Recipe) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises nothing narrower
        raise ConfigurationError(f"the tokenizer of {recipe.name} cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(recipe.max_tokens)
    return tokenizer


@cache
def _onnxruntime() -> ModuleType:
    """The library, imported here and nowhere else.

    Importing it writes a device id to the user's cache and queues events for its vendor, unless the environment says no
    *before* (`onnxruntime/Privacy.md` in its wheel).
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return cast(ModuleType, onnxruntime)


def _session(graph: bytes | str) -> InferenceSession:
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


@contextmanager
def _named_errors(recipe: Recipe) -> Iterator[None]:
    ort = _onnxruntime().capi.onnxruntime_pybind11_state
    known = (ort.Fail, ort.InvalidArgument, ort.InvalidGraph, ort.InvalidProtobuf, ort.NoSuchFile, ort.NotImplemented)
    try:
        yield
    except (*known, ort.RuntimeException, KeyError, IndexError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigurationError(f"{recipe.name} is no usable sentence-embedding model: {reason}") from error


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
