"""What is read from one text, once: words, stems, figures, signs, negation, names, what it asks for, who does what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from cachetools import LRUCache, cached

from semcache.forking import leaf_lock
from semcache.text.asking import asks_for, question_word
from semcache.text.entities import names
from semcache.text.facts import Facts, facts
from semcache.text.negation import Negation, negation
from semcache.text.order import Roles, roles
from semcache.text.signs import Signs, signs
from semcache.text.tokens import verbatim
from semcache.text.words import STOP_WORDS, root, words


@dataclass(frozen=True, slots=True)
class Text:
    """A text as evidence. Stems are Snowball's; `sequence` holds the content stems in order."""

    raw: str
    words: tuple[str, ...]
    form: str
    stems: tuple[str, ...]
    bag: frozenset[str]
    sequence: tuple[str, ...]
    content: frozenset[str]
    bigrams: frozenset[tuple[str, str]]
    facts: Facts
    negation: Negation
    names: frozenset[str]
    question: str
    asks: str
    roles: Roles
    signs: Signs

    @classmethod
    def of(cls, raw: str) -> Text:
        """Some 50 us for a question of 12 words."""
        raw = verbatim(raw)
        found = words(raw)
        stems = tuple([root(word) for word in found])
        bag = frozenset(stems)
        sequence = tuple([root for word, root in zip(found, stems, strict=True) if word not in STOP_WORDS])
        return cls(
            raw,
            tuple(found),
            " ".join(found),
            stems,
            bag,
            sequence,
            frozenset(sequence),
            frozenset(pairwise(stems)),
            facts(found),
            negation(found),
            names(raw) & bag,
            question_word(found),
            asks_for(found),
            roles(found),
            signs(raw),
        )


def text_bytes(text: Text) -> int:
    """What a text that was read takes in the process, bytes: 25 to 50 a character, and 1,000 (measured)."""
    return 1_000 + 50 * len(text.raw)


def reader(max_bytes: int) -> Callable[[str], Text]:
    """`Text.of` that remembers the texts it read last, in `max_bytes` of memory."""
    known: LRUCache[str, Text] = LRUCache(max_bytes, getsizeof=text_bytes)
    return cached(known, lock=leaf_lock())(Text.of)
