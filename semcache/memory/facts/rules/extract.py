"""What a turn tells about its user: claims, read by rules, offline (pure).

Lists of "key: value" are read as such. Of the rest only the user's own words count (`own_words`), without questions,
quotations, suppositions and jokes (`clauses`); each clause in the first person is read by its verb ("we sold ..."), by
what is said to be ("I am ...") or by what is owned ("my ... is ..."). An end or a correction needs explicit words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from semcache.memory.facts.rules.being import being
from semcache.memory.facts.rules.clauses import Clause, may_tell, meant
from semcache.memory.facts.rules.contact import contacts
from semcache.memory.facts.rules.lexicon import DIETS, KIN
from semcache.memory.facts.rules.listed import claims_listed, listed
from semcache.memory.facts.rules.nouns import calling, names_after
from semcache.memory.facts.rules.own_words import own_words
from semcache.memory.facts.rules.possessed import possessed
from semcache.memory.facts.rules.reading import Possessed, read
from semcache.memory.facts.rules.values import key, name
from semcache.memory.facts.rules.verbs import HANDLERS
from semcache.memory.facts.types import ANY, Change, Claim
from semcache.text.patterns import Pattern, either

MOST_CLAIMS = 32
MOST_CHARS = 20_000
_CALL_ME = Pattern(
    r"^\W*(?:(?:please|just|you can|everyone can|but|so|ok|hi)[,\s]+)*call me\s+(?!(?:back|when|at|on|if|later|tomorrow"
    r"|crazy|an?|old|again|whatever|anytime|the|to|for|in|now|maybe|today|tonight|asap|stupid)\b)(?P<name>.+)"
)
_VALUE = r"[\w.'@+-]+(?:\s+[\w.'-]+){0,3}?"
_TAKES_BACK = (
    r"(?:no|nope|wait|no wait|sorry|actually|correction|oops|hang on|hold on|scratch that|my bad|my mistake|pardon)"
)
_SAYS = (
    r"(?:it'?s|it is|that'?s|that is|(?:i|we) (?:meant|mean|am|'m)|i'?m|make (?:it|that)|should be|they are"
    r"|they're|he'?s|she'?s)"
)
_NOT_BUT = Pattern(
    rf"^\W*(?:(?P<lead>{_TAKES_BACK})[,.!:;\s]+|(?:hmm|oh|and|but|well|ah)[,.!:;\s]+)*"
    rf"(?:{_SAYS}\s+)+(?P<new>{_VALUE})(?P<comma>,)?\s+(?:and\s+)?not\s+(?P<old>{_VALUE})\W*$"
)
_DIED = Pattern(
    r"^\W*(?:sadly\W+)?(?P<who>[A-ZÀ-Þ][\w'-]+)\s+(?i:(?:has\s+|just\s+|sadly\s+)*(?:died|passed away|was put down))\b",
    cased=True,
)
_AS_A = Pattern(r"^\W*(?:(?:and|but|so|well|also|speaking)\s+)?as an? (?P<what>.+)")
_I = Pattern(r"[\s,]*i\b(?!'d)")
_DIET = Pattern(rf"(?:strict\s+)?(?:{DIETS})\b")
_WITH = Pattern(
    rf"\b(?:with|and|w/|for|to|from|by)\s+(?:my|our)\s+(?P<who>(?:(?:two|three|four|little|older|younger)\s+)?(?:{either(KIN)})\b)"
    rf"(?P<names>.{{0,60}})"
)


def extract(text: str, *, at: float) -> tuple[Claim, ...]:
    """The claims of a user's turn, in order; `at`: when it was said, seconds since the epoch."""
    found: dict[tuple[str, str, str, bool], Claim] = {}
    for claim in _claims(text, at):
        same = (claim.subject, claim.attribute, key(claim.value), claim.holds)
        found.setdefault(same, claim)
    return _corrected(tuple(found.values()))[:MOST_CLAIMS]


