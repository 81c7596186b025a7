"""Values as they are kept: cut out of what was said, and compared (pure)."""

from __future__ import annotations

import re
from functools import cache

from semcache.memory.facts.lexicon import LANGUAGES, NATIONALITIES
from semcache.memory.facts.patterns import Pattern
from semcache.memory.facts.times import find_time
from semcache.text.entities import known_names
from semcache.text.tokens import stem

_WORD = Pattern(r"[^\W_]+(?:['’.&+#/-]+[^\W_]+)*[+#]*", cased=True)
_STOP = Pattern(
    r"\s*[,;:(!?]|\.(?:\s|$)|\s[–—-]+\s|\s+(?:and|but|because|cause|so|since|when|while|which"
    r"|who|whom|that|as|if|though|although|where|"
    r"until|till|after|before|during|instead|again|too|either|anyway|btw|by the way|haha|lol"
    r"|now|atm|rn|already|currently|lately|recently|"
    r"at the moment|right now|these days|nowadays|any ?more|any longer|ever since|please|pls"
    r"|thx|thanks|obviously|actually|honestly|"
    r"forever|twice|once|always|though|tho|for (?:me|us|now|years|ages|life|good|a while)|in"
    r" (?:total|general|the end|fact|case|theory)|"
    r"of course|to be exact|with (?:me|us|my|our|his|her|a friend|friends)|w/|than|then|to take"
    r" care|to be with|to start|to be near|to do)\b"
    r"|\s+[:;=]-?[)(DP]|\s+[^\w\s'\"&€$£#@+(-]"
)
_LIST = Pattern(r"\s*(?:,|\band\b|\bor\b|&|\+)\s*")
_LEADING = Pattern(
    r"^(?:(?:a|an|the|my|our|some|any|this|that|these|those|another|one of (?:the|my|our)|both"
    r"|to|also|really|just|even|very own|own|"
    r"bit of|a bit of|a little|lots of|a lot of|all|new|brand new|second[- ]hand|used|beautiful"
    r"|lovely|cute|old|nice|little|small|tiny)\s+)+"
)
_DETERMINERS = Pattern(r"^(?:(?:a|an|the|my|our|some|any|another|to|also|just)\s+)+")
_TRAILING = Pattern(
    r"(?:\s+(?:in|on|at|to|of|for|with|from|by|me|it|there|here|myself|ourselves|a lot|so much"
    r"|very much|lots|the most|a bit|well))+$"
)
_EMPTY = frozenset(
    "it this that them him her you your one ones something anything nothing everything someone"
    " anyone everyone there here how what "
    "when where why who which same such stuff things thing way lot bit all any none idea".split()
)
_PLACE_WORDS = Pattern(
    r"\b(?:village|town|city|suburbs?|countryside|island|farm|country|coast|mountains?|capital"
    r"|centre|center|outskirts|neighbourhood|"
    r"house|flat|apartment|mill|cottage|houseboat|campsite|forest|valley)\b"
)
_NO_PLACE = frozenset(
    "fear hell peace hope denial sin harmony bubble past future present moment world dream dreams"
    " car office meeting middle house home "
    "clouds bed work school love trouble charge days nights bigger smaller another next other"
    " different new part-time it them this that "
    "here there my our your his her their place shape order debt mess rush hurry queue line"
    " hospital room kitchen sun shade way the "
    "monthly yearly front back general fact case total touch mood pain shock business town person"
    " particular theory monday tuesday "
    "wednesday thursday friday saturday sunday paradise poverty luxury sync style".split()
)


_INTENSE = Pattern(
    r"(?:\s+(?:lately|right now|on (?:\w+days|weekends|trains)|every (?:day|week|morning|night|evening|weekend)"
    r"|so much|very much|a lot|too|the most|more than anything|though|as well|now|these days|again"
    r"|any ?more|(?:the )?best|haha|lol|btw|by the way|honestly|always have|always did|but .*|because .*|since .*)"
    r"|\s*[;:=]-?[)D(]|\s*[^\w\s'.-]+)+$"
)
_ITEM = Pattern(r"[^\W\d_][\w'’&.+#-]*(?:\s+[\w'’&+#-]+){0,2}$")
_BOUND = Pattern(
    r"\b(?:it|this|that|these|those|you|your|yours|them|they|their|him|her|his|he|she|its|we|our|us|me|my|i|the|an?"
    r"|how|what"
    r"|when|where|why|if|both|each|being|to|of|in|on|at|with|by|from|for|about|into|over|there|here|is|are|was|were"
    r"|be|been"
    r"|has|have|had|do|does|not|so|very|as|everything|everyone|everywhere|all|one|ones|some|something|someone|more"
    r"|most|best"
    r"|first|second|last|next|new|other|another|same|way|idea|lot|bit|sound|look|option|answer|version|mondays?|seeing"
    r"|having|getting|making|brings|makes|right|better|worse|just|also|even|every|together|lately|immensely"
    r"|especially|such)\b"
)


