"""The same text, the same question in other dress, and signs: what needs no language to be told apart."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.text import fingerprint, verbatim
from semcache.text.differences.dress import letters_differ, only_dress_differs, only_fillers_differ
from semcache.text.differences.signs import signs, signs_apart
from semcache.text.words import words

PAIRS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parents[1] / "data" / "pairs_dress.jsonl").read_text().splitlines()
]
TEXTS = sorted({pair[side] for pair in PAIRS for side in ("a", "b")})
SIGNS = (
    "+ * < > = ^ ~ | \\ & @ # ₺ _ ( ) [ ] { } ∫ ∑ ∀ → ⇒ ∈ ≤ √ ♂ ♔ ☀ ✓ § • 😂 🇧🇪 👍🏽 ⭐ -- && || :: -> == != "
    "\u200e \u202e ² ₂ ½ ⁻ ٪"
).split()


def _kept(text: str) -> str:
    """The same text as other programs write it."""
    return f" \t{unicodedata.normalize('NFD', text)}\n".replace("\n", "\r\n")


@given(st.text(max_size=60))
def test_the_same_text_stays_the_same(text: str) -> None:
    """Normal form, line ends and outer blanks do not count; and once they are set right, nothing more changes."""
    assert verbatim(verbatim(text)) == verbatim(text)
    assert fingerprint(_kept(text)) == fingerprint(text)


@given(st.text(max_size=8), st.text(max_size=8))
def test_nothing_else_is_the_same_text(one: str, other: str) -> None:
    """Two texts share a fingerprint if and only if they are equal letter by letter, apart from that."""
    assert (fingerprint(one) == fingerprint(other)) == (verbatim(one) == verbatim(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Do it", "do it"), ("Maße", "Masse"), ("a  b", "a b"), ("5!", "5?"), ("2³", "23"), ("why?", "why"), ("ﬁ", "fi")],
)
def test_what_reads_alike_is_not_the_same_text(one: str, other: str) -> None:
    """Case, inner blanks, marks, ligatures and raised figures are letters of the text."""
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if not pair["same"]], ids=lambda pair: pair["a"][:40])
def test_what_means_something_else_is_no_dress(pair: dict[str, Any]) -> None:
    """Flags, units, code, addresses, emoji, negations and conditions in fifteen languages."""
    assert not only_dress_differs(pair["a"], pair["b"])
    assert not only_fillers_differ(pair["a"], pair["b"])


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair["same"]], ids=lambda pair: pair["a"][:40])
def test_the_same_question_in_other_dress(pair: dict[str, Any]) -> None:
    """Ordinary words in another case, a final mark, blanks, quotes, e-mail and don't, in many scripts."""
    one, other = verbatim(pair["a"]), verbatim(pair["b"])
    assert only_dress_differs(one, other) or only_fillers_differ(one, other)


@given(st.sampled_from(TEXTS), st.sampled_from(TEXTS))
def test_dress_is_symmetric(one: str, other: str) -> None:
    """Whichever text comes first, and a text is always in its own dress."""
    assert only_dress_differs(one, other) == only_dress_differs(other, one)
    assert only_fillers_differ(one, other) == only_fillers_differ(other, one)
    assert only_dress_differs(one, one)


@given(st.text(max_size=40), st.text(max_size=40))
def test_dress_of_any_text(one: str, other: str) -> None:
    """No text is too odd to be compared."""
    assert only_dress_differs(one, other) == only_dress_differs(other, one)


@pytest.mark.parametrize(
    "pair", [p for p in PAIRS if p["field"] in ("case", "blanks")], ids=lambda pair: pair["a"][:40]
)
def test_case_and_blanks_of_code_differ(pair: dict[str, Any]) -> None:
    """Where a language has its own rule for a letter, as Turkish for I, another word is left to be learned."""
    assert letters_differ(pair["a"], pair["b"]) != ("ı" in pair["a"])
    assert letters_differ(pair["b"], pair["a"]) == letters_differ(pair["a"], pair["b"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hi, where is my Card?", "hi where is my card"),
        ("How do I log in?", "how do i login"),
        ("check-in times", "Check in times"),
        ("How do I return a Lamp?", "How do I return a lamp?"),
        ("on 2024-05-01", "on 2024/05/01"),
    ],
)
def test_between_dress_and_code(one: str, other: str) -> None:
    """What an ordinary writer varies is left to the score: it is no dress, and no guard stops it."""
    assert not only_dress_differs(one, other)
    assert not letters_differ(one, other)


