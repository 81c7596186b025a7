"""Whether a word in another case is the same word: "PASSWORD" is "password", "US" is not "us" (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from semcache.text.english import FUNCTION_WORDS

#: English words that mean something else with a capital, or in capitals.
_CAPITONYMS = frozenset(
    "it us who aids soap rest basic post get put patch head path make ant sad fat ram rom cat dim less sass go rust "
    "swift ruby python java perl shell scheme julia elm dart crystal apple amazon orange target chase visa meta delta "
    "oracle windows word excel access outlook teams edge safari chrome discord slack zoom notion signal stripe square "
    "block uber lime bird bolt indeed monster gap subway polish turkey china chile jordan nice lima cork reading bath "
    "mobile phoenix orlando cologne hamburg danish german finish swede march may august will mark bill jack rob grant "
    "frank grace faith hope joy rose lily daisy violet iris dawn april june autumn art drew pat sue bob dick nick "
    "peter guy guinea georgia lent job rich ray pearl miles earl bishop king smith cook baker mercury mars saturn "
    "earth sun moon catholic liberal conservative democrat republican labour green lords commons native mass turkish "
    "creole cobra maze soar pass act sat apt nix gnu vim sed fish bash cage spa lan wan nat pin sim air pie eta am pm "
    "snap wise sage care salt start crud ok hi".split()
)
#: Those that serve grammar: in small letters, or with a capital where a sentence starts, they are one word.
_GRAMMAR = FUNCTION_WORDS & _CAPITONYMS
#: German pronouns whose capital tells whom they mean.
_ADDRESS = frozenset("sie ihr ihre ihren ihrem ihrer ihres ihnen".split())
#: A word in capitals may be the name of something else, up to this length: ACID, SOLID, NOT in a query.
_LONGEST_ACRONYM = 5
_BESIDE_I = frozenset(
    "can do did may must shall should could would will am was have had if when that and but because where why what how "
    "once after before while until since want need get lost forgot not".split()
)


Style = Literal["capitals", "heading", "plain"]
"""A text in capitals throughout; one in which every longer word has a capital; any other."""


class Written(NamedTuple):
    """An ordinary word as it is written. `initial`: it starts a sentence; `counted`: a figure stands before it."""

    text: str
    initial: bool = False
    counted: bool = False


def case_is_dress(
    one: Written, other: Written, *, english: bool, uncased: bool, styles: tuple[Style, Style], beside: Sequence[str]
) -> bool:
    """Whether two words are one in another case.

    `uncased`: one of the texts uses one case throughout, so that a capital in front tells nothing; `styles`: how the
    first and the second text is written; `beside`: the words before and behind, in small letters.
    """
    low = one.text.lower()
    if low != other.text.lower() or low in _ADDRESS:
        return False
    if english:
        title = uncased or one.initial or other.initial or low not in (one.text, other.text)
        return _foldable(one, low, styles[0], title, beside) and _foldable(other, low, styles[1], title, beside)
    if low in _CAPITONYMS - _GRAMMAR:
        return False
    if one.initial and one.text[1:] == other.text[1:]:
        return True
    regular = _regular(one, styles[0] == "capitals") and _regular(other, styles[1] == "capitals")
    return uncased and len(low) > 1 and regular


def is_loosely_written(one: Written, other: Written) -> bool:
    """Whether a longer word without another meaning differs in a capital in front, or in being in capitals (which in a
    short one may be another word: LEAN, a prover, is not "lean").
    """
    low = one.text.lower()
    known = low in _CAPITONYMS - _GRAMMAR or low in _ADDRESS
    if low != other.text.lower() or known or one.counted or len(low) < 3:
        return False
    acronym = len(low) <= _LONGEST_ACRONYM and one.text.isupper() != other.text.isupper()
    return not acronym and _regular(one, True) and _regular(other, True)


def _foldable(word: Written, low: str, style: Style, title_is_dress: bool, beside: Sequence[str]) -> bool:
    """Whether the case of an English word tells nothing."""
    if word.text == low:
        return low != "i" or not _BESIDE_I.isdisjoint(beside)
    title, upper, capitals = word.text[1:].islower() or len(low) == 1, word.text.isupper(), style == "capitals"
    if low == "i":
        return not _BESIDE_I.isdisjoint(beside)
    if low in _CAPITONYMS:
        return low in _GRAMMAR and ((title and word.initial) or (capitals and len(low) > 1))
    if capitals or (title and word.initial):
        return True
    if word.counted and len(low) < 4:
        return False
    if title and len(low) > 1:
        return title_is_dress and (len(low) > 2 or (style == "heading" and low in FUNCTION_WORDS))
    return upper and len(low) > _LONGEST_ACRONYM


def _regular(word: Written, capitals: bool) -> bool:
    """In small letters, with one capital in front, or in capitals where all the text is."""
    return word.text.islower() or word.text[1:].islower() or (capitals and word.text.isupper())