def cut(text: str, *, most_words: int = 6, keep_lists: bool = False) -> str:
    """The start of a text up to where the value ends: at a conjunction, a time phrase, punctuation."""
    text = text.strip(" \t\"'*_~")
    time = find_time(text)
    if time and time.start():
        text = text[: time.start()]
    elif time:
        text = text[time.end() :]
    if not keep_lists:
        stop = _STOP.search(" " + text)
        text = text[: max(stop.start() - 1, 0)] if stop else text
    text = _TRAILING.sub("", text.strip(" \t\"'*_~.,;:!?-)("))
    words = text.split()
    return " ".join(words[:most_words]) if len(words) <= most_words + 3 else ""


def thing(text: str, *, most_words: int = 6) -> str:
    """A noun phrase without its article; empty if it names nothing ("it", "something")."""
    value = _DETERMINERS.sub("", cut(text, most_words=most_words))
    words = [word.lower() for word in _WORD.findall(value)]
    return "" if not words or words[0] in _EMPTY or words[-1] == "one" else value


def several(text: str, *, most_words: int = 5) -> list[str]:
    """The items of a list: "peanuts, nuts and shellfish"."""
    stop = re.search(
        r"\s*[;:(!?]|\.(?:\s|$)|\s[–—-]+\s|\s+(?:but|because|so|since|when|while|which|who|that|as"
        r"|if|though|although)\b",
        text,
    )
    body = text[: stop.start()] if stop else text
    found = [thing(part, most_words=most_words) for part in _LIST.split(body) if part and part.strip()]
    return [value for value in found if value][:6]


def whole_list(text: str) -> list[str]:
    """The items of a list that ends the clause, each a bare noun of at most three words; none if more is said.

    "hiking and sourdough bread" gives both, "the way you said it" none.
    """
    body = _INTENSE.sub("", text.strip(" .!;,~*"))
    items = [item.strip() for item in _LIST.split(body) if item.strip()]
    bare = all(_ITEM.match(item) and not _BOUND.search(item) for item in items)
    return items[:6] if bare else []


def place(text: str, clause: str, *, lenient: bool = False) -> str:
    """A place name or a description of a place; empty if it is neither.

    `clause`: to see if its writer uses capitals; `lenient`: a single word in lower case is a name all the same.
    """
    text = re.sub(
        r"^\s*(?:(?:an?|the|my|our|some|this)\s+)?(?:[\w-]+\s+){0,3}?(?:flat|house|apartment|room"
        r"|place|studio|cottage|mill|condo|bungalow|shared flat|houseboat|dorm|farm)\s+"
        r"(?:(?:in|near|on the edge of|outside|just outside|at)\s+)",
        "",
        text,
        flags=re.IGNORECASE,
    )
    value = re.split(r"\s+(?:for|with|each|every|next|to|from|on|\d+ days)\s", cut(text))[0]
    words = _WORD.findall(value)
    bare = _DETERMINERS.sub("", value)
    if not words or not bare or bare.split()[0].lower().strip(".,") in _NO_PLACE:
        return ""
    named = any(word[0].isupper() for word in words)
    cased = clause[:1].isupper() or any(
        word[0].isupper() for word in _WORD.findall(clause)[1:] if word not in ("I", "I'm", "I've")
    )
    known = stem(bare.split(" ")[-1].lower()) in _known_places()
    if named:
        return (
            value.removeprefix("the ")
            if words[0] == "the" and len(words) < 4 and not _PLACE_WORDS.search(value)
            else value
        )
    if _PLACE_WORDS.search(value):
        return value
    return bare if known or (not cased and len(words) < 4) or (lenient and len(words) == 1) else ""


def hails_from(text: str, clause: str) -> str:
    """The place that somebody introduces themselves with; empty where it is known to be none: "Ann from IKEA"."""
    value = place(text, clause)
    return value if known_names().get(stem(value.lower()), "place") == "place" else ""


@cache
def _known_places() -> frozenset[str]:
    return frozenset(known for known, kind in known_names().items() if kind == "place")


def name(text: str, *, sure: bool) -> str:
    """A person's name at the start of a text. `sure`: it is one even in lower case ("my name is tom")."""
    found = re.match(
        r"(?i:(?:dr|prof|mr|mrs|ms|miss)\b\.?\s+)*((?:[A-ZÀ-ÖØ-Þ][\w'’-]+|[A-Z]\.)(?:\s+(?:(?:van"
        r"|von|de|der|den|la|le|al|el|bin|ibn|da|dos|di)\s+)*[A-ZÀ-ÖØ-Þ][\w'’-]+)*)",
        text,
    ) or (re.match(r"(?i:(?:dr|prof)\.?\s+)?([a-zà-ÿ][\w'-]+)", text) if sure else None)
    value = found[1] if found else ""
    return "" if value.split(" ")[0].lower() in LANGUAGES | NATIONALITIES and not sure else value


def key(value: str) -> str:
    """What values are compared by: words in lower case, articles and what only colours them dropped."""
    words = [word.lower() for word in _WORD.findall(_LEADING.sub("", value.strip()).replace("-", " "))]
    return " ".join(words) or value.strip().lower()


def words(value: str) -> frozenset[str]:
    """The words of a value, for comparing it loosely; a plural is its singular."""
    return frozenset(
        word.rstrip("s") if len(word) > 3 else word
        for word in key(value).split()
        if word not in ("of", "the", "a", "in", "at", "to", "for")
    )
