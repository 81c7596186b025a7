"""What a turn tells about its user: claims, read by rules, offline (pure).

A turn is cut into clauses; questions, quotations, suppositions and jokes are left out; each clause in the first person
is read by its verb ("we sold ..."), by what is said to be ("I am ...") or by what is owned ("my ... is ...").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from semcache.memory.facts.being import being, names_after
from semcache.memory.facts.clauses import Clause, may_tell, meant
from semcache.memory.facts.contact import contacts
from semcache.memory.facts.lexicon import KIN, NO_NAMES
from semcache.memory.facts.patterns import Pattern, either
from semcache.memory.facts.possessed import possessed
from semcache.memory.facts.reading import Possessed, Said, read
from semcache.memory.facts.types import ANY, Change, Claim
from semcache.memory.facts.values import hails_from, key, name, several, thing
from semcache.memory.facts.verbs import HANDLERS

MOST_CLAIMS = 32
MOST_CHARS = 20_000
_HERE = Pattern(
    r"^\W*(?i:(?:hi+|hello|hey+|hiya|there|all|everyone|good (?:morning|evening|afternoon|day)|morning|bonjour|hola"
    r"|it's|its|this is|here is|it is|and|so|ok|yo)[,!.\s]+)*"
    r"(?P<name>[A-ZÀ-Þ][\w'-]+)\s+(?:(?P<here>here|again)\b|(?P<from>from|in)\s+(?P<place>[A-ZÀ-Þ].*))",
    cased=True,
)
_CALL_ME = Pattern(
    r"^\W*(?:(?:please|just|you can|everyone can|but|so|ok|hi)[,\s]+)*call me\s+(?!(?:back|when"
    r"|at|on|if|later|tomorrow|crazy|an?|old|again|whatever|anytime)\b)(?P<name>.+)"
)
_NOT_BUT = Pattern(
    r"^\W*(?:(?:no|nope|wait|no wait|sorry|actually|correction|oops|hang on|hmm|oh|and|but|well"
    r"|hold on|scratch that|my bad|my mistake|pardon|ah)[,.!:;\s]+)*"
    r"(?:(?:it'?s|it is|that'?s|that is|(?:i|we) (?:meant|mean|am|'m)|i'?m|make (?:it|that)|should"
    r" be|they are|they're|he'?s|she'?s|is)\s+)+(?P<new>[\w.'@+-]+(?:\s+[\w.'-]+){0,3}?)"
    r",?\s+(?:and\s+)?not\s+(?P<old>[\w.'@+-]+(?:\s+[\w.'-]+){0,3}?)\W*$"
)
_NOT = Pattern(
    r"^\W*(?:(?:no|nope|wait|sorry|actually|correction|oops|my bad|my mistake)[,.!:;\s]+)+"
    r"not\s+(?P<old>[\w.'@+-]+(?:\s+[\w.'-]+){0,3}?)\W*$"
)
_MEANT = Pattern(
    r"^\W*(?:(?:i|we) (?:meant|mean)|it'?s|make (?:it|that)|but)\s+(?P<new>[\w.'@+-]+(?:\s+[\w.'-]+){0,3}?)\W*$"
)
_CANCELLED = Pattern(
    r"^\W*(?:(?:the|our|that)\s+)?(?P<what>[A-ZÀ-Þ]?[\w' -]{2,40}?)\s+(?:is|was|got|has been)\s+(?:now\s+)?"
    r"(?:cancelled|canceled|called off|off)(?=\W|$)"
)
_NOT_FAN = Pattern(
    r"^\W*(?:(?:i'?m|am|really|definitely)\s+)?(?P<not>not\s+)?(?:really\s+|exactly\s+)?(?:(?:a"
    r"|big|huge|much of a)\s+)*(?:fan of|into|keen on|crazy about)\s+(?P<what>.+)"
)
_NOT_MY = Pattern(
    r"^\W*(?P<what>[\w' -]{2,40}?)\s+(?:is|are)(?:n't| not)\s+(?:really\s+)?(?:my (?:thing|cup"
    r" of tea|taste|favou?rite|style)|for me)\b"
)
_MY_THING = Pattern(
    r"^\W*(?P<what>[\w' -]{2,40}?)\s+(?:is|are)\s+(?:really\s+)?my (?:thing|favou?rite|passion"
    r"|jam)\W*$"
)
_THEY = Pattern(
    r"^\W*(?P<who>she|he|it|they|her name|his name|their names?)(?:(?P<is>'s|'re| is| are| was)\s+(?:called\s+"
    r"|named\s+)?|\s+(?P<verb>lives|works)\s+)(?P<rest>.+)"
)
_RENAMED = Pattern(r"^\W*(?i:it's|its|it is|to|now)\s+(?:now\s+)?(?P<name>.+)", cased=True)
_TITLES = Pattern(r"^(?:the|this|that|those|these|your|what|no|my|order|delivery|shop|bike|app|site|website)\b")
_WITH = Pattern(
    rf"\b(?:with|and|w/)\s+(?:my|our)\s+(?P<who>(?:(?:two|three|four|little|older|younger)\s+)?(?:{either(KIN)})\b)"
    rf"(?P<names>.{{0,60}})"
)


def extract(text: str, *, at: float) -> tuple[Claim, ...]:
    """The claims of a user's turn, in order; `at`: when it was said, seconds since the epoch."""
    found: dict[tuple[str, str, str, bool], Claim] = {}
    for claim in _claims(text, at):
        same = (claim.subject, claim.attribute, key(claim.value), claim.holds)
        found.setdefault(same, claim)
    return _corrected(tuple(found.values()))[:MOST_CLAIMS]