@lru_cache(maxsize=32_768)
def claims_of(text: str, at: float) -> tuple[Claim, ...]:
    """What a text says of its author, remembered: a write asks whether it tells anything, and then what."""
    return extract(text, at=at)


def _claims(text: str, at: float) -> Iterator[Claim]:
    text = text[:MOST_CHARS].replace("’", "'")
    if not may_tell(text):
        yield from contacts(text) if "@" in text else ()
        return
    items = listed(text)
    yield from claims_listed(items)
    text = own_words(text, listed=[(item.start, item.end) for item in items])
    for item in items:  # read already
        text = text[: item.start] + " " * (item.end - item.start) + text[item.end :]
    yield from contacts(text)
    for clause in meant(text):
        told = [*_of_clause(clause, text, at), *_with_kin(clause)]
        yield from _revoked(told) if clause.revoked else told


def _revoked(told: list[Claim]) -> Iterator[Claim]:
    """ "It is not true that I ...", "forget that I ...": ends what is known, and makes nothing known."""
    for claim in told:
        if claim.change is Change.ASSERTS and claim.holds:
            yield replace(claim, change=Change.ENDS, since=None, until=None, confidence=0.6)


def _of_clause(clause: Clause, text: str, at: float) -> Iterator[Claim]:
    start, end = clause.start, clause.start + len(clause.text)
    lower = clause.text.lower()  # what a rule cannot do without is looked for first: most clauses have none of it
    correction = _NOT_BUT.match(clause.text) if "not" in lower else None
    if correction and (correction["lead"] or correction["comma"] or any(c.isdigit() for c in correction["old"])):
        yield _correction(clause, correction["new"], correction["old"])
        return
    called = _CALL_ME.match(clause.text) if "call me" in lower else None
    if called:
        value = name(called["name"], sure=True)
        yield from [Claim("name", value, confidence=0.85, start=start, end=end)] if value else []
        return
    died = _DIED.match(clause.text)
    if died:  # of an animal that is known by this name
        yield Claim("pet", died["who"], change=Change.ENDS, confidence=0.6, start=start, end=end)
        return
    as_a = _AS_A.match(clause.text)
    if as_a and _I.match(text, end):
        diet = _DIET.match(as_a["what"])
        attribute, value = ("diet", diet[0].lower()) if diet else ("occupation", calling(as_a["what"]))
        yield from [Claim(attribute, value, confidence=0.75, start=start, end=end)] if value else []
        return
    said = read(clause, text, at)
    if isinstance(said, Possessed):
        yield from possessed(said)
    elif said and said.verb == "be":
        yield from being(said)
    elif said and said.verb in HANDLERS:
        yield from HANDLERS[said.verb](said)


def _correction(clause: Clause, new: str, old: str) -> Claim:
    end = clause.start + len(clause.text)
    return Claim(ANY, new.strip(), change=Change.CORRECTS, replaced=old.strip(), start=clause.start, end=end)


def _with_kin(clause: Clause) -> Iterator[Claim]:
    """Relatives named in passing: "with my husband Ron"."""
    lower = clause.text.lower()
    if "my" not in lower and "our" not in lower:
        return
    for mention in _WITH.finditer(clause.text):
        names = names_after(mention["names"])
        if names:
            value = f"{mention['who'].lower()} {names}"
            end = clause.start + len(clause.text)
            yield Claim("family", value, confidence=0.75, start=clause.start, end=end)


def _corrected(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    """A correction in the same turn takes what it corrects with it: "I'm 38, no wait, I'm 39, not 38"."""
    kept = list(claims)
    for correction in (claim for claim in claims if claim.attribute == ANY):
        for index, claim in enumerate(kept):
            if claim.attribute != ANY and key(claim.value) == key(correction.replaced):
                kept[index] = replace(claim, value=correction.value)
                kept.remove(correction)
                break
    return tuple(kept)
