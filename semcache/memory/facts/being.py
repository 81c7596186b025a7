"""What "I am ..." tells (pure rules)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semcache.memory.facts.lexicon import DIETS, NATIONALITIES, NO_NAMES, STATES_OF_HEALTH
from semcache.memory.facts.nouns import calling, employer
from semcache.memory.facts.patterns import Pattern, either
from semcache.memory.facts.reading import Said
from semcache.memory.facts.times import find_time, mentions_future, resolve
from semcache.memory.facts.types import Change, Claim
from semcache.memory.facts.values import cut, hails_from, name, place, several, whole_list

_TENS = {word: n * 10 for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
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
_ALLERGIC = Pattern(
    r"(?:\w+\s+)?(?:allergic|intolerant|hypersensitive) to\s+(?P<to>.+)|(?P<food>lactose"
    r"|gluten|fructose|histamine|dairy|soy|egg)[- ](?:intolerant|sensitive|free)"
)
_FIGURATIVE = Pattern(
    r"^(?:(?:my )?own sweat|work|mondays|paperwork|nonsense|stupidity|bullshit|drama|exercise|mornings|people|fun"
    r"|losing)$"
)
_AFTER_ALL = Pattern(r"\s+(?:after all|at all)\b.*")
_DIET = Pattern(
    rf"(?:(?:an?|strictly|strict|fully|almost|now|basically|mostly)\s+)*(?P<diet>{DIETS})\b(?! (?:friend|curious"
    rf"|food|recipe))"
)
_STATE = Pattern(
    rf"(?:^|,\s*|\band\s+)(?:(?:\d+|\w+) (?:weeks?|months?) )?(?P<state>{STATES_OF_HEALTH})\b(?! to| by| with love)"
)
_DUE = Pattern(r"\bdue\s+(?:on\s+|in\s+)?(?P<date>.+)")
_MARITAL = Pattern(
    r"(?:(?:happily|recently|newly|officially)\s+)*(?P<state>married|engaged|divorced|single"
    r"|widowed|a widow|a widower|separated)\b(?! in\b| by\b| with\b| out\b|-|\s+to (?:the|my|this|that"
    r"|work)\b(?!\s+(?:wife|husband"
    r"|partner|best|high|college|love))| (?:most|biggest|best|handed|serving|bed|room))"
)
_LIKED = Pattern(
    r"(?:(?:really|so|very|totally|also|mostly|a)\s+|(?:big|huge|massive)\s+)*(?:into|fond of|fan of|crazy about"
    r"|keen on|passionate about)\s+(?P<what>.+)"
)
_FROM = Pattern(r"(?:originally\s+)?from\s+(?P<place>.+?)(?:\s+originally)?(?=[,.;]|$|\s+(?:but|and)\b)")
_LOCATED = Pattern(r"(?:(?:back|living|based|over|down|up|out|still|here|now)\s+)*(?:in|near)\s+(?P<place>.+)")
_SETTLED = Pattern(r"\b(?:now|these days|nowadays|based|living)\b")
_LIVING = Pattern(r"\b(?:living|based|residing)\s+(?:in|near)\s+(?P<place>.+)")
_WORKING = Pattern(r"\bworking\s+(?:\w+ly\s+)?(?=(?:for|at)\s)(?P<rest>.+)")
_NATIONS = either(NATIONALITIES)
_NATION = Pattern(
    rf"(?:an?\s+)?(?P<what>(?:half|part)[ -](?:{_NATIONS})|(?:{_NATIONS}))\b(?!\s+\w+(?:er|ist|or|ian|man|fan|food"
    rf"|movies)\b)"
)
_NO_ROLE = Pattern(r"\b(?:haha|lol|lmao)\b")
_STATUS = Pattern(
    r"(?:already\s+|now\s+|a\s+)*(?P<what>retired(?: \w+){0,2}|unemployed|self[- ]employed|on (?:parental"
    r"|maternity) leave|between jobs|pensioner)\b"
)
_ROLE = Pattern(
    r"(?:(?:also|now|still|only|just|currently|working as|both)\s+)*(?:an?\s|the\s|(?:head|director|ceo|cto"
    r"|professor|student|ward manager"
    r"|freelance)\b)"
)
_AFTER_NAME = Pattern(
    r"$|[,.;!(–—-]|and\b|from\b|in\b|here\b|btw\b|by the way\b|again\b|the\b|your\b|a\b|writing\b|calling\b|with\b"
)
_GREETS = Pattern(
    r"\b(?:hi|hiya|hello|hey|good (?:morning|evening|afternoon)|greetings|nice to meet you|hola|bonjour|welcome)\b"
)
_PRESENTED = Pattern(r"\s*(?:,\s*(?:an?\s+)?(?:\d\d|[a-z])|from\s|and i\b|by the way|btw|,?\s*(?:the|your|an?) )")
_LASTING = Pattern(r"\b(?:since|for (?!\w+ing\b)|always|all my life|my whole life)\b")
_ENDED_BY_NOT = frozenset({"diet", "allergy", "health", "occupation"})
Told = Iterator[tuple[str, str]]


def being(said: Said) -> Iterator[Claim]:
    """Claims of "I am ..."; what only was so tells nothing, unless words say that it is over."""
    if said.tense == "past" and not said.over and not (said.perfect and _LASTING.search(said.clause)):
        return
    for attribute, value in _being(said):
        if value:
            ends = said.over or (said.denied and attribute in _ENDED_BY_NOT)
            change = Change.ENDS if ends else Change.ASSERTS
            sure = 0.6 if attribute == "name" and not _introduces(said, value) else 0.8
            since = None if ends else _since(said)
            yield Claim(
                attribute, value, "user", ends or not said.denied, change, since, None, "", sure, said.start, said.end
            )


def _since(said: Said) -> float | None:
    phrase = said.phrase or find_time(said.whole[max(said.start - 24, 0) : said.start])
    return resolve(phrase, said.at, "past") if phrase and "since" in phrase[0].lower() else None


def _being(said: Said) -> Told:
    """The first kind that fits: health, family, age, calling, tastes, places, name."""
    rest = said.rest.strip()
    for reads in (_of_health, _of_family, _of_age, _of_role, _of_taste, _of_place):
        told = list(reads(said, rest))
        yield from told
        if told:
            return
    yield from _of_name(said, rest)


def _of_health(said: Said, rest: str) -> Told:
    if allergic := _ALLERGIC.match(rest):
        for value in several(_AFTER_ALL.sub("", allergic["to"] or allergic["food"]), most_words=3):
            yield "allergy", "" if _FIGURATIVE.match(value) else value
    elif re.match(r"(?:celiac|coeliac)\b", rest, re.IGNORECASE):
        yield "allergy", "gluten"
    elif diet := _DIET.match(rest):
        yield "diet", diet["diet"].lower()
    elif state := _STATE.search(rest):
        yield "health", state["state"].lower()
    due = _DUE.search(rest)
    if due and ("pregnant" in said.whole.lower() or "baby" in said.whole.lower()):
        yield "due date", due["date"].strip(" .")


def _of_family(said: Said, rest: str) -> Told:
    coming = re.match(r"(?P<what>getting (?:married|divorced))\b", rest)
    if coming:
        yield "plan", coming["what"]
    elif marital := _MARITAL.match(rest):
        yield "marital status", marital["state"].lower().removeprefix("a ")
    elif re.match(r"(?:\w+\s+)?expecting\b.*\b(?:baby|child|twins|our first|our second|a boy|a girl)\b", rest):
        yield "plan", "expecting a baby"


def _of_age(said: Said, rest: str) -> Told:
    age, height = _AGE.match(rest), _HEIGHT.match(rest)
    if height and not (age and re.search("year|yo", age[0])):
        yield "height", height["height"].strip()
    elif age and 3 <= int(_age(age["age"])) <= 115 and not re.match(r"\W*we\b", said.clause, re.IGNORECASE):
        yield "age", _age(age["age"])
        home = re.search(r"\b(?:from|in)\s+(?=(?P<place>[A-Z].+))", rest)
        calls = re.search(r"[,]\s*(?P<what>an?\s.+)", rest)
        yield "home", hails_from(home["place"], said.whole) if home and not find_time(home[0]) else ""
        yield "occupation", calling(calls["what"]) if calls else ""


def _age(words: str) -> str:
    tens, *units = re.split(r"[- ]", words.lower())
    return tens if tens.isdecimal() else str(_TENS[tens] + (_UNITS[units[0]] if units else 0))


def _of_role(said: Said, rest: str) -> Told:
    if _NO_ROLE.search(said.whole[: said.start + 3].lower()):
        return
    if status := _STATUS.match(rest):
        former = status["what"].split()
        called = calling(status["what"]) or former[0]
        yield "occupation", status["what"] if former[0] in ("on", "between") else called
        aged = re.match(r"\s*,\s*(?P<age>\d\d)\b(?!\s*(?:km|kg|%))", rest[status.end() :])
        yield "age", aged["age"] if aged else ""
    elif _ROLE.match(rest) and (called := calling(rest)):
        yield "occupation", called
        if not said.denied or said.over:
            yield "work", employer(rest, said.whole)
            yield from _besides(said, rest)


def _besides(said: Said, rest: str) -> Told:
    """ "... based in Kyiv, working for a Danish bank"."""
    living, working = _LIVING.search(rest), _WORKING.search(rest)
    yield "home", place(living["place"], said.clause) if living else ""
    yield "work", employer(working["rest"], said.whole) if working else ""


def _of_taste(said: Said, rest: str) -> Told:
    liked = _LIKED.match(rest)
    for value in whole_list(liked["what"]) if liked else ():
        yield "preference", value


def _of_place(said: Said, rest: str) -> Told:
    if said.tense == "future":
        if mentions_future(said.clause, said.at) and not said.denied and re.match(r"(?:back\s+)?(?:in|at)\s", rest):
            yield "plan", f"be {cut(rest)}"
    elif origin := _FROM.match(rest):
        where = place(origin["place"], said.whole)
        yield "origin", where if re.search("[A-Z]", where) or said.clause.islower() else ""
    elif located := _LOCATED.match(rest):
        settled = _SETTLED.search(said.whole[max(said.start - 6, 0) : said.end])
        where = place(located["place"], said.clause) if settled else ""
        yield "home", where if re.search("[A-Z]", where) or said.clause.islower() else ""
    elif nation := _NATION.match(rest):
        yield "origin", nation[0]


def _of_name(said: Said, rest: str) -> Told:
    called = _name(rest, said)
    if not called:
        return
    yield "name", called
    rest = rest[rest.find(called) + len(called) :]
    living = re.match(r"\s*(?:,\s*)?(?:from|in)\s+(?P<place>.+)", rest)
    yield "home", hails_from(living["place"], said.whole) if living else ""
    aged = re.match(r"\s*,\s*(?P<age>\d\d)\b(?!\s*(?:km|kg|%))", rest)
    yield "age", aged["age"] if aged else ""
    yield from _introduced(rest[aged.end() if aged else 0 :], said)


def _introduced(text: str, said: Said) -> Told:
    """What follows a name: ", software tester from Split"."""
    found = re.match(r"\s*,\s*(?:an?\s+)?(?P<what>[a-z][\w -]+?)(?=\s+(?:from|in|at|for)\s|\s*[,.;!]|\s*$)", text)
    if found and calling(found["what"]):
        yield "occupation", calling(found["what"])
        yield "work", employer(text[found.end() :], said.whole)
        origin = re.match(r"\s+from\s+(?=[A-Z])(?P<place>[^,.;]+)", text[found.end() :])
        yield "origin", place(origin["place"], said.whole) if origin else ""


def _name(rest: str, said: Said) -> str:
    """A name after "I'm"; after "I am" where one is introduced ("Hello, I am ...")."""
    called = "" if said.denied or said.tense == "past" else name(rest, sure=False)
    first = called.split(" ")[0].lower() if called else ""
    shouted = called.isupper() and len(called) > 3 and said.whole.isupper()
    if not called or first in NO_NAMES or shouted:
        return ""
    if not _AFTER_NAME.match(rest[rest.find(called) + len(called) :].strip()):
        return ""
    contracted = re.search(r"\bi'?m\b", said.clause, re.IGNORECASE) is not None
    return called if contracted or _introduces(said, called) else ""


def _introduces(said: Said, value: str) -> bool:
    """Whether more than a bare "I'm Groot" is said: a greeting before, or something about oneself after it."""
    after = said.whole[said.whole.find(value, said.start) + len(value) :]
    return _GREETS.search(said.whole[: said.start + 8]) is not None or _PRESENTED.match(after) is not None
