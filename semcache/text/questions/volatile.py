"""Questions about this moment, whose answer does not stay right: `today`, `latest`, `in stock` (pure)."""

from __future__ import annotations

import re

from semcache.text.patterns import any_of
from semcache.text.questions.acts import asking_part

_SUBJECTS = (
    "weather|forecast|temperature outside|traffic|news|headlines|stock price|share price|exchange rates?"
    "|mortgage rates?"
    "|interest rates?|score|standings|queue|wait(?:ing)? time|pollen count|price of (?:bitcoin|gold|oil|silver)"
)
_SERVICES = "site|website|server|service|app|api|system|network|shop|page"
_COMING = "train|bus|flight|tram|game|match|release|event|holiday|sale|update|webinar|class|full moon|bank holiday"
_CURRENCY = "(?:dollars?|usd|euros?|eur|pounds?|gbp|rupees?|inr|yen|yuan|francs?|chf|pesos?|bitcoins?|btc)"
_OWN_NOW = "account|password|plan|subscription|address|e-?mail|user|balance sheet|transformer|\\w+ holder"

_NOW = any_of(
    r"\b(?:today|tonight|tomorrow|yesterday|nowadays|last night|right now|just now|at the moment|at present|currently"
    r"|presently|these days|as of now|up to now)\b",
    r"\bthis (?:very )?(?:moment|minute|morning|afternoon|evening|week|weekend|month|quarter|year|season|summer|winter"
    r"|spring|autumn|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    r"\b(?:today|tonight|yesterday|tomorrow)'s\b|(?<!what) now[?.! ]*$",
    r"\b(?:latest|newest|most recent|up-to-date|upcoming|trending)\b",
    rf"\bcurrent (?!(?:{_OWN_NOW})\b)\w",
    rf"\b(?:what|what's|how|how's|show me|tell me|any|check)\b.*\bthe (?:{_SUBJECTS})\b",
    r"\b(?:what(?:'s| is)|how much is)\b.*\b(?:stock price|share price|bitcoin|price of (?:gold|oil|silver))\b",
    r"\b(?:working|running|open|closed|shut|back|up|down|full|out of [\w ]{1,30}|sold out|on) (?:again|already|yet)\b",
    rf"\b{_CURRENCY} (?:to|into|in|vs) {_CURRENCY}\b",
    r"^(?:the )?(?:gold|silver|oil|petrol|diesel|gas|fuel|bitcoin|dollar|euro|pound) (?:rates?|prices?)\b",
    r"\b(?:in|out of|back in) stock\b|\bsold out\b|\b(?:still|any) (?:availability|available|tickets left"
    r"|rooms left)\b",
    rf"\bis (?:the|your|our) (?:[\w-]+ )?(?:{_SERVICES}) (?:\w+ )?(?:down|up|offline|online|slow|broken|working)\b",
    rf"\bwhen (?:is|does|are|do|will) (?:the |a |my |our )?next\b(?! step)|\b(?:the|your) next (?:{_COMING})\b",
    r"\bwhat (?:time|day|date|year) is it\b",
    r"\bhow (?:many \w+|long|much time)\b.*\b(?:until|till)\b(?! (?:i|my|the (?:battery|contract)))",
    r"\bwho(?:'s| is) (?:\w+ )?(?:winning|leading|ahead)\b|\bwill it (?:rain|snow|be (?:sunny|warm|cold|hot))\b",
    r"\b(?:come|came|been|released|arrived|announced) (?:\w+ )?yet\b|\bout yet\b|\bstill (?:open|on|running"
    r"|valid)\b.*\?",
)
# Words of now inside a rule or a procedure.
_TIMELESS = any_of(
    r"\bhow (?:do|can|to|should|would)(?: (?:i|we|you|one))? (?:get|convert|change|turn|switch|bring)\b",
    r"\bhow (?:do|can|to|should|would) (?:i |we |you )?(?:\w+ ){1,4}(?:latest|newest|most recent|current|upcoming)\b",
)
# What was so before: the answer that holds now is not asked for.
_FORMER = any_of(
    r"\bwhat (?:were|was) (?:the |your |its )?(?:[\w-]+ ){0,3}?(?:hours|times?|prices?|costs?|fees?|rates?"
    r"|polic(?:y|ies)|address|limits?|deadlines?|charges?|rules|conditions|terms)\b",
    r"\bhow (?:much|long|many)\b.*\b(?:did\b.*\b(?:cost|use to|take)|used to|was|were)\b"
    r"|\bused to (?:be|cost|have|open)\b",
)


def asks_of_former(text: str) -> bool:
    """Whether a question is about what held before, of something that has a present value: old prices, old hours."""
    return _FORMER.search(asking_part(text)) is not None and not re.search(r"\b1[0-9]{3}\b|\b20[0-9]{2}\b", text)


def is_volatile(text: str) -> bool:
    """Whether an answer that is right now may be wrong soon, or was right at another time."""
    asking = asking_part(text)
    return asks_of_former(text) or (_TIMELESS.search(asking) is None and _NOW.search(asking) is not None)