def tells_any(text: str, *, at: float) -> bool:
    """Whether `extract` finds any claim: the text is read up to the first one only."""
    return next(_claims(text, at), None) is not None


def _claims(text: str, at: float) -> Iterator[Claim]:
    text = text[:MOST_CHARS]
    if not may_tell(text):
        yield from contacts(text) if "@" in text else ()
        return
    text = text.replace("’", "'")
    yield from contacts(text)
    last: Claim | None = None
    before = ""
    for clause in meant(text):
        told = list(_of_clause(clause, text, at))
        renamed = _RENAMED.match(clause.text) if "name" in before and re.search(r"\bname\W*$", before) else None
        if renamed and name(renamed["name"], sure=False):
            told = [
                Claim(
                    "name", name(renamed["name"], sure=False), start=clause.start, end=clause.start + len(clause.text)
                )
            ]
        taken_back = _NOT.match(before) if "not" in before.lower() else None
        meant_now = _MEANT.match(clause.text) if taken_back else None
        if taken_back and meant_now:
            told = [_correction(clause, meant_now["new"], taken_back["old"])]
        before = clause.text
        if not told and last is not None:
            told = list(_of_pronoun(clause, last))
        told += _with_kin(clause)
        for claim in told:
            yield claim
            if claim.attribute in ("family", "pet"):
                last = claim


def _of_clause(clause: Clause, text: str, at: float) -> Iterator[Claim]:
    start, end = clause.start, clause.start + len(clause.text)
    lower = clause.text.lower()  # what a rule cannot do without is looked for first: most clauses have none of it
    correction = _NOT_BUT.match(clause.text) if "not" in lower else None
    if correction:
        yield _correction(clause, correction["new"], correction["old"])
        return
    called = _CALL_ME.match(clause.text) if "call me" in lower else None
    if called:
        value = name(called["name"], sure=True)
        if value:
            yield Claim("name", value, confidence=0.85, start=start, end=end)
        return
    said = read(clause, text, at)
    if isinstance(said, Possessed):
        yield from possessed(said)
    elif isinstance(said, Said):
        yield from being(said) if said.verb == "be" else _by_verb(said)
    else:
        yield from _bare(clause, said, start, end)


def _correction(clause: Clause, new: str, old: str) -> Claim:
    end = clause.start + len(clause.text)
    return Claim(ANY, new.strip(), change=Change.CORRECTS, replaced=old.strip(), start=clause.start, end=end)


def _by_verb(said: Said) -> Iterator[Claim]:
    handler = HANDLERS.get(said.verb)
    if handler:
        yield from handler(said)


def _bare(clause: Clause, body: str, start: int, end: int) -> Iterator[Claim]:
    """Clauses without a subject in the first person."""
    here = _HERE.match(clause.text)
    if here and here["name"].lower() not in NO_NAMES and not _TITLES.match(here["name"]):
        yield Claim("name", here["name"], confidence=0.7, start=start, end=end)
        where = hails_from(here["place"], clause.text) if here["from"] else ""
        if where:
            yield Claim("home", where, confidence=0.6, start=start, end=end)
        return
    lower = body.lower()
    mine, denied = "my" in lower or "for me" in lower, "not" in lower
    disliked = _NOT_MY.match(body) if mine else None
    if not disliked and denied and re.match(r"\W*not\b", body, re.IGNORECASE):
        disliked = _NOT_FAN.match(body)
    if disliked:
        for value in several(disliked["what"]):
            yield Claim("preference", value, holds=False, start=start, end=end)
        return
    liked = _MY_THING.match(body) if mine else None
    if liked and not re.match(r"(?:this|that|it|which|blue|red|green)\b", liked["what"], re.IGNORECASE):
        yield Claim("preference", thing(liked["what"]), start=start, end=end)
        return
    ended = _CANCELLED.match(body) if "cancel" in lower or "off" in lower else None
    if ended and not re.match(
        r"(?:order|account|subscription|my order|it|that|this|payment|delivery|motor|display|light"
        r"|app|power|alarm|phone|everything)\b",
        ended["what"],
        re.IGNORECASE,
    ):
        yield Claim("plan", thing(ended["what"]), change=Change.ENDS, start=start, end=end)


def _of_pronoun(clause: Clause, last: Claim) -> Iterator[Claim]:
    """ "We have a daughter, her name is Juno": what follows about whom was just named."""
    found = _THEY.match(clause.text)
    if not found or last.change is not Change.ASSERTS or any(word[0].isupper() for word in last.value.split()):
        return
    if found["who"].lower() in ("her name", "his name", "their name", "their names") or re.match(
        r"called|named", clause.text[found.start("is") :].strip("'s ire")
    ):
        names = names_after(" " + found["rest"]) or name(found["rest"], sure=True)
        if names:
            yield replace(last, value=f"{last.value} {names}", start=clause.start, end=clause.start + len(clause.text))


def _with_kin(clause: Clause) -> list[Claim]:
    """Relatives named in passing: "with my husband Ron"."""
    found: list[Claim] = []
    lower = clause.text.lower()
    if "my" not in lower and "our" not in lower:
        return found
    for mention in _WITH.finditer(clause.text):
        names = names_after(mention["names"]) or _lower_names(mention["who"], mention["names"])
        if names:
            found.append(
                Claim(
                    "family",
                    f"{mention['who'].lower()} {names}",
                    confidence=0.75,
                    start=clause.start,
                    end=clause.start + len(clause.text),
                )
            )
    return found


def _lower_names(who: str, text: str) -> str:
    several_ = re.match(r"\s+(?P<names>[a-z]\w+ and [a-z]\w+)(?=\W|$)", text)
    return several_["names"] if several_ and who.lower().endswith("s") else ""


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
