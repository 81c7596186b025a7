"""Fits the classes of questions for embedding models, from labelled questions, into semcache/questions/weights/.

    python tools/fit_classes.py bge-small-en-v1.5-q all-minilm-l6-v2-q        models by their setting `embed.model`
    python tools/fit_classes.py --words                                       the weights that read no vector
    python tools/fit_classes.py --other-languages                             the same for de, es, fr and nl
    python tools/fit_classes.py --multilingual onnx:/models/e5                all languages, for a multilingual model

Questions whose part begins with "aside" are never read. Multinomial logistic regression with an L2 penalty, by
accelerated gradient descent; deterministic.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcache.embed.opening import open_model
from semcache.questions.learned import ANY_EMBEDDER, CLASSES, OTHER_LANGUAGES, VERSION, features
from semcache.settings import EmbedSettings, load_settings
from semcache.text import questions

ROOT = Path(__file__).parents[1]
LABELLED = ROOT / "tests" / "data" / "questions_by_domain.jsonl"
WEIGHTS = ROOT / "semcache" / "questions" / "weights"
PENALTY = 1e-3
STEPS = 150

Matrix = NDArray[np.float32]


def fitted(x: Matrix, classes: NDArray[np.intp]) -> Matrix:
    """(features, classes) weights for (n, features) and the (n,) right classes, by Nesterov's method."""
    targets = np.eye(len(CLASSES), dtype=np.float32)[classes]
    step = 1.0 / (float(np.linalg.norm(x, 2)) ** 2 / len(x) / 2 + PENALTY)
    weights = ahead = np.zeros((x.shape[1], len(CLASSES)), np.float32)
    for n in range(STEPS):
        logits = x @ ahead
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        gradient = x.T @ (exponents / exponents.sum(axis=1, keepdims=True) - targets) / len(x) + PENALTY * ahead
        moved = (ahead - step * gradient).astype(np.float32)
        ahead = (moved + n / (n + 3) * (moved - weights)).astype(np.float32)
        weights = moved
    return weights


def save(name: str, rows: list[dict[str, str]], vectors: Matrix | None, *, languages: str) -> None:
    """Fits and writes one file; float16 keeps it at 12 KB. `languages`: codes; empty = all."""
    x = np.stack(
        [
            features(row["text"], None if vectors is None else vectors[n], questions.classify(row["text"]))
            for n, row in enumerate(rows)
        ]
    )
    weights = fitted(x, np.array([CLASSES.index(questions.QuestionClass(row["kind"])) for row in rows]))
    np.savez_compressed(
        WEIGHTS / f"{name}.npz",
        matrix=weights.astype(np.float16),
        version=VERSION,
        dim=0 if vectors is None else vectors.shape[1],
        languages=languages,
    )
    print(f"{name}: {len(rows)} questions, {x.shape[1]} features")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("models", nargs="*", help="as in the setting embed.model")
    arguments.add_argument("--words", action="store_true", help="fit the weights for all other embedders")
    arguments.add_argument("--other-languages", action="store_true", help="fit the words of all but English")
    arguments.add_argument("--multilingual", action="store_true", help="the models read more than English")
    given = arguments.parse_args()
    rows = [json.loads(line) for line in LABELLED.read_text("utf-8").splitlines()]
    rows = [row for row in rows if not row["part"].startswith("aside")]
    if given.other_languages:
        save(OTHER_LANGUAGES, [row for row in rows if row["lang"] != "en"], None, languages="de es fr nl")
    if not given.multilingual:
        rows = [row for row in rows if row["lang"] == "en"]
    if given.words:  # of English: read without vectors, half of the personal questions in other languages leak
        save(ANY_EMBEDDER, rows, None, languages="en")
    for model in given.models:
        embedder = open_model(EmbedSettings(model=model), model_dir=load_settings().model_dir)
        vectors = embedder.embed([row["text"] for row in rows])
        save(embedder.fingerprint, rows, vectors, languages="" if given.multilingual else "en")


if __name__ == "__main__":
    main()
