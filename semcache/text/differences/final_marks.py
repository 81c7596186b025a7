"""The marks that end a text: which of them tell nothing, and the ordinary words that they stand behind (pure)."""

from __future__ import annotations

import re
from functools import cache

from semcache.text.characters import is_caseless, marks

APOSTROPHE = "'’ʼ"
HYPHEN = "-‐‑"
FINAL = "?!.…？！。؟।۔"
_WITHIN = FINAL + ",;،؛，；、"
_LATE_MARK = re.compile("[?!？！؟]+")
_ASKING_MARKS, _STOPS = frozenset("?？؟"), frozenset(".…。।۔")
#: An English question begins with one of these; behind another text a question mark may belong to its last word.
QUESTION_WORDS = frozenset(
    "what how why where when who whom whose which is are am was were do does did can could may might must shall should "
    "will would has have had whats hows wheres isnt arent dont doesnt didnt cant couldnt wont".split()
)


def endings_agree(one: str, other: str, *, asks: bool) -> bool:
    """Whether final marks tell nothing: a full stop or none; a question mark or none, where both texts ask (`asks`)."""
    if one == other:
        return True
    if one and other:
        return False
    return (one or other) == "." or (asks and "?" in (one, other))


def ending_of(text: str) -> str:
    """The kind of the marks that are left out of the parts: "?", "." or the marks themselves."""
    left = text[len(without_final_mark(text)) :].strip()
    marks = set(left)
    if marks and marks & _ASKING_MARKS and marks <= _ASKING_MARKS | set("!！"):
        return "?"
    return "." if marks and marks <= _STOPS else left


def without_final_mark(text: str) -> str:
    """The text without the marks that end it, if an ordinary word stands before them."""
    bare = text.rstrip(FINAL)
    if bare[-1:].isspace():
        if not _LATE_MARK.fullmatch(text[len(bare) :]):
            return text
        bare = bare.rstrip()
    word = bare.rsplit(None, 1)[-1] if bare else ""
    if is_caseless(word[-1:] or " ") or (len(word) > 1 and ordinary_word().fullmatch(word)):
        return bare
    return text


@cache
def ordinary_word() -> re.Pattern[str]:
    """Letters with their marks, hyphens and apostrophes among them, and the punctuation of a sentence around them."""
    letters = rf"[^\W\d_](?:[^\W\d_]|[{marks()}])*"
    return re.compile(rf"([¿¡]*)({letters}(?:[{HYPHEN}{APOSTROPHE}]{letters})*)([{_WITHIN}]*)")