@given(st.sampled_from(TEXTS), st.sampled_from(TEXTS))
def test_dress_and_code_exclude_each_other(one: str, other: str) -> None:
    """What is dress is never refused for its letters."""
    assert not (only_dress_differs(one, other) and letters_differ(one, other))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Do you sell tents in BERGEN?", "do you sell tents in Bergen", True),
        ("How Do I Cancel My Order?", "how do i cancel my order", True),
        ("I want my DEPOSIT back", "i want my deposit back", True),
        ("Is LEAN worth learning?", "Is lean worth learning?", False),
        ("Who founded MENSA?", "Who founded mensa?", False),
        ("Сколько это стоит?", "СКОЛЬКО ЭТО СТОИТ", True),
        ("Do you have Wi-Fi?", "do you have wifi", True),
        ("Where's my refund?", "Where is my refund?", True),
        ("How do I use Numbers?", "How do I use numbers?", False),
        ("What is AND in SQL?", "What is and in SQL?", False),
        ("What does G do in vim?", "What does g do in vim?", False),
        ("What happens in May?", "What happens in may?", False),
        ("Can I re-sign it?", "Can I resign it?", False),
        ("Kann man das essen?", "Kann man das Essen?", False),
        ("Explain __init__", "Explain init", False),
        ("Let's eat, grandma", "Let's eat grandma", False),
    ],
)
def test_case_of_words(one: str, other: str, same: bool) -> None:
    """Ordinary words, in texts that pay no heed to case; where both do, a capital means something."""
    assert only_dress_differs(one, other) is same


@given(st.sampled_from(TEXTS), st.sampled_from(SIGNS), st.integers(0, 80), st.booleans())
def test_another_sign_is_another_text(text: str, sign: str, at: int, alone: bool) -> None:
    """A sign more, wherever it stands, is a difference in signs and never one in dress."""
    at = min(at, len(text))
    longer = f"{text[:at]} {sign} {text[at:]}" if alone else text[:at] + sign + text[at:]
    assert signs(longer) != signs(text)
    assert not only_dress_differs(longer, text)


@given(st.sampled_from(SIGNS), st.sampled_from(SIGNS))
def test_signs_are_told_apart(one: str, other: str) -> None:
    """Two signs agree with themselves alone, in either direction."""
    mine, its = signs(f"what is {one} here"), signs(f"what is {other} here")
    assert (signs_apart(mine, its, same_figures=True) is None) == (one == other)
    assert (signs_apart(its, mine, same_figures=True) is None) == (one == other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Is it open? Yes, it is; e-mail us ...", ()),
        ("“Word”, 'word' and/or don’t", ()),
        ("¿Cuándo? 为什么？ لماذا؟ क्यों।", ()),
        ("from 9:30 to 10.5, 1,000 or 5-6", ()),
        ("ps -aux", ("-",)),
        ("a ?? b", ("??",)),
        ("f(x)(y)", ("(", ")", "(", ")")),
        ("5! and x!", ("!", "!")),
        ("cd ..", ("..",)),
        ("git add .", (".",)),
        ("''", ("''",)),
        ("می‌خواهم हिन्दी", ()),
        ("😀😀 😀", ("😀😀", "😀")),
        ("1️⃣", ("\ufe0f", "\u20e3")),
    ],
)
def test_signs_of_a_text(text: str, expected: tuple[str, ...]) -> None:
    """Punctuation of a sentence is no sign, the same characters as code are."""
    assert signs(text).plain == expected


def test_a_unit_may_be_a_word() -> None:
    """A per cent sign or a currency beside a figure agrees with its word, if the figures do."""
    assert signs_apart(signs("50% off"), signs("50 percent off"), same_figures=True) is None
    assert signs_apart(signs("50% off"), signs("50 off"), same_figures=False) == ("%", "none")
    assert signs("$HOME").plain == ("$",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("क्या वारंटी है?", ["क्या", "वारंटी", "है"]),
        ("திரும்பப் பெற", ["திரும்பப்", "பெற"]),
        ("คืนสินค้าได้", ["คืนสินค้าได้"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ("ফেরত দিন", ["ফেরত", "দিন"]),
    ],
)
def test_words_keep_their_marks(text: str, expected: list[str]) -> None:
    """Vowel signs, tone marks and joiners belong to the word they are written on."""
    assert [word for word in words(text) if len(word) > 1] == expected
