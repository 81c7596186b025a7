"""Slow patterns are looked for only where they may match: what is read stays the same."""

from __future__ import annotations

import re
import string

import snowballstemmer
from hypothesis import given
from hypothesis import strategies as st

from semcache.memory.dates import phrases
from semcache.memory.entities import names
from semcache.memory.facts.rules.lexicon import PETS, RELATIONS
from semcache.memory.stored import exact
from semcache.text.characters import lowered
from semcache.text.tokens import stem

ODD = "İıſ\u212aßéÉ’…١²_"
NOISE = st.text(string.printable + ODD, max_size=8)
TIMES = (
    "in on since from the of as back late mid starting next last this past coming a an couple few three 5 12 5th 31st "
    "2019 2023-05-01 1.2.2020 1/2/2020 may march june sept dec fri monday mondays tuesdays weekend week weeks month "
    "year days day ago spring fall winter today tonight tomorrow yesterday morning night evening within during for "
    "until start end beginning time people km bike"
).split()
LEADS = [
    *sorted(RELATIONS | PETS),
    *"mr mrs. dr prof aunt sir miss hi hey hello thanks wow yes no dear morning named called is i'm my name".split(),
    *"this it's work works at for with joined employer company founded hired by left quit the in near from to".split(),
    *"via visited moved dreams".split(),
    *("thank you", "i am", "my name is", "job at"),
]
SPACES = st.sampled_from([" ", "  ", "\n", ", ", "-", ". ", "", " , "])


def joined(words: list[str]) -> st.SearchStrategy[str]:
    """Texts of some of the words, in any case, with something between them."""
    word = st.one_of(
        st.sampled_from(words), st.sampled_from(words).map(str.upper), st.sampled_from(words).map(str.title), NOISE
    )
    return st.lists(st.tuples(word, SPACES), max_size=10).map(lambda parts: "".join(map("".join, parts)))


@given(joined(TIMES))
def test_every_time_phrase_is_found(text: str) -> None:
    """They are those that the pattern alone finds, in every text that may have one."""
    whole = [found.span() for found in phrases._WHEN.finditer(text)]
    expected = whole if phrases._hints_at_time(text) else []
    assert [found.span() for found in phrases.find_dates(text)] == expected
    assert [found.span() for found in [phrases.find_time(text)] if found] == expected[:1]
    leading = phrases.leading_time(text)
    assert ([leading.span()] if leading else []) == [place for place in expected[:1] if not place[0]]


@given(joined(LEADS))
def test_a_name_is_of_what_stands_before_it(before: str) -> None:
    """The last word decides only that a pattern cannot match."""
    last = names._last_word(before)
    if names._TITLE.search(before):
        assert last.endswith(names._TITLES)
    if names._KIN_BEFORE.search(before) or names._SPOKEN_TO.search(before):
        assert last in names._PERSON_ENDS
    if names._ORGANISATION_BEFORE.search(before):
        assert last in names._ORGANISATION_ENDS
    if names._PLACE_BEFORE.search(before):
        assert last in names._PLACE_ENDS


@given(st.text(st.one_of(st.sampled_from("aBé@_.+#0٣²🦊-'"), st.characters()), min_size=1, max_size=6))
def test_every_code_is_looked_at(word: str) -> None:
    """A word without any of the signs of a code is none."""
    plain = "".join(word.split())
    assert not exact._of_word(plain) or exact._HINT.search(plain)


@given(st.text(max_size=8))
def test_lower_case_is_as_long_as_the_text(text: str) -> None:
    """Places in it are places in the text."""
    assert len(lowered(text)) == len(text)


def test_lower_case_is_what_patterns_take_letters_for() -> None:
    """Whatever a pattern without regard to case takes for a letter is that letter in lower case."""
    beyond = "".join(chr(code) for code in range(0x250)) + "\u212a\u212b\ufb05"
    for letter in string.ascii_lowercase:
        taken = re.findall(letter, beyond, re.IGNORECASE)
        assert {lowered(one) for one in taken} == {letter}


@given(st.text("0123456789٣", min_size=1, max_size=12))
def test_a_number_is_its_own_stem(number: str) -> None:
    """As Snowball has it."""
    assert stem(number) == snowballstemmer.stemmer("english").stemWord(number) == number
