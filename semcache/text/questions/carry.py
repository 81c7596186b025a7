"""Completing a follow-up without a language model: the previous question's subject is carried into it (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from semcache.text.patterns import any_of
from semcache.text.questions.corrections import meant
from semcache.text.questions.followups import AUX, PREPOSITIONS, WH, leans_back, plain
from semcache.text.questions.phrases import VERBS, Phrase, is_determiner, is_name, phrases, subject_of

_CATEGORIES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"black|white|grey|gray|red|blue|green|yellow|orange|purple|pink|brown|silver|gold|beige|turquoise",
        r"\d+(?:[.,]\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|fifty|hundred",
        r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weekdays?|weekends?|public holidays?|holidays?",
        r"january|february|march|april|june|july|august|september|october|november|december",
        r"spring|summer|autumn|fall|winter",
        r"today|tonight|tomorrow(?: morning| evening)?|yesterday",
        r"small|medium|large|tiny|big|extra large|xs|xl|xxl",
        r"adults?|children|kids|students?|seniors?|pensioners?|teenagers?|babies|infants|couples?|families|groups?",
        r"bus|train|car|plane|bike|bicycle|ferry|tram|taxi|foot|metro|subway",
        r"cash|card|paypal|invoice|cheque|bank transfer|credit card|debit card",
    )
)
_HOOK = re.compile(
    r"^(?:(?:ok(?:ay)?|so|well|right|yes|no|thanks|cool|great)[,.! ]+)*(?:(?:and|but|or|also|then)\s+)*"
    r"(?:(?:what|how) about\s+|(?:the )?same(?: question| thing)?(?:,? (?:for|with))?\s+(?=\w))?",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?<=[\w,] )(?:the )?[A-Z][\w'-]*(?: (?:[A-Z][\w'-]*|\w*\d\w*))*")
_TAIL = re.compile(r",?\s+(?:instead|as well|too|either|then|though|also|please)\s*$", re.IGNORECASE)
_ONE = re.compile(r"\bones?\b(?=\s*$|\s+(?:is|are|has|have|do|does|costs?|can|in|with|without|for)\b)", re.IGNORECASE)
_OWNER = re.compile(r"\b(?:its|their|theirs|his|hers|her(?=\s+\w))\b", re.IGNORECASE)
_THING = re.compile(r"\b(?:it|they|them|those|these|this|that|he|him|she|her|there)\b", re.IGNORECASE)
_TOPIC = re.compile(
    r"^(?:the |a |your |our )?[\w -]+, (?:is|are|does|do|can|has|have|will) (?:it|they)\b", re.IGNORECASE
)
_NAMES_NOTHING = any_of(
    r"(?:please )?(?:tell|show|give|explain|elaborate|clarify|repeat|go|continue|in (?:other|simple|plain)|more)\b",
    start=True,
)
_CODE = re.compile(r"\b(?=\w*[A-Za-z])(?=\w*\d)\w+\b")
_CONDITIONS = frozenset("if when because unless while".split())


def standalone(question: str, previous: str) -> str:
    """The question as it can be understood alone; unchanged if it already is, or if nothing came before.

    `previous` must itself stand alone: `fold` a session's questions, oldest first.
    """
    text, before = _trim(question), _trim(previous)
    if not before or not (leans_back(question) or _swap_category(before, text)):
        return question
    instead = meant(text)
    hooked = _TAIL.sub("", _HOOK.sub("", instead or text, count=1)) or text
    if instead and (corrected := _corrected(before, hooked)):
        return _sentence(corrected)
    if hooked.split(maxsplit=1)[0].lower() in _CONDITIONS:
        return _sentence(f"{before} {_with_one(hooked, before)}")
    if _is_clause(hooked):
        return _sentence(_with_subject(hooked, before))
    if _names_nothing(hooked):
        return _sentence(f"{hooked}: {before}")
    return _sentence(_substituted(before, hooked))


def fold(questions: Sequence[str]) -> str:
    """The last of a session's questions, made standalone through all before it."""
    carried = ""
    for question in questions:
        carried = standalone(question, carried)
    return carried


def _trim(text: str) -> str:
    return plain(text).rstrip("?!. ")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}?"


def _is_clause(text: str) -> bool:
    """Whether it has a verb of its own: an auxiliary, or a wh-word with something to stand for the subject."""
    lowered = [word.lower() for word in re.findall(r"[\w']+", text)]
    asks = bool(lowered) and lowered[0] in WH and (len(lowered) > 3 or bool(_THING.search(text)))
    return bool(set(lowered[:4]) & AUX) or asks


def _names_nothing(text: str) -> bool:
    """`why not`, `tell me more`, `in other words`."""
    return _NAMES_NOTHING.match(text) is not None or bool(set(re.findall(r"[\w']+", text.lower())) & WH)


