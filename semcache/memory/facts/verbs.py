"""What verbs in the first person tell: "I moved to ...", "we sold ...", "I hate ..." (pure rules)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from semcache.memory.facts.being import calling, condition, employer, pet_or_kin
from semcache.memory.facts.lexicon import BODY, DIETS, FOODS, LANGUAGES, THINGS
from semcache.memory.facts.patterns import Pattern
from semcache.memory.facts.reading import Said
from semcache.memory.facts.times import mentions_future, resolve
from semcache.memory.facts.types import Change, Claim
from semcache.memory.facts.values import cut, place, several, thing

Claims = Iterator[Claim]
_IN = Pattern(r"\b(?:in|near|at|around|outside|close to|by|on)\s+(?=(?P<place>.+))")
_TO = Pattern(r"\b(?:to|into)\s+(?=(?P<place>.+))")
_FROM = Pattern(r"\b(?:out of|away from|from)\s+(?=(?P<place>.+?)(?:\s+(?:to|into)\s|$))")
_JOB = Pattern(
    r"^(?:(?:a|an|my|the|this|that|your)\s+)?(?:(?:new|old|current|dream|first|full[- ]time|part[- ]time"
    r"|summer|day|awful|boring)\s+)*(?:job|position|role|work|contract|gig|post)\b"
)
_FEELING_OBJECT = Pattern(
    r"^(?:it|this|that|these|those|you|your|them|him|her|his|how|what|when|where|why|if|the (?:idea"
    r"|way|fact|look|sound|new|suggestion|answer|one)|both|each|my (?:order|bike)|being|to (?:know"
    r"|hear|ask|see"
    r"|say|thank|return|order|cancel|get|have|buy|find|be|change|be|use|go back)|that|a (?:lot"
    r"|bit|little)|and|but|not|so|very|as|here|there|too|all of|everything|everyone|mondays?)\b"
)
_THEN = frozenset(
    "lived worked studied taught owned had drove played ran smoked rode practised practiced spoke".split()
)
_PERFECT = Pattern(r"^\W*(?:and\s+|but\s+)?(?:i|we)(?:'?ve|\s+have)\b")
_LASTING = Pattern(r"\b(?:since|for (?!\w+ing\b))")
_BEFORE = 24  # characters before a clause where its time may stand: "Next Friday, I have ..."
_HOUSEHOLD = frozenset(
    "it them this that some one ones another lot time way money sense point better worse used"
    " lucky rid back home out up there here in on off off-track lost stuck tickets".split()
)


def _claim(
    said: Said,
    attribute: str,
    value: str,
    *,
    change: Change = Change.ASSERTS,
    holds: bool = True,
    since: float | None = None,
    until: float | None = None,
    subject: str = "user",
    confidence: float = 0.8,
) -> Claims:
    if value:
        yield Claim(attribute, value, subject, holds, change, since, until, "", confidence, said.start, said.end)


def _state(said: Said, attribute: str, value: str, *, since: float | None = None, confidence: float = 0.8) -> Claims:
    """A value that holds, or is over, or is denied."""
    if said.over or (_told_of_then(said) and not said.denied):
        yield from _claim(said, attribute, value, change=Change.ENDS, confidence=confidence)
    elif said.denied:
        yield from _claim(said, attribute, value, holds=False, confidence=confidence)
    else:
        yield from _claim(said, attribute, value, since=since, confidence=confidence)


def _told_of_then(said: Said) -> bool:
    """ "I lived in ..." tells of what was; "I've lived here for six years" of what is."""
    lasts = _PERFECT.match(said.clause.strip()) and _LASTING.search(said.rest)
    return said.tense == "past" and not said.progressive and said.form in _THEN and not lasts


def _live(said: Said) -> Claims:
    found = _IN.search(said.rest)
    where = place(found["place"], said.clause, lenient=True) if found else ""
    if not where or (
        said.verb == "rent" and (said.denied or re.search(r"\b(?:each|every|for (?:the|a|two|three))\b", said.rest))
    ):
        return
    if said.tense == "future" or (said.denied and not said.over):
        since = said.since
        if said.denied:
            yield from _claim(said, "home", where, holds=False)
        elif since is not None:
            yield from _claim(said, "home", where, since=since)
        return
    yield from _state(said, "home", where, since=_back(said))


def _back(said: Said) -> float | None:
    """The time named, where it lies in the past: "since 2019", "for three years"."""
    phrase = said.phrase
    since = resolve(phrase, said.at, "past") if phrase and said.tense != "future" else said.since
    return since if since is None or said.tense == "future" or since <= said.at else None


def _move(said: Said) -> Claims:
    if (
        said.denied
        or re.match(r"\s*(?:on|forward|ahead|past|my|the|it)\b(?! out)", said.rest, re.IGNORECASE)
        or said.form in ("change", "changed")
    ):
        return
    to, off = _TO.search(said.rest), _FROM.search(said.rest)
    phrase = said.phrase
    where = place(to["place"], said.clause) if to else ""
    when = phrase and resolve(phrase, said.at, "past" if said.tense == "past" else "future")
    coming = said.progressive or said.tense == "future" or said.form in ("move", "relocate", "moving")
    if off:
        left = place(off["place"], said.clause)
        yield from (
            _claim(said, "home", left, change=Change.ENDS, until=when) if left and not (coming and when is None) else ()
        )
    if where and (not coming or when is not None):
        yield from _claim(said, "home", where, since=when)
    elif where:
        yield from _planned(said, f"move to {where}")


def _work(said: Said) -> Claims:
    if re.match(r"\s*(?:from home|hard|out|on|my|remotely|too|like|with you|together)\b", said.rest, re.IGNORECASE):
        return
    if said.denied and not said.over:
        return
    role = re.search(r"\bas\s+(?=(?P<role>.+))", said.rest, re.IGNORECASE)
    if role:
        yield from _state(
            said, "occupation", thing(re.split(r"\s+(?:at|for|with|in)\s+", role["role"])[0]), since=_back(said)
        )
    if not re.match(r"\s*with\b", said.rest):
        yield from _state(said, "work", employer(said.rest, said.whole), since=_back(said))


def _teach(said: Said) -> Claims:
    subject = re.match(
        r"\s*(?!(?:you|him|her|them|me|myself|us|on|at|in|there|here|again|every)\b)(?P<what>[\w ]+?)(?=\s+(?:at"
        r"|in|to|on|for)\b|\s*$|[,.])",
        said.rest,
    )
    if subject and not said.denied:
        yield from _state(said, "occupation", f"teach {thing(subject['what'])}" if thing(subject["what"]) else "")
        yield from _state(said, "work", employer(said.rest, said.whole))


def _run(said: Said) -> Claims:
    business = re.match(
        r"\s*(?P<what>(?:a|an|my|our|the|two|three)\s+(?:[\w'-]+\s+){0,3}?(?:bakery|shop|store|caf[eé]"
        r"|restaurant|business|company|startup|studio|practice|farm|school|agency|hotel"
        r"|bar|pub|salon|gallery|firm|clinic|workshop|bookshop|guesthouse|charity|podcast|blog|kindergarten"
        r"|garage|brewery|winery|vineyard))\b",
        said.rest,
        re.IGNORECASE,
    )
    if business:
        yield from _state(said, "occupation", f"{'own' if said.verb == 'own' else 'run'} a {thing(business['what'])}")
        role = re.search(r"\bas\s+(?=(?P<role>.+))", said.rest)
        yield from _state(said, "occupation", thing(role["role"])) if role else ()
    elif said.verb == "own":
        yield from _possess(said)
    else:
        yield from _future(said)


def _study(said: Said) -> Claims:
    if not said.denied:
        yield from _state(said, "studies", thing(re.split(r"\s+(?:at|in|on)\s+(?=[A-Z]|the\b|uni)", said.rest)[0]))


def _start(said: Said) -> Claims:
    if said.denied:
        return
    role = re.search(r"\bas\s+(?=(?P<role>.+))", said.rest, re.IGNORECASE)
    job = _JOB.match(said.rest.strip())
    phrase = said.phrase
    when = phrase and resolve(phrase, said.at, "past" if said.tense == "past" else "future")
    if role:
        yield from _claim(said, "occupation", thing(re.split(r"\s+(?:at|for|with|in)\s+", role["role"])[0]), since=when)
        yield from _claim(said, "work", employer(role["role"], said.whole), since=when)
    elif job:
        following = re.match(r"[^,]*,\s*(?P<role>.+)", said.rest)
        called = calling(following["role"]) if following else ""
        yield from _claim(said, "occupation", called, since=when)
        yield from _claim(said, "work", employer(said.rest, said.whole), since=when)
    elif re.match(r"\s*(?:at|in)\s+[A-Z]|\s*at\s", said.rest):
        yield from _claim(said, "work", employer(said.rest, said.whole), since=when)
    elif re.match(r"\s*(?:my|our)\s+own\s", said.rest):
        yield from _claim(said, "occupation", thing(said.rest), since=when)
    elif re.match(r"\s*[\w-]+ (?:training|school|studies|degree|course|apprenticeship|university)\b", said.rest):
        yield from _claim(
            said, "plan" if said.tense == "future" or (when or 0) > said.at else "studies", thing(said.rest)
        )
    elif re.match(r"\s*(?:to\s+)?(?:learn|play)\w*\s", said.rest):
        yield from _claim(said, "hobby", thing(re.sub(r"^\s*(?:to\s+)?(?:learn|play)\w*\s", "", said.rest)))


def _leave(said: Said) -> Claims:
    if said.denied or (said.tense == "future" and said.since is None):
        return
    job = _JOB.match(said.rest.strip())
    habit = re.match(
        r"\s*(?:smoking|drinking|vaping|gambling|sugar|alcohol|caffeine|coffee)\b", said.rest, re.IGNORECASE
    )
    if job:
        where = employer(said.rest, said.whole)
        yield from _claim(said, "work", where or "job", change=Change.ENDS, until=said.since)
    elif habit and said.verb == "quit":
        yield from _claim(said, "hobby", habit[0].strip(), change=Change.ENDS)
    elif (
        said.form in ("left", "quit", "leaving")
        and re.match(r"\s*(?:the company )?[A-Z][\w&.]+", said.rest)
        and "home" not in said.rest[:6]
    ):
        yield from _claim(
            said, "work", thing(re.split(r"\s+(?:to|for|at)\s", said.rest)[0]), change=Change.ENDS, until=_back(said)
        )


def _retire(said: Said) -> Claims:
    if not said.denied and (said.tense == "past" or said.since is not None):
        yield from _claim(said, "occupation", "retired", since=said.since)


def _have(said: Said) -> Claims:
    rest = re.sub(r"^\s*got\b\s*", "", said.rest)
    no = re.match(r"\s*(?:no|any|never)\s+(?=\S)", rest)
    denied = said.denied or bool(re.match(r"\s*no\s", rest))
    rest = rest[no.end() :] if no else rest
    told = replace(said, rest=rest, denied=denied)
    if re.match(r"\s*(?:no idea|to\b|been\b)", said.rest):
        return
    yield from _object(told)


def _object(said: Said) -> Claims:
    """What somebody has: a condition, a relative, an animal, an appointment or a thing."""
    found = condition(said.rest) or pet_or_kin(said.rest)
    if found:
        for attribute, value in found:
            yield from _state(said, attribute, value, since=said.since if attribute == "pet" else None)
        return
    dated = re.match(
        r"\s*(?:a|an|my|the|our|another)\s+(?P<what>(?:[\w-]+\s+){0,2}?(?:appointment|meeting|interview"
        r"|exam|flight|surgery|operation|check-?up|wedding|concert|recital|rehearsal|conference|viva"
        r"|defen[cs]e|hearing|deadline)\b(?:\s+(?:at|with|to|in)\s+(?:the\s+)?[\w' ]+?(?=\s+(?:on"
        r"|at|next|this|in)\b|$|[,.]))?)",
        said.rest,
        re.IGNORECASE,
    )
    before = said.whole[max(said.start - _BEFORE, 0) : said.start]
    if dated and mentions_future(f"{before} {said.clause}", said.at) and not said.denied:
        yield from _planned(said, thing(dated["what"]))
        return
    value = thing(said.rest)
    words = [word.strip(".,").lower() for word in re.split(r"\s+", value)]
    head = re.split(r"\s+(?:from|with|for|of|in|at|to|on|called|named|by)\s+", value)[0]
    known = any(word in THINGS for word in words[:5])
    product = bool(re.match(r"[A-Z][\w-]*[a-z0-9](?:\s|$)", head)) and re.search(r"^\s*(?:a|an)\s", said.rest)
    if value and (known or product):
        yield from _state(said, "possession", head)


def _possess(said: Said) -> Claims:
    """ "I bought ..." """
    rest = said.rest
    if (said.denied and said.verb != "own") or (said.tense == "future") or (said.progressive and said.verb != "drive"):
        return
    if re.match(r"\s*(?:that|it)\b", rest):
        return
    found = pet_or_kin(rest) if said.verb in ("buy", "adopt", "get", "own", "rescue") else []
    if found:
        for attribute, value in found:
            yield from _state(said, attribute, value, since=_back(said))
        return
    if not re.match(r"\s*(?:a|an|the|my|our|another|two|three|four|new|some|one|both|this|that|\d|[A-Z])", rest):
        return
    value = re.split(
        r"\s+(?:from|for|off|at|on|as|to|instead|via|through|after|with|in (?!(?:[A-Z]\w+$)))\s*", thing(rest)
    )[0]
    words = value.lower().split()
    if value and words[0] not in _HOUSEHOLD and len(words) <= 5:
        yield from _state(said, "possession", value, since=_back(said))


def _get(said: Said) -> Claims:
    rest = said.rest.strip()
    low = rest.lower()
    if said.denied or said.tense == "future":
        if low.startswith("married"):
            yield from _planned(said, "getting married")
        return
    if low.startswith(("married", "engaged", "divorced")):
        state = low.split()[0].strip(",.!")
        if said.progressive and state == "married":
            yield from _planned(said, "getting married")
            return
        yield from _claim(said, "marital status", state, since=_back(said))
        if state == "divorced":
            yield from _claim(said, "family", "spouse", change=Change.ENDS, until=_back(said))
    elif re.match(r"(?:promoted|hired)\b", low):
        role = re.search(r"\b(?:to|as)\s+(?=(?P<role>.+))", rest)
        yield from _claim(said, "occupation", thing(role["role"])) if role else ()
    elif re.match(r"(?:laid off|fired|sacked|made redundant|let go)\b", low):
        yield from _claim(said, "work", _dismissed_by(rest) or "job", change=Change.ENDS, until=_back(said))
    elif low.startswith("rid of"):
        yield from _claim(said, "possession", thing(rest[6:]), change=Change.ENDS)
    elif _JOB.match(rest):
        role = re.search(r"\bas\s+(?=(?P<role>.+))", rest)
        yield from (
            _claim(said, "occupation", thing(re.split(r"\s+(?:at|for|with|in)\s+", role["role"])[0])) if role else ()
        )
        yield from _claim(said, "work", employer(rest, said.whole), since=said.since)
    elif said.form == "got" and not said.progressive and re.match(r"(?:a|an|my|our|the|another|two|three|new)\s", low):
        new = re.match(
            r"(?:a|an|my|our)\s+(?:brand[- ])?new\s+(?!(?:job|text|e-?mail|message|error|problem|question"
            r"|code|letter|idea|one|start)\b)",
            low,
        )
        if pet_or_kin(rest) or (new and not condition(rest)):
            yield from _possess(said)
        else:
            yield from _object(said)


def _dismissed_by(rest: str) -> str:
    """The employer in "laid off from Wayfair in August"."""
    found = re.search(r"\b(?:from|by|at)\s+(?=(?P<who>.+))", rest)
    where = re.split(r"\s+(?:in|on|last|this|after|because)\s+", thing(found["who"]))[0] if found else ""
    return "" if re.match(r"(?:work|my|the job|once)\b", where.lower()) else where


def _lose(said: Said) -> Claims:
    if said.denied or (said.tense == "future" and said.since is None) or said.progressive:
        return
    what = re.match(r"\s*(?:(?:up|away|off|in|back|out)\s+)?(?P<what>.+)", said.rest)
    if not what:
        return
    rest = what["what"]
    if re.match(r"(?:away|in|up)\b", said.rest.strip()) and said.verb == "give":
        if re.match(r"\s*up\s", said.rest):
            value = thing(rest)
            yield from (
                _claim(said, "hobby", value, change=Change.ENDS, until=_back(said))
                if value and value.split()[0].lower() not in ("trying", "on", "hope")
                else ()
            )
            return
    elif said.verb == "give":
        return
    if not re.match(r"(?:my|our|the|both|all|his|her|a|an|\d|[A-Z])", rest):
        return
    first = thing(re.split(r"\s+(?:to|for|at|in|on|with|by|through|after|online)\s+", rest)[0])
    if said.verb == "lose" and not re.match(r"\s*(?:my|our)\s", said.rest):
        return
    if first.lower() in ("job",):
        yield from _claim(said, "work", "job", change=Change.ENDS, until=_back(said))
        return
    if re.match(
        r"(?:weight|mind|way|patience|temper|password|mother|father|mum|dad|wife|husband|touch|count"
        r"|track|game|match|account|order|request|ticket)\b",
        first.lower(),
    ):
        return
    yield from _claim(said, "possession", first, change=Change.ENDS, until=_back(said))
    bought = re.search(r"\bfor\s+(?=(?:a|an|my|our)\s+(?P<new>.+))", rest)
    if said.verb == "trade" and bought:
        yield from _claim(said, "possession", thing(bought["new"]), since=_back(said))


def _cancel(said: Said) -> Claims:
    if said.denied or said.tense == "future" or said.progressive:
        return
    value = thing(said.rest)
    if not value or re.match(r"(?:order|it|that|everything)\b", value.lower()):
        return
    kind = (
        "possession"
        if re.search(r"membership|subscription|plan|insurance|contract|netflix|spotify|card", value.lower())
        else "plan"
    )
    yield from _claim(said, kind, value, change=Change.ENDS)


def _switch(said: Said) -> Claims:
    if said.denied or said.tense == "future":
        return
    named = re.match(
        r"\s*my (?:last |sur|first )?name(?:\s+(?:from .+? )?to\s+(?P<new>[A-Z]\S+(?:\s+[A-Z]\S+)*))?", said.rest
    )
    if named:
        yield from _claim(said, "name", named["new"] or "")
        return
    both = re.match(r"\s*(?:(?:from\s+)?(?P<old>[\w' -]{2,40}?)\s+)?(?:to|for)\s+(?P<new>.+)", said.rest)
    if both and said.form not in ("change",) and "job" not in (both["old"] or "") and thing(both["new"]):
        old = thing(both["old"] or "")
        new = thing(both["new"])
        diet = re.match(r"(?:vegan|vegetarian|keto)", new, re.IGNORECASE)
        yield from _claim(said, "possession", old, change=Change.ENDS)
        yield from _claim(said, "diet" if diet else "possession", new, confidence=0.6)


def _feel(said: Said, *, likes: bool) -> Claims:
    if _FEELING_OBJECT.match(said.rest.strip()) or said.tense == "future" or not said.rest.strip():
        return
    if said.form in ("loved", "liked", "enjoyed", "hated") and not said.over:
        return  # a film, a meal, an evening
    rest = re.sub(r"\s+(?:to|over|than|more than)\s+.*", "", said.rest) if said.verb == "prefer" else said.rest
    for value in several(re.sub(r"^\s*(?:rather|to)\s+", "", rest)):
        if said.over:
            yield from _claim(said, "preference", value, change=Change.ENDS)
        else:
            yield from _claim(said, "preference", value, holds=likes != said.denied)


def _like(said: Said) -> Claims:
    return _feel(said, likes=True)


def _hate(said: Said) -> Claims:
    return _feel(said, likes=False)


def _stand(said: Said) -> Claims:
    return _feel(replace(said, denied=False), likes=False) if said.denied else iter(())


def _eat(said: Said) -> Claims:
    if said.tense == "future" or said.progressive or said.form in ("ate", "drank"):
        return
    food = re.match(
        rf"\s*(?:any\s+)?(?P<food>(?:{FOODS})\b(?:\s*(?:,|and|or)\s*(?:{FOODS})\b)*)", said.rest, re.IGNORECASE
    )
    cannot = re.search(
        r"\b(?:can't|cannot|cant|can not)\s+(?:\w+\s+)?$",
        said.whole[: said.whole.lower().find(said.form)] if said.form in said.whole.lower() else "",
        re.IGNORECASE,
    )
    if food and cannot and said.denied:
        for value in several(food["food"]):
            yield from _claim(said, "allergy", value)
    elif (
        food
        and (said.denied or said.over)
        and food["food"].lower() in ("meat", "pork", "beef", "fish", "dairy", "sugar", "alcohol")
    ):
        yield from _claim(said, "diet", f"no {food['food'].lower()}")
    else:
        for value in several(re.sub(r"^\s*only\s+", "", said.rest)):
            if said.over:
                yield from _claim(said, "preference", value, change=Change.ENDS)
            elif said.denied or said.verb == "drink" or food:
                yield from _claim(said, "preference", value, holds=not said.denied, confidence=0.7)


def _stop(said: Said) -> Claims:
    found = re.match(r"\s*(?P<what>(?P<verb>\w+ing)\b\s*(?P<object>.*))", said.rest)
    if not found or said.denied:
        return
    verb = found["verb"].lower()
    if verb == "eating" and re.match(r"meat|fish|dairy|sugar|gluten|pork", found["object"].lower()):
        yield from _claim(said, "diet", f"no {thing(found['object'])}", since=_back(said))
    elif verb in ("drinking", "eating"):
        yield from _claim(said, "preference", thing(found["object"]) or verb, change=Change.ENDS)
    elif verb in ("working",):
        yield from _claim(
            said, "work", employer(found["object"], said.whole) or "job", change=Change.ENDS, until=_back(said)
        )
    elif verb in ("smoking", "vaping", "running", "climbing", "gambling", "dancing"):
        yield from _claim(said, "hobby", verb, change=Change.ENDS, until=_back(said))
    elif verb in ("playing", "doing", "collecting"):
        yield from _claim(said, "hobby", thing(found["object"]), change=Change.ENDS, until=_back(said))


def _play(said: Said) -> Claims:
    if re.match(
        r"\s*(?:with|around|along|it|a (?:role|part|game|song|trick)|music|back|no role|dead)\b", said.rest
    ) or (said.denied and not said.over):
        return
    value = re.split(r"\s+(?:in|at|with|every|on|for|twice|once)\s+", thing(said.rest))[0]
    yield from _state(said, "hobby", value, confidence=0.75)


def _speak(said: Said) -> Claims:
    for word in re.findall(r"[A-Za-z]+", said.rest):
        if word.lower() in LANGUAGES and not re.match(r"\s*(?:to|with|about)\b", said.rest):
            yield from _state(said, "language", word)


def _diet(said: Said) -> Claims:
    """ "I went vegan", "I've gone vegetarian"."""
    found = re.match(rf"\s*(?:an?\s+|fully\s+|completely\s+|mostly\s+)?(?P<diet>{DIETS})\b", said.rest, re.IGNORECASE)
    if found and not said.denied and said.tense != "future" and said.form not in ("go", "going", "turning", "becoming"):
        yield from _claim(said, "diet", found["diet"].lower(), since=_back(said))


def _turn(said: Said) -> Claims:
    yield from _diet(said)
    age = re.match(r"\s*(?P<age>\d{1,3})\b(?!\s*(?:%|km|degrees))", said.rest)
    if age and not said.denied:
        yield from _claim(said, "age", age["age"], since=said.since)


def _weigh(said: Said) -> Claims:
    amount = re.match(
        r"\s*(?P<amount>[\d.,]+\s*(?:kg|kilos?|kilograms?|lbs?|pounds|stone)\b)", said.rest, re.IGNORECASE
    )
    yield from _claim(said, "weight", amount["amount"]) if amount and not said.denied else ()


_MEDICINE = Pattern(
    r"\b(?:metformin|insulin|ibuprofen|aspirin|sertraline|prozac|zoloft|lexapro|adderall|ritalin"
    r"|warfarin|prednisone|levothyroxine|statins?|lisinopril|omeprazole|antidepressants"
    r"|blood thinners|beta[- ]blockers|[a-z]+(?:pril|statin|olol|azole|cillin|xaban|oxetine|sartan))\b"
)


def _take(said: Said) -> Claims:
    size = re.match(r"\s*(?:a\s+)?size\s+(?P<size>\S+)", said.rest, re.IGNORECASE) or re.match(
        r"\s*(?P<size>XXS|XS|S|M|L|XL|XXL)\b", said.rest
    )
    medicine = _MEDICINE.search(said.rest)
    if size and not said.denied:
        yield from _claim(said, "size", size["size"].strip(".,"))
    elif medicine:
        yield from _state(said, "health", f"takes {medicine[0]}")


def _break(said: Said) -> Claims:
    part = re.match(
        rf"\s*(?:my|our)\s+(?P<part>(?:(?:left|right|lower|upper|big)\s+)?(?:{BODY})s?)\b", said.rest, re.IGNORECASE
    )
    if part and not said.denied and said.tense != "future":
        yield from _claim(
            said, "health", f"{'broke' if said.form == 'broken' else said.form} {part['part']}", since=_back(said)
        )
    elif re.match(r"\s*up\b", said.rest) and not said.denied:
        yield from _split(said)


def _split(said: Said) -> Claims:
    other = re.search(r"\b(?:with|,)\s*(?P<who>(?:my )?[\w]+)", said.rest)
    who = thing(other["who"]) if other else ""
    value = who or "partner"
    if not said.denied and (said.form in ("separated", "divorced", "broke") or re.match(r"\s*up\b", said.rest)):
        yield from _claim(said, "family", value, change=Change.ENDS, until=_back(said))


def _grow(said: Said) -> Claims:
    found = re.match(r"\s*up\s+(?:in|near|on|around)\s+(?P<place>.+)", said.rest)
    yield from _claim(said, "origin", place(found["place"], said.clause)) if found and not said.denied else ()


def _born(said: Said) -> Claims:
    year = re.match(r"\s*in\s+(?P<year>(?:19|20)\d\d)\b", said.rest)
    day = re.match(r"\s*on\s+(?:the\s+)?(?P<day>.+)", said.rest)
    if year:
        yield from _claim(said, "birth year", year["year"])
    elif day:
        yield from _claim(said, "birthday", re.split(r"[,.;]| in ", day["day"])[0].strip())
    found = re.search(r"\bin\s+(?=[^\d\s])(?P<place>.+)", said.rest)
    yield from _claim(said, "origin", place(found["place"], said.clause)) if found else ()


def _marry(said: Said) -> Claims:
    who = re.match(r"\s*(?P<who>[A-Z]\w+)", said.rest)
    if not said.denied and said.tense != "future":
        yield from _claim(said, "marital status", "married", since=_back(said))
        yield from _claim(said, "family", f"spouse {who['who']}") if who else ()


_NEAR = Pattern(
    r"^\s*(?:to (?:bed|sleep|try|be honest|the (?:toilet|shop|bathroom|point))|back|home|out"
    r"|through|with|ahead|on|for it|there|and|nuts|crazy|mad|well)\b"
)


def _travel(said: Said) -> Claims:
    """Journeys to come: "we're flying to Japan in October"."""
    if said.verb == "go":
        yield from _diet(said)
    coming = (
        said.progressive
        or said.tense == "future"
        or (said.tense == "present" and mentions_future(said.clause, said.at))
    )
    if not coming or said.form in ("went", "flew", "gone", "visited", "travelled") or _NEAR.match(said.rest):
        return
    to = re.match(
        r"\s*(?:(?:up|down|over|on (?:holiday|vacation|a trip)|all the way|by \w+)\s+)?(?:to\s+)?(?P<where>.+)",
        said.rest,
    )
    where = thing(to["where"]) if to else ""
    named = bool(re.match(r"(?:the\s+)?[A-Z]", where)) or mentions_future(said.clause, said.at)
    if (
        not where
        or not named
        or (
            said.verb == "go"
            and not re.match(r"\s*(?:\w+\s+){0,3}?to\s", said.rest)
            and not mentions_future(said.clause, said.at)
        )
    ):
        return
    if said.denied or said.over:
        yield from _planned(said, where, change=Change.ENDS)
    else:
        yield from _planned(
            said,
            f"{said.verb} to {where}" if said.verb in ("go", "fly", "travel") else f"{said.verb} {where}",
        )


def _planned(said: Said, value: str, *, change: Change = Change.ASSERTS) -> Claims:
    """A plan: known from when it is told, and over a month after the time it is for, if that is named."""
    when = resolve(said.phrase, said.at, "future") if said.phrase else None
    over = None if when is None or change is Change.ENDS else max(when, said.at) + 31 * 86_400
    yield from _claim(said, "plan", value, change=change, until=over)


def _plan(said: Said) -> Claims:
    to = re.match(r"\s*(?:(?:to|on)\s+)?(?P<what>.+)", said.rest)
    if to and re.match(r"\s*(?:to|on|a|an|our|my)\s", said.rest) and not said.denied and said.tense != "past":
        value = cut(to["what"], most_words=8)
        yield from _planned(said, re.sub(r"^(?:a|an|our|my)\s+", "", value))


def _book(said: Said) -> Claims:
    if (
        said.denied
        or said.tense == "future"
        or re.match(r"\s*(?:it|that|them|the (?:mechanic|slot))\b|\s*(?:on|in|for)\s", said.rest)
        or said.progressive
    ):
        return
    if re.match(r"\s*(?:a|an|the|two|three|four|our|my|\d|flights|tickets|[A-Z])", said.rest):
        yield from _planned(said, thing(said.rest))


def _expect(said: Said) -> Claims:
    if re.search(r"\b(?:baby|child|twins|boy|girl|first|second)\b", said.rest) and not said.denied:
        yield from _planned(said, "expecting a baby" if "twins" not in said.rest else "expecting twins")


def _commute(said: Said) -> Claims:
    found = re.search(r"\bfrom\s+(?P<place>.+?)(?=\s+(?:to|into)\s|$)", said.rest)
    yield from _state(said, "home", place(found["place"], said.clause), confidence=0.7) if found else ()


def _suffer(said: Said) -> Claims:
    found = re.match(r"\s*(?:from|with)\s+(?P<what>.+)", said.rest)
    if found:
        for value in several(found["what"]):
            yield from _state(said, "health", value)


def _diagnosed(said: Said) -> Claims:
    """What a doctor found stays, though it was found in the past."""
    found = re.match(r"\s*(?:as\s+|with\s+)(?P<what>.+)", said.rest)
    if found and said.tense != "future" and not said.denied:
        for value in several(found["what"]):
            yield from _claim(said, "health", value, since=_back(said))


def _future(said: Said) -> Claims:
    """Anything to come with a time: "next week I'm running a marathon"."""
    if (said.progressive or said.tense == "future") and not said.denied and mentions_future(said.clause, said.at):
        value = cut(said.rest, most_words=6)
        yield from _planned(said, f"{said.form} {value}") if value and not _FEELING_OBJECT.match(value) else ()


_NO_PLANS = Pattern(
    r"\s*(?:need|have|want|see|be|try|call|ask|tell|send|wait|use|check|say|let|look|reply|write|complain|contact)\b"
    r"|\s*\w+\s+(?:you|it|this|that|them|him|her|back|again|up)\b"
)


def _intended(said: Said) -> Claims:
    """Plans of any verb: "we're going to renovate the bathroom next spring"; "I'll send it tomorrow" is none."""
    going = re.search(r"\b(?:going to|gonna)\b", said.clause)
    if going and not said.denied and mentions_future(said.clause, said.at) and not _NO_PLANS.match(said.rest):
        value = cut(said.rest.strip(), most_words=6)
        yield from _planned(said, value) if value else ()


def _adopt(said: Said) -> Claims:
    return _possess(said) if pet_or_kin(said.rest) else iter(())


def _become(said: Said) -> Claims:
    yield from _diet(said)
    to = re.sub(r"^\s*to\s+(?:be\s+)?", "", said.rest)
    role = calling(to) or (thing(to) if said.form == "promoted" else "")
    if not said.denied and role and said.tense != "future":
        yield from _claim(said, "occupation", role, since=_back(said))


def _drive(said: Said) -> Claims:
    if (
        re.match(r"\s*(?:a|an|my|our|the)\s", said.rest)
        and not said.progressive
        and said.tense == "present"
        and not said.denied
    ):
        value = re.split(r"\s+(?:to|for|from|at|in|on|every|with)\s", thing(said.rest))[0]
        if (value and re.search(r"[A-Z0-9]", value)) or value.split(" ")[-1].lower() in THINGS:
            yield from _state(said, "possession", value)


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "live": _live,
    "settle": _live,
    "rent": _live,
    "move": _move,
    "work": _work,
    "teach": _teach,
    "run": _run,
    "own": _run,
    "study": _study,
    "start": _start,
    "leave": _leave,
    "quit": _leave,
    "retire": _retire,
    "have": _have,
    "get": _get,
    "buy": _possess,
    "order": _possess,
    "sell": _lose,
    "lose": _lose,
    "trade": _lose,
    "give": _lose,
    "donate": _lose,
    "return": _lose,
    "cancel": _cancel,
    "switch": _switch,
    "like": _like,
    "prefer": _like,
    "hate": _hate,
    "stand": _stand,
    "eat": _eat,
    "drink": _eat,
    "stop": _stop,
    "play": _play,
    "collect": _play,
    "practise": _play,
    "speak": _speak,
    "turn": _turn,
    "weigh": _weigh,
    "take": _take,
    "wear": _take,
    "break": _break,
    "hurt": _break,
    "split": _split,
    "grow": _grow,
    "born": _born,
    "marry": _marry,
    "go": _travel,
    "fly": _travel,
    "travel": _travel,
    "visit": _travel,
    "plan": _plan,
    "book": _book,
    "expect": _expect,
    "commute": _commute,
    "suffer": _suffer,
    "recover": _suffer,
    "suffered": _diagnosed,
    "adopt": _adopt,
    "become": _become,
    "drive": _drive,
    "ride": _drive,
    "attend": _future,
    "learn": _future,
    "": _intended,
}
