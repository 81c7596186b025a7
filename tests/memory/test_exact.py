"""Codes, numbers, names and signs that a question repeats are found whole, or not at all."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.memory import AgentMemory
from semcache.memory.stored.exact import codes, held
from semcache.memory.stored.layout import index_stems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Is 192.168.4.20 up?", ("192.168.4.20",)),
        ("RFC-2119's words", ("rfc-2119",)),
        ("ticket (#8841), please", ("8841",)),
        ("we paid 12,750 euros", ("12750",)),
        ("tell @lin_wei or lin@example.org", ("@lin_wei", "lin@example.org")),
        ("open notes.txt and max_len", ("notes.txt", "max_len")),
        ("C++ or C#?", ("c++", "c#")),
        ("Grüße an Zoë", ("grüsse", "zoë")),
        ("版本4.0.2怎么样", ("4.0.2",)),
        ("🦊 and 🦉!", ("🦊", "🦉")),
        ("what happened on 5 May 2023 at 10:30pm, the 3rd time?", ()),
        ("I'm well-known, e.g. here and/or there", ()),
        ("", ()),
    ],
)
def test_what_is_a_code(text: str, expected: tuple[str, ...]) -> None:
    """Figures with signs or letters, long numbers, handles, files, accented words, emoji; not words, days and years."""
    assert codes(text) == expected


@pytest.mark.parametrize(
    ("code", "text", "whole"),
    [
        ("4.0.2", "It runs on 4.0.2.", True),
        ("4.0.2", "It runs on 14.0.2 and 4.0.21.", False),
        ("4.0.2", "我们用4.0.2版", True),
        ("8841", "#8841 was closed", True),
        ("8841", "#88412 was closed", False),
        ("12,750", "12750 euros", True),
        ("RFC-2119", "see rfc-2119", True),
        ("C#", "I write C++", False),
        ("🦊", "🦊🦊", True),
    ],
)
def test_a_code_is_held_whole(code: str, text: str, whole: bool) -> None:
    """In whatever case, with or without separators of thousands, but never as a part of a longer one."""
    assert held(codes(code), text) == float(whole)


@given(st.text(max_size=60))
def test_a_text_holds_its_own_codes(text: str) -> None:
    """Whatever is found in a text is found in it again, decomposed or not; and in nothing is nothing."""
    wanted = codes(text)
    assert held(wanted, text) == held(wanted, unicodedata.normalize("NFC", text))
    assert held(wanted, "") == 0.0


@given(st.text(string.digits + ".-", min_size=5, max_size=12).filter(lambda t: t[0].isdigit() and t[-1].isdigit()))
def test_a_code_in_a_sentence_is_its_own(code: str) -> None:
    """In the middle of a sentence, at its end, in brackets."""
    wanted = codes(f"x{code}")
    assert all(held(wanted, text.format(f"x{code}")) == 1.0 for text in ("Use {} now.", "Use {}.", "({})"))


def test_codes_are_terms_of_the_index() -> None:
    """So that a large memory brings the turn in at all; a word alone adds nothing."""
    assert "2.7.18" in index_stems("user: on 2.7.18 here")
    assert index_stems("user: nothing special") == ["user", "noth", "special"]


@pytest.mark.parametrize(
    ("right", "rival", "question"),
    [
        ("Host 172.16.0.31 serves mail.", "Host 172.16.0.13 serves files.", "what about 172.16.0.31?"),
        ("Release 5.0.7 is in testing.", "Release 5.7.0 is in production.", "what did I say about 5.0.7"),
        ("Parcel #90218 came back.", "Parcel #90281 was sent.", "#90218"),
        ("The code of the garage is 4482.", "The code of the house is 4428.", "4482?"),
        ("I met Zoé at the market.", "Zoe from the bank called.", "who is Zoé?"),
        ("Ping @maria_k about it.", "Ping @maria_h about it.", "@maria_k"),
        ("I 🦊 you", "I 🦉 you", "🦊"),
        ("部署的版本是3.4.1。", "部署的版本是3.1.4。", "3.4.1"),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_the_turn_that_has_the_code_comes_first(
    memory: AgentMemory, right: str, rival: str, question: str, order: int
) -> None:
    """Beside one that differs in a figure, an accent or a sign, whichever was told first."""
    fill = ["I bought bread.", "The train was late.", "We had pasta.", "My meeting was moved."]
    for n, text in enumerate([*fill, *[right, rival][::order]]):
        memory.append("s", "user", text, at=1_700_000_000.0 + 3_600 * n)
    assert memory.recall(question, k=1)[0].turn.text == right


def test_without_a_code_nothing_is_exact(memory: AgentMemory) -> None:
    """A plain question gains nobody anything."""
    memory.append("s", "user", "Release 5.0.7 is in testing.", at=1_700_000_000.0)
    assert "exact" not in memory.recall("which release is in testing?")[0].parts
