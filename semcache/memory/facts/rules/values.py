"""Values as they are kept: cut out of what was said, and compared (pure)."""

from __future__ import annotations

import re
from functools import cache

from semcache.memory.dates.phrases import find_time
from semcache.memory.facts.rules.lexicon import LANGUAGES, NATIONALITIES
from semcache.text.entities import known_names
from semcache.text.patterns import Pattern
from semcache.text.tokens import stem

_WORD = Pattern(r"[^\W_]+(?:['’.&+#/-]+[^\W_]+)*[+#]*", cased=True)
_STOP = Pattern(
    r"\s*[,;:(!?]|\.(?:\s|$)|\s[–—-]+\s|\s+(?:and|but|because|cause|so|since|when|while|which|who|whom|that|as|if"
    r"|though|although|where|until|till|after|before|during|instead|again|too|either|anyway|btw|by the way|haha|lol|now"
    r"|atm|rn|already|currently|lately|recently|at the moment|right now|these days|nowadays|any ?more|any longer"
    r"|ever since|please|pls|thx|thanks|obviously|actually|honestly|forever|twice|once|always|tho"
    r"|for (?:me|us|now|years|ages|life|good|a while)|in (?:total|general|the end|fact|case|theory)|of course"
    r"|to be exact|with (?:me|us|my|our|his|her|a friend|friends)|w/|than|then|to take care|to be with|to start"
    r"|to be near|to do)\b|\s+[:;=]-?[)(DP]|\s+[^\w\s'\"&€$£#@+(-]"
)
_LIST = Pattern(r"\s*(?:,|\band\b|\bor\b|&|\+)\s*")
_LIST_ENDS = Pattern(
    r"\s*[;:(!?]|\.(?:\s|$)|\s[–—-]+\s|\s+(?:but|because|so|since|when|while|which|who|that|as|if|though|although)\b"
)
_LEADING = Pattern(
    r"^(?:(?:a|an|the|my|our|some|any|this|that|these|those|another|one of (?:the|my|our)|both|to|also|really|just"
    r"|even|very own|own|a bit of|a little|lots of|a lot of|all|new|brand new|second[- ]hand|used|beautiful"
    r"|lovely|cute|old|nice|little|small|tiny)\s+)+"
)
_DETERMINERS = Pattern(r"^(?:(?:a|an|the|my|our|some|any|another|to|also|just)\s+)+")
_TRAILING = Pattern(
    r"(?:\s+(?:in|on|at|to|of|for|with|from|by|me|it|there|here|myself|ourselves|a lot|so much|very much|lots|the most"
    r"|a bit|well))+$"
)
_EMPTY = frozenset(
    "it this that them him her you your one ones something anything nothing everything someone anyone everyone there"
    " here how what when where why who which same such stuff things thing way lot bit all any none idea".split()
)
_DWELLING = Pattern(
    r"^\s*(?:(?:an?|the|my|our|some|this)\s+)?(?:[\w-]+\s+){0,3}?(?:flat|house|apartment|room|place|studio|cottage|mill"
    r"|condo|bungalow|houseboat|dorm|farm)\s+(?:in|near|on the edge of|(?:just )?outside|at)\s+"
)
_PLACE_ENDS = Pattern(r"\s+(?:for|with|each|every|next|to|from|on|\d+ days)\s")
_PLACE_WORDS = Pattern(
    r"\b(?:village|town|city|suburbs?|countryside|island|farm|country|coast|mountains?|capital|cent(?:re|er)|outskirts"
    r"|neighbourhood|house|flat|apartment|mill|cottage|houseboat|campsite|forest|valley)\b"
)
_NO_PLACE = frozenset(
    "fear hell peace hope denial sin harmony bubble past future present moment world dream dreams car office meeting"
    " middle house home clouds bed work school love trouble charge days nights bigger smaller another next other"
    " different new part-time it them this that here there my our your his her their place shape order debt mess rush"
    " hurry queue line hospital room kitchen sun shade way the monthly yearly front back general fact case total touch"
    " mood pain shock business town person particular theory monday tuesday wednesday thursday friday saturday sunday"
    " paradise poverty luxury sync style".split()
)
_INTENSE = Pattern(
    r"(?:\s+(?:lately|right now|on (?:\w+days|weekends|trains)|every (?:day|week|morning|night|evening|weekend)|so much"
    r"|very much|a lot|too|the most|more than anything|though|as well|now|these days|again|any ?more|(?:the )?best|haha"
    r"|lol|btw|by the way|honestly|always have|always did|but .*|because .*|since .*)|\s*[;:=]-?[)D(]|\s*[^\w\s'.-]+)+$"
)
_ITEM = Pattern(r"[^\W\d_][\w'’&.+#-]*(?:\s+[\w'’&+#-]+){0,2}$")
_BOUND = Pattern(
    r"\b(?:it|this|that|these|those|you|yours?|them|they|their|him|her|his|he|she|its|we|our|us|me|my|i|the|an?|how"
    r"|what|when|where|why|if|like|both|each|being|to|of|in|on|at|with|by|from|for|about|into|over|through|there|here|is|are"
    r"|was|were|be|been|has|have|had|do|does|not|so|very|as|everything|everyone|everywhere|all|ones?|some|something"
    r"|someone|more|most|best|first|second|last|next|new|other|another|same|way|idea|lot|bit|sound|look|option|answer"
    r"|version|mondays?|seeing|having|getting|making|brings|makes|right|better|worse|just|also|even|every|together"
    r"|lately|immensely|especially|such)\b"
)
_NAME = re.compile(
    r"(?i:(?:dr|prof|mr|mrs|ms|miss)\b\.?\s+)*((?:[A-ZÀ-ÖØ-Þ][\w'’-]+|[A-Z]\.)"
    r"(?:\s+(?:(?:van|von|de|der|den|la|le|al|el|bin|ibn|da|dos|di)\s+)*[A-ZÀ-ÖØ-Þ][\w'’-]+)*)"
)
_SMALL_NAME = re.compile(r"(?i:(?:dr|prof)\.?\s+)?([a-zà-ÿ][\w'-]+)")


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
    stop = _LIST_ENDS.search(text)
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
    value = _PLACE_ENDS.split(cut(_DWELLING.sub("", text)))[0]
    words, bare = _WORD.findall(value), _DETERMINERS.sub("", value)
    if not words or not bare or bare.split()[0].lower().strip(".,") in _NO_PLACE:
        return ""
    if _PLACE_WORDS.search(value):
        return value
    if any(word[0].isupper() for word in words):
        return value.removeprefix("the ") if len(words) < 4 else value
    capitals = (word for word in _WORD.findall(clause)[1:] if word not in ("I", "I'm", "I've"))
    cased = clause[:1].isupper() or any(word[0].isupper() for word in capitals)
    known = stem(bare.split(" ")[-1].lower()) in _known_places()
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
    found = _NAME.match(text) or (_SMALL_NAME.match(text) if sure else None)
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
