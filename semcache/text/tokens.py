"""Tokens, stems, the forms and the fingerprint of a text, and its sentences."""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from functools import lru_cache

import snowballstemmer

STOP_WORDS = frozenset(
    "a an the is are was were be been do does did i you he she it we they me him her them my your his its our their "
    "to of in on at for and or but with what when where who which how that this have has had as from about by".split()
)
_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n+")
_ABBREVIATION = re.compile(r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|St|No|vs|etc|e\.g|i\.e)\.[\"')\]]*$")
_BREAK = re.compile(r"\s*\n\s*")
_RAISED = re.compile(r"(?<=\d)[²³¹⁰⁴-⁹]")
_STEMMER = snowballstemmer.stemmer("english")
_STEMMING = threading.Lock()  # a Snowball stemmer keeps the word it works on in itself


def tokens(text: str) -> list[str]:
    """Words and numbers, lower case, in order."""
    return _WORD.findall(text.lower().replace("’", "'").replace("'s", ""))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Snowball (Porter 2) stem of one lower-case word."""
    if word.isdecimal():  # a number is its own, and seldom seen twice
        return word
    with _STEMMING:
        return str(_STEMMER.stemWord(word))


def stems(text: str) -> list[str]:
    """Stems of the words that are no stop words, in order, with repetition: the terms of the postings."""
    return [stem(word) for word in tokens(text) if word not in STOP_WORDS]


def normal_form(text: str) -> str:
    """NFKC, lower case, white space folded, closing punctuation dropped: for answers, which read alike then."""
    text = _RAISED.sub(r"^\g<0>", text)  # NFKC makes 102 of 10²
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return folded.rstrip("?!. ") or folded


def verbatim(text: str) -> str:
    """NFC, line ends as "\\n", no outer white space: what is equal now is the same text, letter by letter."""
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()


def fingerprint(text: str) -> str:
    """32 hex digits (BLAKE2b-128) of the text, verbatim."""
    return hashlib.blake2b(verbatim(text).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order; line breaks end one too."""
    return [_BREAK.sub(" ", text[start:end]) for start, end in sentence_spans(text)]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence in the text, without the white space around it."""
    found: list[tuple[int, int]] = []
    edges = [0, *(edge for end in _SENTENCE_END.finditer(text) for edge in end.span()), len(text)]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        piece = text[start:end]
        if not piece.strip():
            continue
        start, end = start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
        if found and _ABBREVIATION.search(text, *found[-1]):
            start = found.pop()[0]
        found.append((start, end))
    return found


def token_count(text: str) -> int:
    """An estimate of LLM tokens, within some 15 % for English: four characters a token, at least one a word."""
    return max(len(text) // 4, len(text.split()))
