"""Negation, antonyms, questions, names, order and spelling: what changes a question and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.text.asking import asked_apart, asks_for
from semcache.text.differences.antonyms import opposed, opposites
from semcache.text.differences.negation import negation, negation_differs
from semcache.text.differences.order import direction_reversed, order_differs, persons_exchanged, roles
from semcache.text.differences.synonyms import synonymous
from semcache.text.words import root, words
from tests.steps import lines_run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I can't log in", "i can not login"),
        ("I cannot sign in", "i can not login"),
        ("what’s the e-mail", "what is the email"),
        ("The colour of the organisation", "the color of the organization"),
        ("New York, U.S.A.", "new_york usa"),
        ("help us", "help us"),
        ("node.js and C++", "nodejs and c++"),
        ("non-refundable", "nonrefundable"),
        ("the iPhone 5's screen", "the iphone 5 screen"),
        ("advise and exercise", "advise and exercise"),
    ],
)
def test_one_spelling(text: str, expected: str) -> None:
    """Contractions, compounds, British spelling and other names of a thing are folded into one."""
    assert " ".join(words(text)) == expected


@pytest.mark.parametrize(
    ("a", "b", "differs"),
    [
        ("I can't log in", "I am unable to log in", False),
        ("I can't log in", "I can log in", True),
        ("why was it declined", "why was it not accepted", False),
        ("why was it declined", "why was it not declined", True),
        ("with a fee", "without a fee", True),
        ("isn't there a fee?", "is there a fee?", False),
        ("I don't know how to reset it", "how do I reset it", False),
        ("tell me whether or not it ships", "tell me whether it ships", False),
        ("it never arrived", "it has not arrived", False),
        ("do not never do it", "do it", False),
        ("eat before a test", "don't eat before a test", True),
        ("I'm not sure where to click", "where do I click", False),
        ("no, it is not included", "it is not included", False),
        ("submit it no later than Friday", "submit it by Friday", False),
        ("no visa is needed", "a visa is needed", True),
    ],
)
def test_negation(a: str, b: str, differs: bool) -> None:
    """A denial counts, in all its forms; rhetorical ones and words that contain a denial are accounted for."""
    assert negation_differs(negation(words(a)), negation(words(b))) is differs


@pytest.mark.parametrize(
    ("a", "b"),
    [
        tuple(pair.split())
        for pair in (
            "buy sell,enabling disable,safe unsafe,legal illegal,agree disagree,credit debit,upload download,"
            "weekly monthly,python java,ascending descending,refundable nonrefundable,deposit withdrawal"
        ).split(",")
    ],
)
def test_words_that_exclude_each_other(a: str, b: str) -> None:
    """Antonyms, members of one set and denying prefixes exclude each other, in any inflection and either order."""
    assert opposed([root(a)], [root(b)])
    assert opposed([root(b)], [root(a)])


@pytest.mark.parametrize(
    ("a", "b"), [("buy", "purchase"), ("install", "stall"), ("order", "border"), ("card", "account")]
)
def test_words_that_do_not_exclude_each_other(a: str, b: str) -> None:
    """Synonyms and unrelated words are no antonyms."""
    assert opposed([root(a)], [root(b)]) is None


LETTERS = st.text("adeimnotusx", min_size=1, max_size=7)
PREFIXES = ("un", "in", "im", "ir", "il", "dis", "non", "de", "anti", "mis")


@given(st.sets(LETTERS, max_size=12), st.sets(LETTERS, max_size=12))
def test_opposites_are_those_that_a_comparison_of_all_pairs_finds(first: set[str], second: set[str]) -> None:
    """Looking words up finds an opposition just where trying every pair does, and it is one of those pairs."""
    pairs = {(a, b) for a in first for b in second if b in opposites(a) or _denies(a, b) or _denies(b, a)}
    found = opposed(first, second)
    assert found in pairs if pairs else found is None


def _denies(long: str, short: str) -> bool:
    return len(short) >= 3 and any(long == prefix + short for prefix in PREFIXES)


def test_comparing_long_texts_takes_steps_in_proportion_to_their_length() -> None:
    """Twenty times as many words take less than twenty-five times as many steps, where a square takes 400."""

    def steps(count: int) -> int:
        sides = [[f"{side}{n:x}" for n in range(count)] for side in ("agree", "order")]
        return lines_run(lambda: opposed(*sides))

    assert steps(8_000) < 25 * steps(400)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("why was it declined", "why"),
        ("what is the reason for it", "why"),
        ("how come it failed", "why"),
        ("what time does it open", "when"),
        ("when I click save, how do I undo it", "how"),
        ("how much does it cost", "how much"),
        ("what does it cost", "how much"),
        ("can I return it", "yes/no"),
        ("could you tell me where it is", "where"),
        ("reset password", ""),
    ],
)
def test_what_is_asked_for(text: str, kind: str) -> None:
    """The kind of answer a question wants is read from its words."""
    assert asks_for(words(text)) == kind


def test_different_things_asked() -> None:
    """Why is not when, how long is not how much; how and can I are one wish."""
    assert asked_apart("why", "when", same_content=False)
    assert asked_apart("how long", "how much", same_content=False)
    assert asked_apart("why", "how", same_content=True)
    assert not asked_apart("how", "yes/no", same_content=True)
    assert not asked_apart("", "why", same_content=True)


@pytest.mark.parametrize(
    ("a", "b", "other"),
    [
        ("train from Paris to Rome", "train from Rome to Paris", True),
        ("train from Paris to Rome", "to Rome by train from Paris", False),
        ("convert USD to EUR", "convert EUR into USD", True),
        ("transfer to savings", "transfer from savings", True),
        ("money from A to B please", "please, money to B from A", False),
    ],
)
def test_direction(a: str, b: str, other: bool) -> None:
    """What one text goes from and the other goes to is a reversal; another order of the same roles is not."""
    assert direction_reversed(roles(words(a)), roles(words(b))) is other


@pytest.mark.parametrize(
    ("a", "b", "other"),
    [
        ("does a dog bite a cat", "does a cat bite a dog", True),
        ("is tea better than coffee", "is coffee better than tea", True),
        ("how do I reset a password", "password reset, how", False),
        ("is breakfast included in the price", "does the price include breakfast", False),
    ],
)
def test_order(a: str, b: str, other: bool) -> None:
    """The same words in other roles are another question; a noun phrase for a clause is not."""
    first, second = words(a), words(b)
    assert order_differs(first, second, roles(first), roles(second)) is other


def test_persons() -> None:
    """Who calls whom matters."""
    assert persons_exchanged(words("can you call me"), words("can I call you"))
    assert not persons_exchanged(words("can you call me"), words("could you call us"))


@pytest.mark.parametrize(
    ("a", "b"), [("purchase", "buy"), ("bought", "buying"), ("pasword", "password"), ("activate", "activation")]
)
def test_synonyms(a: str, b: str) -> None:
    """Listed synonyms, one root, and a typing error may stand for each other."""
    first, second = root(a), root(b)
    assert first == second or synonymous(first, second)


@given(st.text(max_size=80), st.text(max_size=80))
def test_negation_is_symmetric(a: str, b: str) -> None:
    """Whether two texts differ in negation does not depend on which comes first."""
    first, second = negation(words(a)), negation(words(b))
    assert negation_differs(first, second) == negation_differs(second, first)
