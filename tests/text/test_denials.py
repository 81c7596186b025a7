"""Denials and restrictions in languages other than English."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from semcache.text.denials import denies, restricts
from semcache.text.entities import names
from semcache.text.negation import negation, negation_differs
from semcache.text.words import words

PAIRS = [
    json.loads(line) for line in (Path(__file__).parents[1] / "data" / "pairs_dress.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("pair", [p for p in PAIRS if p["field"] == "denial"], ids=lambda pair: pair["b"])
def test_not_in_many_languages(pair: dict[str, str]) -> None:
    """The text with "not" denies what the one without says."""
    assert negation_differs(negation(words(pair["a"])), negation(words(pair["b"])))


@pytest.mark.parametrize("pair", [p for p in PAIRS if p["field"] == "only"], ids=lambda pair: pair["b"])
def test_only_in_many_languages(pair: dict[str, str]) -> None:
    """The text with "only" restricts, the one without does not."""
    assert [negation(words(pair[side])).restricts for side in "ab"] == [False, True]


@pytest.mark.parametrize(
    "text",
    [
        "Puis-je annuler et n'y a-t-il pas de frais ?",
        "Il ne vient jamais",
        "Nikt nigdy nie odpowiada",
        "Никто никогда не отвечает",
        "Ich habe nie nichts gesagt",
    ],
)
def test_two_words_of_denial_deny_once(text: str) -> None:
    """ "ne ... pas", "nikt nie", "никто не": outside English they do not cancel each other."""
    assert negation(words(text)).odd


@pytest.mark.parametrize(
    "text",
    [
        "What is the sin of x?",
        "Is Solo a good film?",
        "May I bring a cap?",
        "这是不是免费的？",
        "能不能退款？",
        "有什么不同？",
        "คืนได้หรือไม่",
        "Je ne veux que du pain",
        "How do I pay?",
    ],
)
def test_what_denies_nothing(text: str) -> None:
    """English words that are written alike, questions of the form "is it or is it not", and "ne ... que"."""
    assert not denies(words(text))


def test_ne_que_restricts() -> None:
    """French says "only" in two words."""
    assert restricts(words("Je ne veux que du pain"))
    assert not restricts(words("Je ne crois pas que oui"))


def test_a_capital_behind_an_opening_mark_is_no_name() -> None:
    """Spanish opens its questions with a mark: what follows starts a sentence."""
    assert names("Hola, ¿Cuándo abren en Sevilla? ¡Gracias!") == {"sevilla"}
