"""Whether a text is English, told by its most common words; where it is not sure, it says no."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

#: Common words that no other language writes so.
_TELLING = frozenset(
    "the how what which does you your yours when where why who whose with would could should this that these those "
    "there they their from please about been being doesn isn couldn wouldn".split()
)
_VERBS = frozenset(
    "can do did may will must shall am is was are were have had has don won want need get got lost forgot like know m "
    "ve ll".split()
)
_SUBJECTS = frozenset("i we he she it you my our his her".split())
#: Words that serve grammar alone, in any letters the same words.
FUNCTION_WORDS = _TELLING | _VERBS | _SUBJECTS | frozenset(
    "a an and or but not no if of in on at to for by as so than then be me him them us its into out off up down over "
    "under after before while because until since between too also just only again more most some any all both each "
    "other such own same very here now once yes doing done having get got need want know tell".split()
)  # fmt: skip


def is_english(words: Sequence[str]) -> bool:
    """Whether lower-case words are English: a telling word, or a verb beside its subject ("can i", "is it")."""
    if not _TELLING.isdisjoint(words):
        return True
    return any(
        (one in _VERBS and other in _SUBJECTS) or (one in _SUBJECTS and other in _VERBS)
        for one, other in pairwise(words)
    )
