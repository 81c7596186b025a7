"""Completing a follow-up without a language model: the previous question's subject is carried into it (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from semcache.text.followups import AUX, DETERMINERS, PREPOSITIONS, WH, is_follow_up, plain

_VERBS = frozenset(
    "cost costs include includes take takes work works have has come comes need needs ship support supports "
    "last arrive "
    "open close start end cover covers charge expire weigh contain offer fit use run get go make mean look "
    "apply deliver "
    "allow accept stand differ happen happens require become begin change stay sell sold made written "
    "called sell return "
    "cancel reset buy order pay bring book send find reach contact park rent see set know live eat play "
    "read write live "
    "die win grow ripen bloom belong provide show return refund exchange track activate install update delete".split()
)
_STOP = (
    AUX
    | WH
    | PREPOSITIONS
    | _VERBS
    | frozenset(
        "i you we it they he she there and or but if when because not n't please also still to that this".split()
    )
)
_POSSESSIVE = {"its", "their", "his", "theirs", "hers"}
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
    r"(?:(?:what|how) about\s+|(?:the )?same (?:question |thing )?(?:for|with)\s+(?=\w))?",
    re.IGNORECASE,
)
_TAIL = re.compile(r",?\s+(?:instead|as well|too|either|then|though|also|please)\s*$", re.IGNORECASE)
_ONE = re.compile(r"\bones?\b(?=\s*$|\s+(?:is|are|has|have|do|does|costs?|can|in|with|without|for)\b)", re.IGNORECASE)
_POINTER = re.compile(
    r"\b(?:(?P<owner>its|their|theirs|his|hers?(?=\s+\w))|(?P<thing>it|they|them|those|these|this|that|he|him"
    r"|she|her|there))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A noun phrase and where it stands in its text."""

    text: str
    start: int
    end: int

    @property
    def head(self) -> str:
        return self.text.split()[-1]


def standalone(question: str, previous: str) -> str:
    """The question as it can be understood alone; unchanged if it already is, or if nothing came before.

    `previous` must itself stand alone: fold it over a session's questions, oldest first.
    """
    text, before = _trim(plain(question)), _trim(plain(previous))
    if not before or not (is_follow_up(question) or _swap_category(before, text)):
        return question
    hooked = _TAIL.sub("", _HOOK.sub("", text, count=1)) or text
    if _is_clause(hooked):
        return _sentence(_with_subject(hooked, before))
    if _is_bare(hooked):
        return f"{_capital(hooked)}: {before}?"
    return _sentence(_substituted(before, hooked))


def fold(questions: Sequence[str]) -> str:
    """The last of a session's questions, made standalone through all before it."""
    carried = ""
    for question in questions:
        carried = standalone(question, carried)
    return carried


def subject(question: str) -> str:
    """The noun phrase a question is about, or the question itself."""
    found = _subject(_trim(plain(question)))
    return found.text if found else _trim(plain(question))


