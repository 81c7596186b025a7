"""What "I am ..." tells (pure rules)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semcache.memory.dates.phrases import find_time, resolve
from semcache.memory.facts.rules.lexicon import DIETS, NATIONALITIES, NO_NAMES, STATES_OF_HEALTH
from semcache.memory.facts.rules.nouns import calling, employer
from semcache.memory.facts.rules.reading import Said
from semcache.memory.facts.rules.values import hails_from, name, place, several, whole_list
from semcache.memory.facts.types import Change, Claim
from semcache.text.patterns import Pattern, either

_TENS = {word: n * 10 for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_UNITS = {word: n for n, word in enumerate("zero one two three four five six seven eight nine".split())}
_AGE = Pattern(
    rf"\s*(?:only\s+)?(?P<age>\d{{1,3}}|(?:{either(_TENS)})(?:[- ](?:{either(_UNITS)}))?)"
    r"\b(?:[- ]?(?:years?[- ]old|years?(?: of age)?|y/?o|yrs?(?: old)?)\b|(?=\s*(?:$|[,.;!)](?!\d)"
    r"|(?:and|now|but|today|this|not|btw|in|next|already|with)\b)))"
)
_HEIGHT = Pattern(
    r"\s*(?P<height>[12][.,]\d\d\s*m?\b|(?:1[3-9]|2[01])\d\s*(?:cm)?\b|[4-7]\s*(?:'|ft|foot)\s*\d{0,2}\"?"
    r"|(?:four|five|six) f(?:oo|ee)t(?: \w+)?)(?!\s*(?:km|%|euros?|kg))"
)
_ALLERGIC = Pattern(
    r"(?:\w+\s+)?(?:allergic|intolerant|hypersensitive) to\s+(?P<to>.+)"
    r"|(?P<food>lactose|gluten|fructose|histamine|dairy|soy|egg)[- ](?:intolerant|sensitive|free)"
)
_FIGURATIVE = Pattern(
    r"^(?:(?:my )?own sweat|work|mondays|paperwork|nonsense|stupidity|bullshit|drama|exercise|mornings|people|fun"
    r"|losing)$"
)
_AFTER_ALL = Pattern(r"\s+(?:after all|at all)\b.*")
_DIET = Pattern(
    rf"(?:(?:an?|strictly|strict|fully|almost|now|basically|mostly)\s+)*(?P<diet>{DIETS})\b"
    r"(?! (?:friend|curious|food|recipe))"
)
_STATE = Pattern(
    rf"(?:^|,\s*|\band\s+)(?:(?:\d+|\w+) (?:weeks?|months?) )?(?P<state>{STATES_OF_HEALTH})\b(?! to| by| with love)"
)
_MARITAL = Pattern(
    r"(?:(?:happily|recently|newly|officially)\s+)*(?P<state>married|engaged|divorced|single|widowed|separated)\b"
    r"(?! in\b| by\b| with\b| out\b|-|\s+to (?:the|my|this|that|work)\b(?!\s+(?:wife|husband|partner|best|high"
    r"|college|love))| (?:most|biggest|best|handed|serving|bed|room))"
)
_LIKED = Pattern(
    r"(?:(?:really|so|very|totally|also|mostly|a|big|huge|massive)\s+)*(?:into|fond of|fan of|crazy about"
    r"|keen on|passionate about)\s+(?P<what>.+)"
)
_FROM = Pattern(r"(?:originally\s+)?from\s+(?P<place>.+?)(?:\s+originally)?(?=[,.;]|$|\s+(?:but|and)\b)")
_LOCATED = Pattern(r"(?:(?:back|living|based|over|down|up|out|still|here|now)\s+)*(?:in|near)\s+(?P<place>.+)")
_SETTLED = Pattern(r"\b(?:now|these days|nowadays|based|living)\b")
_LIVING = Pattern(r"\b(?:living|based|residing)\s+(?:in|near)\s+(?P<place>.+)")
_NATIONS = either(NATIONALITIES)
_NATION = Pattern(
    rf"(?:an?\s+)?(?P<what>(?:(?:half|part)[ -])?(?:{_NATIONS}))\b"
    r"(?!\s+\w+(?:er|ist|or|ian|man|fan|food|movies)\b)"
)
_STATUS = Pattern(
    r"(?:already\s+|now\s+|a\s+)*(?P<what>retired(?: \w+){0,2}|unemployed|self[- ]employed|pensioner"
    r"|on (?:parental|maternity) leave|between jobs)\b"
)
_ROLE = Pattern(
    r"(?:(?:also|now|still|only|just|currently|working as|both)\s+)*(?:an?\s|the\s|(?:head|director|ceo|cto"
    r"|professor|student|ward manager|freelance)\b)"
)
_AFTER_NAME = Pattern(r"$|[,.;!(–—-]|(?:and|from|in|here|btw|by the way|again|the|your|a|writing|calling|with)\b")
_GREETS = Pattern(
    r"\b(?:hi|hiya|hello|hey|good (?:morning|evening|afternoon)|greetings|nice to meet you|hola|bonjour|welcome)\b"
)
_PRESENTED = Pattern(r"\s*(?:,\s*(?:an?\s+)?(?:\d\d|[a-z])|from\s|and i\b|by the way|btw|,?\s*(?:the|your|an?) )")
_AGED = Pattern(r"\s*,\s*(?P<age>\d\d)\b(?!\s*(?:km|kg|%))")
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
            holds = ends or not said.denied
            yield Claim(attribute, value, "user", holds, change, since, None, "", sure, said.start, said.end)


def _since(said: Said) -> float | None:
    phrase = said.phrase or find_time(said.whole[max(said.start - 24, 0) : said.start])
    return resolve(phrase, said.at, "past") if phrase and "since" in phrase[0].lower() else None


def _being(said: Said) -> Told:
    """The first kind that fits: health, family, age, calling, tastes, places, name."""
    rest = said.rest.strip()
    for reads in (_of_health, _of_family, _of_age, _of_role, _of_taste, _of_place, _of_name):
        told = list(reads(said, rest))
        yield from told
        if told:
            return


def _of_health(said: Said, rest: str) -> Told:
    if allergic := _ALLERGIC.match(rest):
        for value in several(_AFTER_ALL.sub("", allergic["to"] or allergic["food"]), most_words=3):
            yield "allergy", "" if _FIGURATIVE.match(value) else value
    elif diet := _DIET.match(rest):
        yield "diet", diet["diet"].lower()
    elif state := _STATE.search(rest):
        yield "health", state["state"].lower()


def _of_family(said: Said, rest: str) -> Told:
    if marital := _MARITAL.match(rest):
        yield "marital status", marital["state"].lower()


def _of_age(said: Said, rest: str) -> Told:
    age, height = _AGE.match(rest), _HEIGHT.match(rest)
    if height and not (age and re.search("year|yo", age[0])):
        yield "height", height["height"].strip()
    elif age and 3 <= int(_age(age["age"])) <= 115:
        yield "age", _age(age["age"])


def _age(words: str) -> str:
    tens, *units = re.split(r"[- ]", words.lower())
    return tens if tens.isdecimal() else str(_TENS[tens] + (_UNITS[units[0]] if units else 0))


def _of_role(said: Said, rest: str) -> Told:
    if status := _STATUS.match(rest):
        former = status["what"].split()[0]
        yield "occupation", status["what"] if former in ("on", "between") else calling(status["what"]) or former
        aged = _AGED.match(rest[status.end() :])
        yield "age", aged["age"] if aged else ""
    elif _ROLE.match(rest) and (called := calling(rest)):
        yield "occupation", called
        yield "work", "" if said.denied and not said.over else employer(rest, said.whole)
        living = None if said.denied else _LIVING.search(rest)
        yield "home", place(living["place"], said.clause) if living else ""


def _of_taste(said: Said, rest: str) -> Told:
    liked = _LIKED.match(rest)
    for value in whole_list(liked["what"]) if liked else ():
        yield "preference", value


def _of_place(said: Said, rest: str) -> Told:
    if said.tense == "future":
        return
    if origin := _FROM.match(rest):
        where = place(origin["place"], said.whole)
        yield "origin", where if re.search("[A-Z]", where) or said.clause.islower() else ""
    elif located := _LOCATED.match(rest):
        settled = _SETTLED.search(said.whole[max(said.start - 6, 0) : said.end])
        where = place(located["place"], said.clause) if settled else ""
        yield "home", where if re.search("[A-Z]", where) or said.clause.islower() else ""
    elif nation := _NATION.match(rest):
        yield "origin", nation[0]


def _of_name(said: Said, rest: str) -> Told:
    """A name, and what stands behind it: ", 31, software tester from Split"."""
    called = _name(rest, said)
    if not called:
        return
    yield "name", called
    rest = rest[rest.find(called) + len(called) :]
    living = re.match(r"\s*(?:,\s*)?(?:from|in)\s+(?P<place>.+)", rest)
    yield "home", hails_from(living["place"], said.whole) if living else ""
    aged = _AGED.match(rest)
    yield "age", aged["age"] if aged else ""
    trade = re.match(
        r"\s*,\s*(?:an?\s+)?(?P<what>[a-z][\w -]+?)(?=\s+(?:from|in|at|for)\s|\s*[,.;!]|\s*$)",
        rest[aged.end() if aged else 0 :],
    )
    yield "occupation", calling(trade["what"]) if trade else ""


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
