"""What "my ... is ..." tells: names, relatives, animals, things, contact, favourites (pure rules)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semcache.memory.facts.lexicon import AILMENTS, BODY, KIN, PETS, RELATIONS, THINGS
from semcache.memory.facts.nouns import calling, condition, employer, names_after
from semcache.memory.facts.patterns import Pattern, either
from semcache.memory.facts.reading import Possessed
from semcache.memory.facts.times import mentions_future
from semcache.memory.facts.types import Change, Claim
from semcache.memory.facts.values import name, place, several, thing

_BE = r"(?:\s*(?:'s|'re)|\s+(?:is|are|was|were|will be|has become|became))"
_RELATION = Pattern(
    rf"(?P<adj>(?:(?:older|younger|little|big|elder|eldest|youngest|oldest|late|new|dear|best"
    rf"|twin|only|middle|ex[- ]|baby|own|grown[- ]up|two|three|four|five|both|of)\s*)*)"
    rf"(?P<head>{'|'.join(sorted((re.escape(r).replace('-', '[- ]') for r in RELATIONS), key=len, reverse=True))})\b"
    rf"(?P<rest>.*)",
    dotall=True,
)
_PET = Pattern(
    rf"(?P<adj>(?:(?!name\b)[\w-]+\s+){{0,2}}?)(?P<head>{either(PETS)})\b"
    rf"(?P<rest>.*)",
    dotall=True,
)
_NAME = Pattern(rf"(?:full |first |last |sur|nick|real |new |given |family )?name{_BE}\s+(?:now\s+)?(?P<value>.+)")
_CHANGED_NAME = Pattern(r"name,?\s+(?:it|that)(?:'s| is)\s+(?P<value>.+)")
_FAVOURITE = Pattern(
    rf"(?:all[- ]time\s+)?fav(?:ou?rites?|e|s)?\s+(?P<what>[\w -]{{2,30}}?)(?:{_BE}|\s+used to be\s.*?\b(?:it's|it is))"
    rf"\s+(?:(?:probably|definitely|still|now)\s+)*(?P<value>.+)"
)
_DATED = Pattern(
    rf"(?P<what>birthday|b-?day|anniversary|wedding(?: anniversary)?|due date|appointment|exam"
    rf"|flight(?: to [A-Z]\w+)?|surgery|operation|graduation|interview|vacation|holiday|deadline"
    rf"|lease|contract)"
    rf"(?:{_BE}|\s+(?:moved|starts?|ends?|expires|got moved|has been moved|has moved))\s+(?:on\s+"
    rf"|to\s+|in\s+|at\s+|for\s+)?(?:the\s+)?(?P<value>.+)"
)
_SIZE = Pattern(
    rf"(?P<what>shoe size|size|height|weight|blood type){_BE}\s+(?P<value>[\w.,+-]+(?:\s*(?:m"
    rf"|cm|kg|kilos?|ft))?)"
)
_ADDRESS = Pattern(
    rf"(?:new\s+|home\s+|postal\s+|current\s+)?(?:address|place)(?:{_BE})\s+(?:now\s+)?(?P<value>\d+\w?\s.+"
    rf"|[A-Z].+\d.*)"
)
_JOB = Pattern(
    rf"(?:new\s+|current\s+|day\s+)?(?:job|profession|occupation|role|position){_BE}\s+(?:now\s+)?(?:as\s+)?"
    rf"(?P<value>.+)"
)
_EMPLOYER = Pattern(rf"(?:new\s+|current\s+)?(?:employer|company|workplace){_BE}\s+(?P<value>[A-Z].+)", cased=True)
_HOME = Pattern(
    rf"(?:new\s+|current\s+)?(?:home|hometown|home town|city|house|flat|apartment|village){_BE}\s+(?:now\s+)?"
    rf"(?P<in>in\s+|near\s+)?(?P<value>.+)"
)
_ALLERGIES = Pattern(r"(?:food\s+)?allerg(?:y|ies)\s*(?::|are|is|include|to)\s*(?:to\s+)?(?P<value>.+)")
_OVER = Pattern(
    r"(?P<what>[\w -]{2,30}?)\s+(?:allergy|intolerance)\s+(?:is|has|'s)\s+(?:\w+\s+){0,2}?(?:gone|over|disappeared"
    r"|vanished|cured)\b"
)
_AILS = Pattern(
    rf"(?P<what>(?:(?:severe|mild|chronic|seasonal|bad|terrible|type \d|bloody"
    rf"|stupid)\s+)*(?:{either(AILMENTS)}))(?!\w|'s|-|\s+(?:test|research|class|project))"
    r"(?P<over>\s+(?:is|has been)\s+(?:finally\s+|now\s+)?(?:gone|cured|healed))?"
)
_HEALED = Pattern(
    rf"(?P<what>(?:(?:left|right|broken)\s+)?(?:{BODY})s?|cast|plaster){_BE}\s+(?:fine|ok|okay"
    rf"|healed|better|good|all good|off)\b(?! enough)"
)
_THING = Pattern(
    rf"(?P<what>(?:new\s+|current\s+|old\s+)?(?:work\s+|company\s+)?(?:{either(THINGS)})){_BE}\s+"
    rf"(?:an?\s+)(?P<value>(?=\S*\s*\S*[A-Z0-9]).+)"
)
_DIED = Pattern(
    r"\s*(?:has\s+|just\s+|sadly\s+)*(?:died|passed away|passed|ran away|was put down|had to"
    r" be put down|is dead)\b"
)
_AGED = Pattern(
    r"(?:\s*(?:'s|'re)|\s+(?:is|are|turned|just turned)|,)\s+(?:now\s+|already\s+|almost\s+|only\s+)*(?P<age>\d{1,3}"
    r"|one|two|three|four|five|six|seven|eight|nine|ten)\b"
    r"(?!\s*(?:%|km|kg|kilos?|cm|m\b|euros?|of|minutes|hours|days|times|[ap]m))(?:\s*(?:years?(?:"
    r" old)?|yo|months? old))?"
)
_NUMBERS = {word: str(n) for n, word in enumerate("zero one two three four five six seven eight nine ten".split())}
_LIVES = Pattern(
    r"\s+(?:(?:now|still|both|all|just|recently|has|have|also|currently)\s+)*"
    r"(?:lives?|living|moved|is based|are based)\s+(?:back\s+)?(?:in"
    r"|near|to|at)\s+(?P<place>.+)"
)
_WORKS = Pattern(r"\s+(?:now\s+|still\s+)?(?:works?|is working)\s+(?P<rest>.+)")
_HAS = Pattern(r"\s+(?:also\s+)?(?:has|have|got|suffers from|'s got)\s+(?P<rest>.+)")
_IS = Pattern(r"(?:\s*'s|\s+is)\s+(?P<rest>.+)")
_CALLED = Pattern(
    r"(?:\s*(?:'s|s')?\s*names?(?:\s*'s|\s+is|\s+are)|(?:\s*(?:'s|'re)|\s+(?:is|are|was|were))\s+(?:called"
    r"|named))\s+(?P<names>.+)"
)


def possessed(clause: Possessed) -> Iterator[Claim]:
    """Claims of a clause that starts with "my"."""
    for claim in _possessed(clause):
        if claim.value:
            yield claim


def _claim(
    clause: Possessed,
    attribute: str,
    value: str,
    *,
    subject: str = "user",
    change: Change = Change.ASSERTS,
    holds: bool = True,
    confidence: float = 0.85,
) -> Claim:
    return Claim(attribute, value, subject, holds, change, None, None, "", confidence, clause.start, clause.end)


def _possessed(clause: Possessed) -> Iterator[Claim]:
    text = clause.rest
    if (found := _NAME.match(text) or _CHANGED_NAME.match(text)) and not re.match(
        r"(?:not|still|on|in|spelled|spelt|wrong|missing|also|the|being|a|written|misspelled)\b|n't", found["value"]
    ):
        yield _claim(clause, "name", name(found["value"], sure=True))
    elif found := _FAVOURITE.match(text):
        what = re.sub(r"\s+(?:in the world|of all time|ever)$", "", found["what"].strip().lower())
        yield _claim(clause, f"favourite {what}", "" if what.startswith("one") else thing(found["value"]))
    elif found := _DATED.match(text):
        what = "birthday" if found["what"].lower().startswith("b") else found["what"].lower()
        value = re.split(r"[,.;!]| and | because | so ", found["value"])[0].strip()
        if re.search(
            r"\d|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|next|january|february|march|april"
            r"|may|june|july|august|september|october|november|december",
            " ".join(value.split()[:4]),
            re.IGNORECASE,
        ) and not re.match(r"(?:\w+ed|not|the|too|very)\b", value):
            if what.startswith("flight to"):
                yield _claim(clause, "plan", found["what"])
            else:
                yield _claim(clause, what if what in ("birthday", "due date") else f"{what} date", value)
    elif found := _SIZE.match(text):
        yield _claim(
            clause, "size" if "size" in found["what"].lower() else found["what"].lower(), found["value"].strip(".,")
        )
    elif found := _ADDRESS.match(text):
        yield _claim(clause, "address", re.split(r"[.;!]\s|\s+(?:and|but|so)\s", found["value"])[0].strip(" ."))
    elif found := _ALLERGIES.match(text):
        for value in several(found["value"]):
            yield _claim(clause, "allergy", value)
    elif found := _OVER.match(text):
        yield _claim(clause, "allergy", thing(found["what"]), change=Change.ENDS, confidence=0.6)
    elif (found := _AILS.match(text)) and (told := condition(found["what"])):
        for attribute, value in told:
            yield _claim(clause, attribute, value, change=Change.ENDS if found["over"] else Change.ASSERTS)
    elif found := _HEALED.match(text):
        yield _claim(clause, "health", thing(found["what"]), change=Change.ENDS)
    elif (found := _EMPLOYER.match(text)) and not re.search(r"\b(?:clos|mov|tak|pay|allow|ask|offer)", found["value"]):
        yield _claim(clause, "work", thing(found["value"]))
    elif found := _JOB.match(text):
        yield _claim(clause, "occupation", calling(found["value"]))
        yield _claim(clause, "work", employer(found["value"], clause.whole) if calling(found["value"]) else "")
    elif (found := _HOME.match(text)) and (
        found["in"] or re.match(r"(?:home|hometown|home town|city|village)", text, re.IGNORECASE)
    ):
        yield _claim(
            clause,
            "origin" if re.match("home ?town", text, re.IGNORECASE) else "home",
            place(found["value"], clause.whole) if re.match("(?:the )?[A-Z]", found["value"]) else "",
        )
    elif found := _THING.match(text):
        yield _claim(
            clause, "possession", re.split(r"\s+(?:running|with|from|in|and|on|that)\s", thing(found["value"]))[0]
        )
    elif (found := _PET.match(text)) and not re.match(r"\s*(?:food|toy|park|sitter|walker|seat)\b", found["rest"]):
        yield from _pet(clause, found)
    elif found := _RELATION.match(text):
        yield from _relation(clause, found)
    else:
        yield from _loose(clause, text)


def _pet(clause: Possessed, found: re.Match[str]) -> Iterator[Claim]:
    rest, kind = found["rest"], f"{found['adj']}{found['head']}".strip().lower()
    kind = re.sub(r"^(?:little|old|new|lovely|big|two|three|dear|own|first)\s+(?!cats|dogs)", "", kind)
    if _DIED.match(rest):
        yield _claim(clause, "pet", kind, change=Change.ENDS)
        return
    called = _CALLED.match(rest)
    names = _names(called["names"]) if called else names_after(rest)
    if names:
        after = rest[rest.find(names.split(" ")[-1]) + len(names.split(" ")[-1]) :]
        died = _DIED.match(after) is not None
        value = names if died else f"{kind} {names}"
        yield _claim(clause, "pet", value, change=Change.ENDS if died else Change.ASSERTS)


def _names(text: str) -> str:
    listed = names_after(" " + text)
    if listed:
        return listed
    found = re.match(
        r"(?!(?:not|still|on|very|so|too|being|a|the|my)\b)([a-z][\w'-]+(?:\s+and\s+[a-z][\w'-]+)?)(?=\s*(?:$"
        r"|[,.!;(]|and\b|btw|by the way|he|she|they|haha|lol|now))",
        text,
    )
    return found[1] if found else ""


def _relation(clause: Possessed, found: re.Match[str]) -> Iterator[Claim]:
    head, rest = found["head"].lower(), found["rest"]
    head = re.sub(r"[- ](in)[- ](laws?)", r" \1 \2", head).replace(" ", "-") if "in" in head and "law" in head else head
    after_law = re.match(r"[- ]in[- ]laws?\b", rest, re.IGNORECASE)
    if after_law:
        head, rest = f"{head}-in-law", rest[after_law.end() :]
    if re.match(
        r"\s+(?:says?|said|thinks?|told|asks?|always says|wants?|would|might|could|can|will (?:ask|say|kill))\b", rest
    ) or re.match(r"\s*'s\s+(?!name\b|called\b|named\b|a\b|an\b|\d|got\b)\w+", rest):
        return
    count = re.search(r"\b(two|three|four|five)\b", found["adj"] or "")
    called = _CALLED.match(rest)
    names = _names(called["names"]) if called else names_after(rest)
    kin = head.split("-")[0] in KIN
    attribute = "family" if kin else "acquaintance"
    value = " ".join(filter(None, [count[1] if count else "", head, names]))
    if names and (kin or called):
        yield _claim(clause, attribute, value)
    last = names.split(" ")[-1] if names else ""
    tail = rest[rest.find(last) + len(last) :] if last else rest
    if not kin:
        return
    yield from _about(clause, head, tail, statement=not called)


def _about(clause: Possessed, subject: str, tail: str, *, statement: bool) -> Iterator[Claim]:
    """Where a relative lives and works, how old they are, what ails them."""
    tail = re.sub(r"^\s*\([^)]*\)", "", tail)
    if age := _AGED.match(tail):
        yield _claim(clause, "age", _NUMBERS.get(age["age"].lower(), age["age"]), subject=subject)
        return
    if lives := _LIVES.match(tail):
        yield _claim(clause, "home", place(lives["place"], clause.whole), subject=subject)
        works = re.search(r"\band(?P<rest>\s+works?\s.+)", tail)
        yield from _about(clause, subject, works["rest"], statement=statement) if works else ()
    elif works := _WORKS.match(tail):
        role = re.match(r"\s*as\s+(?P<role>.+)", works["rest"])
        yield _claim(
            clause,
            "occupation",
            thing(re.split(r"\s+(?:at|for|in)\s", role["role"])[0]) if role else "",
            subject=subject,
        )
        yield _claim(clause, "work", employer(works["rest"], clause.whole), subject=subject)
    elif has := _HAS.match(tail):
        for attribute, value in condition(has["rest"]):
            yield _claim(clause, attribute, value, subject=subject)
    elif (is_ := _IS.match(tail)) and statement:
        allergic = re.match(r"(?:\w+\s+)?allergic to\s+(?P<to>.+)", is_["rest"], re.IGNORECASE)
        if allergic:
            for value in several(allergic["to"]):
                yield _claim(clause, "allergy", value, subject=subject)
        elif re.match(r"an?\s|the\s", is_["rest"]):
            yield _claim(clause, "occupation", calling(is_["rest"]), subject=subject)


def _loose(clause: Possessed, text: str) -> Iterator[Claim]:
    """Things to come and things that ended: "my flight to Boston is on 3 July", "our trip is off"."""
    ended = re.match(
        r"(?P<what>[\w' -]{3,40}?)\s+(?:is|was|got|has been|are)\s+(?:cancelled|canceled|called off)\b",
        text,
        re.IGNORECASE,
    )
    if ended and not re.search(r"\border|account|meeting room", ended["what"]):
        yield _claim(clause, "plan", thing(ended["what"]), change=Change.ENDS)
        return
    gone = re.match(
        r"(?P<what>[\w' -]{2,30}?)\s+(?:was|got|has been)\s+(?:stolen|totalled|wrecked|destroyed)\b",
        text,
        re.IGNORECASE,
    )
    if gone:
        yield _claim(clause, "possession", thing(gone["what"]), change=Change.ENDS)
        return
    travel = re.match(
        r"(?P<what>(?:flight|train|trip|journey|ferry) to [A-Z]\w+(?: [A-Z]\w+)?)\s+(?:is|leaves|goes)\b", text
    )
    if travel and mentions_future(text, clause.at):
        yield _claim(clause, "plan", travel["what"])
