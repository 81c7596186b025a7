"""What "I am ..." tells, and the noun phrases that say a calling, an ailment, a relative or an animal (pure rules)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semcache.memory.facts.lexicon import (
    AILMENTS,
    CALLING_ENDINGS,
    CALLINGS,
    DIETS,
    KIN,
    NATIONALITIES,
    NO_CALLINGS,
    NO_NAMES,
    PETS,
    STATES_OF_HEALTH,
)
from semcache.memory.facts.patterns import Pattern, either
from semcache.memory.facts.reading import Said
from semcache.memory.facts.times import find_time, mentions_future, resolve
from semcache.memory.facts.types import Change, Claim
from semcache.memory.facts.values import cut, hails_from, name, place, several, thing

_AGES = {
    word: str(n)
    for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
    for n in [n * 10]
}
_UNITS = {word: n for n, word in enumerate("zero one two three four five six seven eight nine".split())}
_AGE = Pattern(
    r"\s*(?:only\s+)?(?P<age>\d{1,3}|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ](?:one"
    r"|two|three|four|five|six|seven|eight|nine))?)"
    r"\b(?:[- ]?(?:years?[- ]old|years?(?: of age)?|yo|y/?o|yrs?(?: old)?)\b|(?=\s*(?:$|[,.;!)]"
    r"|and\b|now\b|but\b|today\b|this\b|not\b|btw\b|in\b|next\b|already\b|with\b)))"
)
_HEIGHT = Pattern(
    r"\s*(?P<height>[12][.,]\d\d\s*m?\b|1[3-9]\d\s*(?:cm)?\b|2[01]\d\s*(?:cm)?\b|[4-7]\s*(?:'"
    r"|ft|foot)\s*\d{0,2}\"?|(?:four|five|six) f(?:oo|ee)t(?: \w+)?)(?!\s*(?:km|%|euros?|kg))"
)
_NO_CALLING = Pattern(
    r"\b(?:fan|lover|customer|user|member|beginner|bit|mess|person|winner|loser|believer|sucker"
    r"|big|idiot|newcomer|stranger|friend|killer|legend|genius|wimp|fool|hero|monster"
    r"|pirate|knight|king|queen|millionaire|zombie|robot|god|wizard|vampire|superhero|princess"
    r"|burden|caller|reader|owner|visitor|regular|parent|mother|father|mum|mom|dad"
    r"|grandmother|grandfather|widow|widower|bachelor|morning|night owl|early)\b"
)
_ORG = Pattern(r"\b(?:at|for|with)\s+(?=(?P<org>.+))")
_NO_ORG = frozenset(
    "home night nights day days least last first work that this it you them him her me us the-moment"
    " moment weekends weekend once all present "
    "people time a-living living years months weeks hours minutes free money fun peanuts myself"
    " ourselves now".split()
)
_SPELL = Pattern(r"(?:\w+\s+){1,3}(?:years?|months?|weeks?|decades?|ages)\b")  # "for twenty years"
_MEDICAL = Pattern(r"\b(?P<what>(?:[\w-]+\s+){0,2}?(?:allerg(?:y|ies|ic)|intoleran(?:ce|t))\b)(?:\s+to\s+(?P<to>.+))?")


def being(said: Said) -> Iterator[Claim]:
    """Claims of "I am ..."."""
    for attribute, value, change in _being(said):
        if value:
            over = said.over or (said.tense == "past" and change is Change.ASSERTS)
            since = None if over else _since(said)
            yield Claim(
                attribute,
                value,
                "user",
                said.over or not said.denied,
                Change.ENDS if over or (said.denied and attribute in _ENDED_BY_NOT) else change,
                since,
                None,
                "",
                0.8,
                said.start,
                said.end,
            )


_ENDED_BY_NOT = frozenset({"diet", "allergy", "health", "occupation"})


def _since(said: Said) -> float | None:
    phrase = said.phrase
    if not phrase or "since" not in phrase[0].lower():
        return None
    return resolve(phrase, said.at, "past")


def _being(said: Said) -> Iterator[tuple[str, str, Change]]:
    rest = said.rest.strip()
    low = rest.lower()
    tell = Change.ASSERTS
    allergic = re.match(
        r"(?:\w+\s+)?(?:allergic|intolerant|hypersensitive) (?:to\s+)(?P<to>.+)|(?P<food>lactose"
        r"|gluten|fructose|histamine|dairy|soy|egg)[- ](?:intolerant|sensitive|free)",
        rest,
        re.IGNORECASE,
    )
    if allergic:
        for value in several(
            re.sub(r"\s+(?:after all|at all).*", "", allergic["to"] or allergic["food"], flags=re.IGNORECASE),
            most_words=3,
        ):
            if value.lower() not in ("own sweat", "work", "mondays", "paperwork", "nonsense", "stupidity", "bullshit"):
                yield "allergy", value, tell
        return
    if re.match(r"(?:celiac|coeliac)\b", low):
        yield "allergy", "gluten", tell
        return
    diet = re.match(rf"(?:(?:an?|strictly|strict|fully|almost|now)\s+)*(?P<diet>{DIETS})\b", rest, re.IGNORECASE)
    if diet:
        yield "diet", diet["diet"].lower(), tell
        return
    state = re.search(
        rf"(?:^|,\s*|\band\s+)(?:\d+ (?:weeks?|months?) )?(?P<state>{STATES_OF_HEALTH})\b", rest, re.IGNORECASE
    )
    if state:
        yield "health", state["state"].lower(), tell
    due = re.search(r"\bdue\s+(?:on\s+|in\s+)?(?P<date>.+)", rest)
    if due and (said.whole.lower().count("pregnant") or "baby" in said.whole.lower()):
        yield "due date", due["date"].strip(" ."), tell
    marital = re.match(
        r"(?:(?:happily|recently|newly|officially)\s+)*(?P<state>married|engaged|divorced|single"
        r"|widowed|a widow|a widower|separated|getting married|getting divorced)\b",
        low,
    )
    if marital:
        if marital["state"].startswith("getting"):
            yield "plan", marital["state"], tell
        elif said.tense != "past" and not (low.startswith("engaged in")):
            yield "marital status", marital["state"].removeprefix("a "), tell
        return
    if re.match(r"(?:[\w]+\s+)?expecting\b.*\b(?:baby|child|twins|our first|our second|a boy|a girl)\b", low):
        yield "plan", "expecting a baby", tell
        return
    age = _AGE.match(rest)
    height = _HEIGHT.match(rest)
    if height and not (age and re.search("year|yo", age[0])):
        yield "height", height["height"].strip(), tell
        return
    if (
        age
        and re.match(r"\W*i\b|i'?m", said.clause.strip(" ,.!"), re.IGNORECASE) is None
        and re.search(r"\bwe\b|we're", said.clause, re.IGNORECASE)
    ):
        return
    if age and len(age["age"]) > 0:
        value = _age(age["age"])
        if value and 3 <= int(value) <= 115:
            yield "age", value, tell
        home = re.search(r"\b(?:from|in)\s+(?=(?P<place>[A-Z].+))", rest)
        calls = re.search(r"[,]\s*(?P<what>an?\s.+)", rest)
        if home and not find_time(home[0]):
            yield "home", hails_from(home["place"], said.whole), tell
        if calls:
            yield "occupation", calling(calls["what"]), tell
        return
    if not said.denied or said.over:
        yield from _role(said, rest, tell)
    liked = re.match(
        r"(?:(?:really|so|very|totally|big|a big|a huge|a)\s+)*(?:into|fond of|fan of|crazy about"
        r"|obsessed with|keen on|addicted to|passionate about)\s+(?P<what>.+)",
        rest,
        re.IGNORECASE,
    )
    if liked and not re.match(r"(?:it|this|that|you|the (?:idea|way))\b", liked["what"]):
        for value in several(liked["what"]):
            yield "preference", value, tell
        return
    origin = re.match(
        r"(?:originally\s+)?from\s+(?P<place>.+?)(?:\s+originally)?(?=[,.;]|$|\s+(?:but|and)\b)", rest, re.IGNORECASE
    )
    if origin:
        where = place(origin["place"], said.whole)
        yield "origin", where if re.search("[A-Z]", where) or said.clause.islower() else "", tell
        return
    if said.tense == "future" and mentions_future(said.clause, said.at) and not said.denied:
        if re.match(r"(?:back\s+)?(?:in|at)\s", low):
            yield "plan", f"be {cut(rest)}", tell
        return
    located = re.match(
        r"(?:(?:back|living|based|over|down|up|out|still|here)\s+)*(?:in|near)\s+(?P<place>.+)", rest, re.IGNORECASE
    )
    settled = re.search(
        r"\b(?:now|these days|nowadays|based|living)\b", said.whole[max(said.start - 6, 0) : said.end], re.IGNORECASE
    )
    if located and settled:
        where = place(located["place"], said.clause)
        yield "home", where if re.search("[A-Z]", where) or said.clause.islower() else "", tell
        return
    mixed = re.match(rf"(?:half|part|a?\s*quarter)[ -](?P<what>{'|'.join(NATIONALITIES)})\b", low)
    nation = re.match(rf"(?:an?\s+)?(?P<what>{'|'.join(NATIONALITIES)})\b(?!\s+\w+(?:er|ist|or|ian|man)\b)", low)
    if mixed or nation:
        yield "origin", mixed[0] if mixed else rest[: nation.end()] if nation else "", tell
        return
    called = _name(rest, said)
    if called:
        yield "name", called, tell
        living = re.match(rf"{re.escape(called)}\s*(?:,\s*)?(?:from|in)\s+(?P<place>.+)", rest)
        if living:
            yield "home", hails_from(living["place"], said.whole), tell
        following = re.match(rf"{re.escape(called)}\s*,\s*(?P<age>\d\d)\b(?!\s*(?:km|kg|%))", rest)
        if following:
            yield "age", following["age"], tell
        yield from _introduced(rest[following.end() if following else len(called) :], said)


def _introduced(text: str, said: Said) -> Iterator[tuple[str, str, Change]]:
    """What follows a name: ", software tester from Split"."""
    found = re.match(r"\s*,\s*(?:an?\s+)?(?P<what>[a-z][\w -]+?)(?=\s+(?:from|in|at|for)\s|\s*[,.;!]|\s*$)", text)
    if not found or not calling(found["what"]):
        return
    yield "occupation", calling(found["what"]), Change.ASSERTS
    yield "work", employer(text[found.end() :], said.whole), Change.ASSERTS
    origin = re.match(r"\s+from\s+(?=[A-Z])(?P<place>[^,.;]+)", text[found.end() :])
    yield "origin", place(origin["place"], said.whole) if origin else "", Change.ASSERTS


def _age(words: str) -> str:
    parts = re.split(r"[- ]", words.lower())
    if parts[0].isdecimal():
        return parts[0]
    return str(int(_AGES[parts[0]]) + (_UNITS[parts[1]] if len(parts) > 1 else 0))


def _name(rest: str, said: Said) -> str:
    if said.denied or said.tense == "past":
        return ""
    lower = re.match(r"([a-z][\w'-]+)\s*(?:,?\s*(?:btw|by the way)\b)", rest)
    if lower and lower[1] not in NO_NAMES and not lower[1].endswith(("ing", "ed")):
        return lower[1]
    called = name(rest, sure=False)
    first = called.split(" ")[0].lower() if called else ""
    if not called or first in NO_NAMES or (called.isupper() and len(called) > 3 and said.whole.isupper()):
        return ""
    after = rest[rest.find(called) + len(called) :].strip()
    ends = re.match(
        r"$|[,.;!(–—-]|and\b|from\b|in\b|here\b|btw\b|by the way\b|again\b|the\b|your\b|a\b|from\b"
        r"|attending\b|writing\b|calling\b|with\b|\w+ing\b",
        after,
    )
    return called if ends else ""


def _role(said: Said, rest: str, tell: Change) -> Iterator[tuple[str, str, Change]]:
    low = rest.lower()
    if re.match(
        r"(?:retired|unemployed|self[- ]employed|freelanc(?:e|ing)\b(?! \w+)|on parental leave|on"
        r" maternity leave|between jobs)\b",
        low,
    ) or re.match(r"(?:already\s+|now\s+)?a?\s*pensioner\b", low):
        yield "occupation", re.split(r"[\s,.;!]", low.removeprefix("a ").removeprefix("now "))[0], tell
        return
    if re.search(r"\b(?:haha|lol|lmao)\b", said.whole[: said.start + 3].lower()):
        return
    role = re.match(
        r"(?:(?:also|now|still|working as|only|just)\s+)*(?:an?|the|one of the)?\s*(?P<what>[a-zA-Z][\w' &/-]+)", rest
    )
    if role and (
        re.match(r"(?:(?:also|now|still|only|just)\s+)*(?:an?|the)\s", low)
        or re.match(r"(?:head|director|ceo|cto|professor|student|ward manager|freelance)\b", low)
    ):
        called = calling(rest)
        if called:
            yield "occupation", called, tell
            yield "work", employer(rest, said.whole), tell


def calling(text: str) -> str:
    """The occupation that a noun phrase names: "a night nurse at ..." -> "night nurse"; empty if it names none."""
    value = thing(
        re.split(r"\s+(?:at|for|with|from|near|on|in (?=[A-Z]|the\b|an?\b|my\b)|by)\s*", text)[0], most_words=6
    )
    head = re.split(r"\s+of\s+", value)[0]
    last = head.split(" ")[-1].lower().rstrip("s'") if head else ""
    if not last or _NO_CALLING.search(head) or last in NO_CALLINGS or len(value.split()) > 7:
        return ""
    known = last in CALLINGS or (last.endswith(CALLING_ENDINGS) and len(last) > 5)
    first = re.split(r"[\s-]", head.lower())[0]
    if not known and last.endswith(("eer", "tician")):
        known = True
    return (
        value
        if known
        or (first in ("freelance", "professional", "certified", "head") and len(head.split()) > (first != "head"))
        else ""
    )


def employer(text: str, whole: str) -> str:
    """The organisation in "... at Siemens", "... for the council"; empty if there is none."""
    found = _ORG.search(text)
    while found:
        rest = found["org"]
        value = thing(re.split(r"\s+(?:as|on|every|since|until|from|to|because)\s+", cut(rest))[0])
        first = value.split(" ")[0].lower() if value else ""
        if (
            value
            and first not in _NO_ORG
            and not first.isdecimal()
            and not _SPELL.match(value)
            and not find_time(rest[: len(value) + 1])
        ):
            return value
        found = _ORG.search(text, found.end())
    return ""


def condition(text: str) -> list[tuple[str, str]]:
    """What ails somebody who has it: ("health", "asthma"), ("allergy", "nut")."""
    head = cut(text, most_words=7, keep_lists=True)
    medical = _MEDICAL.match(
        re.sub(
            r"^(?:(?:a|an|any|severe|mild|bad|really|no|the|serious|strong)\s+)+", "", head.strip(), flags=re.IGNORECASE
        )
    )
    if medical:
        if medical["to"]:
            return [("allergy", value) for value in several(medical["to"])]
        what = re.sub(r"\s*(?:allerg(?:y|ies)|intolerance)$", "", medical["what"], flags=re.IGNORECASE)
        return [("allergy", thing(what) or "any")]
    found = []
    for value in several(text, most_words=6):
        words = value.lower().split()
        if AILMENTS.intersection(words[:5]) or " ".join(words[-2:]) in AILMENTS or " ".join(words[:3]) in AILMENTS:
            found.append(("health", value))
        elif not found:
            break
    return found


_KIN_WORDS = "|".join(
    sorted(map(re.escape, KIN | {"friend", "flatmate", "roommate", "housemate"}), key=len, reverse=True)
)
_PET_WORDS = either(PETS)
_COUNT = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twin|several)"
_NP = Pattern(
    rf"\s*(?:(?P<det>an?|the|my|our|another|some)\s+)?(?:(?P<count>{_COUNT})\s+)?(?P<adj>(?:[\w-]+\s+){{0,3}}?)"
    rf"(?P<head>{_KIN_WORDS}|{_PET_WORDS})\b(?!\s+(?:food|house|flap|toy|seat|bed|hair|owner|lover"
    rf"|person|park|phobia|shelter|video|of mine))"
)
_NAMED = Pattern(
    r"\s*(?:,?\s*(?:(?:who(?:'s| is)?|which is|and|she's|he's|they're|whose name is|whose names"
    r" are)\s+)?(?:is\s+|are\s+)?(?:called|named|whose names? (?:is|are))\s+|\s*[,:(]\s*|\s+)"
    r"(?P<names>[A-ZÀ-Þ][\w'-]+(?:\s+[A-Z][\w'-]+)?(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*)[A-ZÀ-Þ][\w'-]+)*)",
    cased=True,
)
_LOWER_NAMED = Pattern(
    r"\s*(?:,?\s*(?:(?:who is|whose name is)\s+)?(?:called|named)\s+)(?P<names>[a-z]\w+(?:(?:\s*,\s*"
    r"|\s+and\s+)[a-z]\w+)*)",
    cased=True,
)
_NO_NAMES_HERE = frozenset("I I'm I've My We Our And But She He It They The This That In On So Now Is Are Then".split())


def pet_or_kin(text: str) -> list[tuple[str, str]]:
    """A relative or an animal with its name: ("pet", "dog Biscuit"), ("family", "three kids Ann Bob")."""
    found = _NP.match(text)
    if not found or (found["adj"] and re.search(r"\b(?:of|for|with|to|in|no|problem)\b", found["adj"])):
        return []
    head = found["head"].lower()
    names = names_after(text[found.end() :])
    pet = head in PETS
    adjective = (found["adj"] or "").strip()
    if pet:
        described = f"{found['count'] or ''} {adjective} {found['head']}".split()
        value = " ".join(
            [
                word
                for word in described
                if word.lower() not in ("new", "little", "old", "small", "big", "cute", "lovely", "beautiful", "rescue")
            ]
            + ([names] if names else [])
        )
        return [("pet", value)]
    value = " ".join(filter(None, [found["count"], found["head"], names]))
    if head in KIN | {"flatmate", "roommate", "housemate"} or names:
        return [("family" if head in KIN else "acquaintance", value)]
    return []


def names_after(text: str) -> str:
    """The names that follow a noun: ": Ann, Bob and Cy" -> "Ann, Bob and Cy"."""
    found = _NAMED.match(text) or _LOWER_NAMED.match(text)
    if not found:
        return ""
    names = [n for n in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*", found["names"]) if n]
    kept: list[str] = []
    for n in names:
        if n.split(" ")[0] in _NO_NAMES_HERE or n.split(" ")[0].lower() in ("and", "he", "she"):
            break
        kept.append(n.removesuffix("'s"))
    return " and ".join([", ".join(kept[:-1]), kept[-1]]) if len(kept) > 1 else "".join(kept)