def _trim(text: str) -> str:
    return text.strip().rstrip("?!. ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return f"{_capital(text)}?"


def _is_clause(text: str) -> bool:
    """Whether it has a verb of its own: an auxiliary, or a wh-word with something to stand for the subject."""
    lowered = [word.lower() for word in re.findall(r"[\w']+", text)]
    asks = bool(lowered) and lowered[0] in WH and (len(lowered) > 3 or bool(_POINTER.search(text)))
    return bool(set(lowered[:4]) & AUX) or asks


def _is_bare(text: str) -> bool:
    """Whether it names nothing: `why not`, `tell me more`, `in other words`."""
    lowered = {word.lower() for word in re.findall(r"[\w']+", text)}
    return bool(
        lowered & WH
        or re.match(
            r"(?:please )?(?:tell|show|give|explain|elaborate|clarify|repeat|go|continue|in (?:other|simple"
            r"|plain)|more)\b",
            text,
            re.I,
        )
    )


def _with_subject(text: str, before: str) -> str:
    """Pronouns and `one` replaced by the previous subject; appended in brackets where there is no place for it."""
    found = _subject(before)
    name = found.text if found else before
    if _ONE.search(text) and found:
        return _ONE.sub(found.head, text, count=1)
    replaced = _POINTER.sub(lambda m: f"{name}'s" if m["owner"] else name, text, count=1)
    return replaced if replaced != text else f"{text} ({name})"


def _substituted(before: str, fragment: str) -> str:
    """The previous question with the fragment in the place of what it replaces."""
    by_preposition = _swap_after_preposition(before, fragment)
    if by_preposition:
        return by_preposition
    by_category = _swap_category(before, fragment)
    if by_category:
        return by_category
    if fragment.split(maxsplit=1)[0].lower() in PREPOSITIONS | {"if", "when", "because"}:
        return f"{before} {fragment}"
    return _swap_phrase(before, fragment)


def _swap_category(before: str, fragment: str) -> str | None:
    """A colour for a colour, a weekday for a weekday; None where the fragment is nothing of the kind."""
    for category in _CATEGORIES:
        new = re.fullmatch(rf"(?:(?:the|for|on|in|by|with) )*({category.pattern})(?: ones?)?", fragment, re.IGNORECASE)
        old = re.search(rf"\b(?:{category.pattern})\b", before, re.IGNORECASE)
        if new and old:
            return before[: old.start()] + new[1] + before[old.end() :]
    return None


def _swap_after_preposition(before: str, fragment: str) -> str | None:
    first = fragment.split(maxsplit=1)[0].lower()
    if first not in PREPOSITIONS:
        return None
    ends = "|".join(sorted(PREPOSITIONS | _VERBS))
    pattern = rf"\b(?P<first>{'|'.join(sorted(PREPOSITIONS))})\s+(?:(?!(?:{ends})\b)[\w'€$-]+\s*)+"
    found = [
        m
        for m in re.finditer(pattern, before, re.IGNORECASE)
        if m["first"].lower() == first or _same_end(m[0], fragment)
    ]
    if not found:
        return None
    last = found[-1]
    return " ".join(f"{before[: last.start()]}{fragment} {before[last.end() :]}".split())


def _same_end(a: str, b: str) -> bool:
    return a.rsplit(maxsplit=1)[-1].lower() == b.rsplit(maxsplit=1)[-1].lower()


def _swap_phrase(before: str, fragment: str) -> str:
    """The fragment instead of the noun phrase that is most like it."""
    candidates = _phrases(before)
    if not candidates:
        return f"{before}: {fragment}"
    main = _subject(before)
    new = _ONE.sub(main.head if main else "", fragment).strip() if _ONE.search(fragment) else fragment
    old = max(candidates, key=lambda phrase: (_likeness(phrase, new, main), phrase.start))
    determiner = old.text.split()[0]
    if (
        determiner.lower() in DETERMINERS
        and new.split()[0].lower() not in DETERMINERS
        and not new[0].isupper()
        and old.head == new.split()[-1]
    ):
        new = f"{determiner} {new}"
    return before[: old.start] + new + before[old.end :]


def _likeness(phrase: _Phrase, new: str, main: _Phrase | None) -> float:
    same_head = phrase.head.lower() == new.rsplit(maxsplit=1)[-1].lower()
    both_names = phrase.text[0].isupper() == new[0].isupper()
    both_bare = (phrase.text.split()[0].lower() in DETERMINERS) == (new.split(maxsplit=1)[0].lower() in DETERMINERS)
    both_plural = phrase.head.endswith("s") == new.endswith("s")
    return 3.0 * same_head + 1.0 * both_names + 1.0 * both_bare + 0.5 * both_plural + 0.75 * (phrase == main)


def _subject(text: str) -> _Phrase | None:
    """What follows the auxiliary, else the first phrase after the verb, else the last one with a determiner."""
    candidates = _phrases(text)
    if not candidates:
        return None
    after_aux = re.match(
        r"^(?:[\w']+\s+){0,3}?(?:" + "|".join(sorted(AUX)) + r"|what's|who's|where's)\s+(?=\S)", text, re.IGNORECASE
    )
    if after_aux:
        direct = next((phrase for phrase in candidates if phrase.start == after_aux.end()), None)
        if direct:
            return direct
        later = [phrase for phrase in candidates if phrase.start > after_aux.end()]
        if later:
            return later[0]
    with_determiner = [phrase for phrase in candidates if phrase.text.split()[0].lower() in DETERMINERS]
    return (with_determiner or candidates)[-1 if with_determiner else 0]


def _phrases(text: str) -> list[_Phrase]:
    """Runs of words that are no function words or common verbs, with their determiner."""
    found: list[_Phrase] = []
    start: int | None = None
    end = 0
    for word in [*re.finditer(r"[\w'€$%-]+|[,;:]", text), None]:
        lowered = word[0].lower() if word else ""
        breaks = word is None or lowered in _STOP or not word[0][0].isalnum()
        opens = lowered in DETERMINERS
        if start is not None and (breaks or opens):
            found.append(_Phrase(text[start:end], start, end))
            start = None
        if word and not breaks:
            start = word.start() if start is None else start
            end = word.end()
    return [_name_only(phrase) for phrase in found if phrase.head.lower() not in DETERMINERS]


def _name_only(phrase: _Phrase) -> _Phrase:
    """`the X200 waterproof` -> `the X200`: a name ends with its last capital or digit."""
    found = list(re.finditer(r"\b(?:[A-Z][\w-]*|\w*\d[\w-]*)", phrase.text))
    if (
        not found
        or found[-1].end() == len(phrase.text)
        or not re.match(r"\s+[a-z]+(?:ed|t|of|ble|k)$", phrase.text[found[-1].end() :])
    ):
        return phrase
    return _Phrase(phrase.text[: found[-1].end()], phrase.start, phrase.start + found[-1].end())