def _with_subject(text: str, before: str) -> str:
    """Pronouns and `one` replaced by the previous subject; in brackets at the end where there is no place for it."""
    found = subject_of(before)
    name = found.text if found else before
    if _ONE.search(text) and found:
        return _with_one(text, before)
    if _TOPIC.match(text):
        return f"{text} ({name})"  # `the C2, is it lighter`: the pronoun means what the follow-up itself names
    if _OWNER.search(text):
        return _OWNER.sub(lambda _: f"{name}'s", text, count=1)
    return _THING.sub(lambda _: name, text, count=1) if _THING.search(text) else f"{text} ({name})"


def _with_one(text: str, before: str) -> str:
    """`the small one` -> `the small tent`."""
    found = subject_of(before)
    return _ONE.sub(lambda _: found.head if found else "one", text, count=1)


def _substituted(before: str, fragment: str) -> str:
    """The previous question with the fragment in the place of what it replaces."""
    swapped = _swap_after_preposition(before, fragment) or _swap_category(before, fragment)
    if swapped:
        return swapped
    if fragment.split(maxsplit=1)[0].lower() in PREPOSITIONS:
        return f"{before} {fragment}"
    return _swap_name(before, fragment) or _swap_phrase(before, fragment)


def _corrected(before: str, meant: str) -> str:
    """The last name of a question replaced by the one that was meant, in whatever letters; empty if it names nothing.

    `the Birch room` is replaced by `the oak room` as a whole.
    """
    *_, name = (None, *_NAMED.finditer(before))
    if name is None:
        return ""
    head, rest = _head(meant), before[name.end() :]
    if rest.lower().startswith(f" {head}"):
        rest = rest[len(head) + 1 :]
    article = "the " if name[0].startswith("the ") and not is_determiner(meant.split(maxsplit=1)[0]) else ""
    return f"{before[: name.start()]}{article}{meant}{rest}"


def _swap_category(before: str, fragment: str) -> str:
    """A colour for a colour, a weekday for a weekday; empty where the fragment is nothing of the kind."""
    for category in _CATEGORIES:
        new = re.fullmatch(rf"(?:(?:the|for|on|in|by|with) )*({category.pattern})(?: ones?)?", fragment, re.IGNORECASE)
        old = re.search(rf"\b(?:{category.pattern})\b", before, re.IGNORECASE)
        if new and old:
            return before[: old.start()] + new[1] + before[old.end() :]
    return ""


def _swap_after_preposition(before: str, fragment: str) -> str:
    """`to Sweden` for `to Norway`, `after 60 days` for `within 30 days`."""
    first = fragment.split(maxsplit=1)[0].lower()
    if first not in PREPOSITIONS:
        return ""
    ends = "|".join(sorted(PREPOSITIONS | VERBS))
    pattern = rf"\b(?P<first>{'|'.join(sorted(PREPOSITIONS))})\s+(?:(?!(?:{ends})\b)[\w'€$-]+\s*)+"
    old: re.Match[str] | None = None
    for found in re.finditer(pattern, before, re.IGNORECASE):
        if found["first"].lower() == first or _head(found[0]) == _head(fragment):
            old = found
    return " ".join(f"{before[: old.start()]}{fragment} {before[old.end() :]}".split()) if old else ""


def _swap_name(before: str, fragment: str) -> str:
    """A name for a code among key words (`c3 range`, `the Badger`), or for the last word of a name."""
    if not is_name(fragment):
        return ""
    bare = fragment.split(maxsplit=1)[-1] if is_determiner(fragment.split(maxsplit=1)[0]) else fragment
    main, code = subject_of(before), _CODE.search(before)
    if code and not any(phrase.determined and phrase.start <= code.start() < phrase.end for phrase in phrases(before)):
        return before[: code.start()] + bare + before[code.end() :]
    if _ONE.search(bare) and main and " " in main.text and main.head[0].isupper():
        return before[: main.end - len(main.head)] + _ONE.sub("", bare).strip() + before[main.end :]
    return ""


def _swap_phrase(before: str, fragment: str) -> str:
    """The fragment instead of the noun phrase that is most like it."""
    candidates = phrases(before)
    if not candidates:
        return f"{before}: {fragment}"
    main, new = subject_of(before), _with_one(fragment, before)
    old = max(candidates, key=lambda phrase: (_likeness(phrase, new, main), phrase.start))
    if (
        old.determined
        and not is_determiner(new.split(maxsplit=1)[0])
        and not new[0].isupper()
        and old.head == _head(new)
    ):
        new = f"{old.text.split(maxsplit=1)[0]} {new}"
    return before[: old.start] + new + before[old.end :]


def _likeness(phrase: Phrase, new: str, main: Phrase | None) -> float:
    """How probably a phrase is what the new one stands in contrast to."""
    return (
        3.0 * (phrase.head.lower() == _head(new))
        + 1.0 * (phrase.text[0].isupper() == new[0].isupper())
        + 1.0 * (phrase.determined == is_determiner(new.split(maxsplit=1)[0]))
        + 0.5 * (phrase.head.endswith("s") == new.endswith("s"))
        + 0.75 * (phrase == main)
    )


def _head(text: str) -> str:
    return text.rsplit(maxsplit=1)[-1].lower()
