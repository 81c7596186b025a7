"""Questions that mean nothing without the one before them: replies, hooks, fragments, pronouns that point back."""

from __future__ import annotations

import re
from collections.abc import Sequence

from semcache.text.patterns import any_of
from semcache.text.questions.corrections import meant

AUX = frozenset(
    "is are was were am be been do does did can could will would should shall may might must has have had isn't aren't "
    "wasn't weren't don't doesn't didn't can't cannot couldn't won't wouldn't hasn't haven't shouldn't".split()
)
WH = frozenset("what which who whom whose when where why how what's who's where's when's how's".split())
DETERMINERS = frozenset(
    "a an the my your our some any every each no another several both many few all one two three four five six".split()
)
PREPOSITIONS = frozenset(
    "for in on at to from with without by after before during under over within until outside inside near per as into "
    "between via through around since above below about of off up out against instead than except including".split()
)
_CLAUSE_STARTS = frozenset(
    "and but or if when because after before while until unless once so although since where who which that as".split()
)
_PERSONS = frozenset("i you we me us my your our myself yourself ourselves".split())
_PRONOUNS = frozenset("it its itself they them their theirs themselves he him his she her hers".split())
_DEMONSTRATIVES = frozenset("this that these those".split())
_ADVERBS = frozenset(
    "not also still just only even already always never ever often usually normally typically really generally "
    "actually there here please then too very now n't long much far soon old big".split()
)
# "this week" is a time and "this shop" is the one that answers: neither points back.
_OWN = frozenset(
    "site website service company store shop app chat chatbot bot assistant page platform tool business helpdesk place "
    "week month year morning afternoon evening weekend season summer winter spring autumn fall quarter".split()
)

_POSSESSIVES = frozenset("its their his her".split())
_SUBJECTS = frozenset("it they he she".split())
_PLACES = frozenset("on in with inside under behind around".split())
_ANYONE = frozenset("one someone somebody anyone anybody everyone people person".split())
_NO_NOUNS = AUX | WH | _PERSONS | _PRONOUNS | _DEMONSTRATIVES | PREPOSITIONS | _ADVERBS | _CLAUSE_STARTS | DETERMINERS

_LEAD = r"^(?:(?:ok(?:ay)?|hm+|ah|oh|so|well|right|yes|no|thanks|thank you|great|cool|sure|got it|please)[,.! ]+)*"
_HOOK = re.compile(
    _LEAD + r"(?:(?:and|but|otherwise|also|then)\b|or\b(?! else)|(?:what|how) about\b|not for\b"
    r"|(?:the )?same\b|in that case\b|if (?:so|not)\b|(?:what|who|where) else\b|what happens (?:then|next)\b"
    r"|another (?:one|example)\b|one more\b|(?:any|some) (?:more|others?)\b)",
    re.IGNORECASE,
)
_VAGUE = (
    "differences?|prices?|costs?|weight|sizes?|colou?rs?|dimensions|reasons?|alternatives?|downsides?|drawbacks?|catch"
    "|deadlines?|(?:dis)?advantages?|pros and cons|pros|cons|link|answer|result|exceptions?|population|capital|author"
    "|ingredients|requirements|limits?|duration|title|date"
)
_REPLY = re.compile(
    _LEAD + r"(?:"
    r"(?:but )?(?:why|how|when|where|who|which|what)(?: (?:not|so|come|exactly|then|though|is that|again|both|now))*"
    r"|(?:for |since |until )?how (?:much|many|long|often|far|soon|big|come)(?: (?:exactly|then|roughly|more|each))?"
    r"|(?:since|until|for) (?:when|what)|which ones?|really|are you sure|you sure|says who|like what|such as"
    r"|for example"
    r"|yes|yeah|yep|no|nope|ok(?:ay)?|sure|right|correct|exactly|neither|both|either|all of them|none|never mind"
    r"|continue|go (?:on|ahead)|next|repeat(?: (?:that|it))?|again|do it|please do|i see|got it|sounds good|perfect"
    r"|the (?:first|second|third|fourth|last|former|latter|other|cheaper|cheapest|bigger|smaller|larger|faster|newer"
    r"|older|same)(?: (?:ones?|options?|two))?"
    r"|(?:(?:can|could|would|will) you (?:please )?)?(?:elaborate|explain|clarify|rephrase|summari[sz]e|expand|repeat)"
    r"(?: (?:please|more|further|again|on (?:that|this)|that|this|a bit))*"
    r"|(?:(?:can|could) you )?(?:tell|show|give) me (?:some |an? )?(?:more|others?|another|again|example)"
    r"(?: (?:details?|information|info|please|examples?|ones?))*"
    r"|(?:some |any )?(?:more|further) (?:details?|information|info|examples?|options?)"
    r"|what (?:do|did) you mean(?: exactly)?|how do you know|who told you"
    r"|(?:in |make it )?(?:shorter|simpler|longer)|in (?:simple|simpler|plain|other) (?:terms|words)"
    rf"|(?:what(?:'s| is| are|'re) )?the (?:{_VAGUE})"
    r")(?:,? (?:then|please))*[\s?!.,]*$",
    re.IGNORECASE,
)
_SESSION = re.compile(
    r"\b(?:you (?:just )?(?:said|mentioned|suggested|recommended|listed|wrote|described)|(?:as|like) you said"
    r"|(?:previous|last|earlier) (?:answer|question|message|example)"
    r"|(?:a|an|the|any|which|either|every) (?:[\w-]+ )?ones?(?=\s*(?:[?.!,]|$|is\b|are\b|do\b|does\b|can\b"
    r"|should\b|has\b"
    r"|have\b|costs?\b|in\b|with\b|without\b|for\b|that\b))"
    r"|(?:get|buy|have|order|need|find|want) one(?=\s*(?:[?.!,]|$|in\b|with\b|without\b|for\b))"
    r"|(?:any|either|both|all|neither|one|two|some|most|each|which|none) of (?:them|those|these)"
    r"|(?:something|anything|somewhere|anywhere) (?:(?!after|under|over|near|together)\w+er|else|similar|different"
    r"|(?:more|less) \w+)(?! than)(?! i should know about)"
    r"|(?:the|your) (?:first|second|third|fourth|fifth|last|next|previous|other|\d+(?:st|nd|rd|th))"
    r" (?:para(?:graph)?s?|sentences?|lines?|points?|bullets?|stanzas?|verses?|parts?|sections?|versions?|drafts?)"
    r"(?! of\b)"
    r"|the (?:former|latter|other two|cheaper option|other option))\b",
    re.IGNORECASE,
)
# An order about what stands in the conversation: its object is "the second paragraph", "line 2", or left out.
_WHAT_IS_THERE = (
    "(?:first|second|third|last|next|previous|above|other|middle)?(?: ?\\d+(?:st|nd|rd|th)?)? ?"
    "(?:paragraphs?|sentences?|lines?|points?|parts?|sections?|steps?|bullets?|items?|titles?|headings?|intro|ending"
    "|conclusion|code|tests?|errors?|bugs?|answers?|changes?|text|list|table|poem|story|letter|mail|email|draft"
    "|function|class|query|script|chat|conversation|discussion|thread)"
)
_ORDER = re.compile(
    _LEAD
    + r"(?:(?:can|could|would|will) (?:you|u|ya) (?:(?:please|pls|plz|kindly) )?|(?:please|pls|plz|kindly) |now )?(?:"
    rf"(?:elaborate|bold|rename|draft|redo|remove|delete|drop|keep|explain|fix|change|check|rewrite|rephrase|shorten|expand|translate|summari[sz]e|recap"
    rf"|improve|simplify|run|apply|move|swap|show|describe|correct|finish|refactor|reformat|continue)"
    rf"(?: (?:the|my|this|that|your|all))* {_WHAT_IS_THERE}(?: \d+)?"
    r"|(?:translate|convert|turn|put|rewrite|change)(?: (?:it|this|that))? (?:in)?to [\w-]+"
    r"|(?:now |again |same )?in (?:[A-Z][\w+#]*|bold|bullets?(?: points)?)"
    r"|(?:try|do it|once) (?:again|more|differently|harder)|add (?:tests?|comments?|types?|examples?|more|details?)"
    r"|(?:commit|push|merge|deploy|undo|redo|retry|proceed|approve|reject)(?: and \w+)?|lgtm|more|less|another"
    r"|(?:shorter|longer|simpler|better|cheaper|bigger|smaller|funnier)"
    r")(?:,? (?:please|pls|plz|then|now|again|only))*[\s?!.,]*$",
    re.IGNORECASE,
)
_TAIL = re.compile(r"\b(?:instead|as well|too|either|then|though|in that case)[\s?!.]*$", re.IGNORECASE)
# "it" that stands for what follows it, or for the weather and the time.
_EXPLETIVE = any_of(
    r"\b(?:is|was|isn't|wasn't|would|will) it (?:be )?(?:[\w()]+ ){0,7}?(?:to \w+|that|if|when|whether|for) ",
    r"\b(?:does|did|will|would|could|can) it (?:\w+ )?(?:take|cost|mean|matter|make sense|help|hurt|count|happen|come"
    r"|feel)s?\b.*?\b(?:to|if|when|until|before|that|which|whether|for|like)\b \w+",
    r"\b(?:what|which) (?:time|day|date|year) is it\b|\bmakes? it \w+ (?:to|for)\b|\bfinds? it \w+ to\b",
    r"\b(?:is|was|will|does|did) it (?:be )?(?:going to )?"
    r"(?:rain|snow|raining|snowing|sunny|cold|hot|warm|windy|get dark|get cold)\w*\b",
)
_FEW_WORDS = 3
# `What is inflation?`, `where is Ghent`: one name is enough.
_DEFINED = re.compile(
    r"(?:what|who|where)(?:'s| is| are| was| were) (?:an? )?"
    r"(?!the\b|it\b|next\b|first\b|second\b|last\b|left\b|new\b|else\b)[\w-]+[?. ]*$",
    re.IGNORECASE,
)
_NO_SPACES_FROM = 0x2E80  # Chinese, Japanese and Korean
_BARE = re.compile(
    r"(?:(?:option|number|answer|choice|variante?|opción|optie)\s*)?[\W_]*(?:[^\W\d_]|\d{1,2})?[\W_]*", re.IGNORECASE
)
FUNCTION_WORDS = AUX | _PERSONS | _PRONOUNS | DETERMINERS | _DEMONSTRATIVES


def plain(text: str) -> str:
    """White space folded, typographic apostrophes made plain."""
    return " ".join(text.replace("’", "'").split())


def is_follow_up(question: str) -> bool:
    """Whether a question needs the one before it to be understood."""
    text = plain(question)
    return is_bare(text) or len(text.split()) == 1 or _ORDER.match(text) is not None or leans_back(text)


def leans_back(question: str) -> bool:
    """Whether a question can be completed from the one before it: it hooks on to it, or points back at something."""
    text = plain(question)
    if meant(text) or any(pattern.match(text) for pattern in (_HOOK, _REPLY)) or _SESSION.search(text):
        return True
    return (len(text.split()) <= 8 and _TAIL.search(text) is not None) or _is_fragment(text) or _points_back(text)


def says_little(text: str) -> bool:
    """Whether a text holds too little to stand alone behind another: an option, an emoji, an order without its object.

    In doubt, yes: three words or fewer, and in English fewer than two words with content, or fewer than four where
    nothing is asked (`run the tests`, `red`, `weiter`). A script without spaces counts two letters as a word.
    """
    said = plain(text)
    found: list[str] = re.findall(r"[^\W_]+(?:'[^\W_]+)?", said.lower())
    solid = sum(len(word) for word in found if not word.isascii() and ord(word[0]) > _NO_SPACES_FROM)
    if solid:
        return solid // 2 + sum(word.isascii() for word in found) <= _FEW_WORDS
    content = [word for word in found if word not in FUNCTION_WORDS | WH | PREPOSITIONS | _ADVERBS and len(word) > 1]
    asks = bool(found) and (str(found[0]) in WH | AUX or said.endswith("?"))
    english = bool(set(found) & (FUNCTION_WORDS | WH)) and said.isascii()
    if len(found) <= _FEW_WORDS and not (asks and english):
        return True
    return len(content) < (2 if asks else 4) and not _DEFINED.match(said)


def is_bare(text: str) -> bool:
    """Whether a text means nothing at all alone: signs, an emoji, one letter, one number, an option."""
    return _BARE.fullmatch(plain(text)) is not None


def words(text: str) -> list[str]:
    """Words and clause marks, lower case but for the names' capitals; `,` `.` `;` `:` are tokens of their own."""
    return re.findall(r"[\w'-]+|[.,;:?!]", text)


def _is_fragment(text: str) -> bool:
    """A few words after a preposition, without a verb: `for two people?`, `in Berlin`."""
    found = [word.lower() for word in words(text) if word[0].isalnum()]
    return (
        1 < len(found) <= 6
        and found[0] in PREPOSITIONS - {"about"}
        and not (set(found) & (AUX | WH | _PERSONS - {"my", "our", "me"}))
    )


def _points_back(text: str) -> bool:
    """A pronoun or demonstrative for which the text itself names nothing."""
    found = words(_EXPLETIVE.sub(" ", text))
    lowered = [word.lower() for word in found]
    return any(
        _is_anaphor(lowered, at) and not _names_something(found[: _reach(lowered, at)]) for at in range(len(lowered))
    )


def _is_anaphor(lowered: Sequence[str], at: int) -> bool:
    word = lowered[at]
    following = lowered[at + 1] if at + 1 < len(lowered) else "?"
    if word in _PRONOUNS:
        return True
    if word not in _DEMONSTRATIVES or following in _OWN:
        return False
    if word == "that":
        return _is_pronoun_that(lowered[at - 1] if at else "", following)
    return True


def _is_pronoun_that(before: str, following: str) -> bool:
    """`is that per person`, `after that`; not `the shoes that I bought`, `it is said that`."""
    stands_alone = not following[0].isalnum() or following in AUX | PREPOSITIONS | _ADVERBS
    opens = not before or not before[0].isalnum() or before in AUX | PREPOSITIONS | WH | _CLAUSE_STARTS
    return (stands_alone and (opens or following[0] in "?.!,")) or (opens and before in AUX | PREPOSITIONS)


def _reach(lowered: Sequence[str], at: int) -> int:
    """Up to where something must be named for the pronoun at a position to mean it: as a rule before its clause.

    A possessive, the subject of an embedded clause (`believe they can`) and a place (`a box with a lid on it`) may mean
    something in the same clause.
    """
    before = lowered[at - 1] if at else ""
    following = lowered[at + 1] if at + 1 < len(lowered) else "?"
    possessive = lowered[at] in _POSSESSIVES and following[0].isalpha() and following not in AUX | PREPOSITIONS
    embedded = lowered[at] in _SUBJECTS and before.isalpha() and before not in _NO_NOUNS and following in AUX
    placed = before in _PLACES and bool(set(lowered[:at]) & (DETERMINERS - {"many", "few", "all"} | {"has", "have"}))
    return at if possessive or embedded or placed else _clause_start(lowered, at)


def _clause_start(lowered: Sequence[str], at: int) -> int:
    """Where the clause that holds position `at` begins."""
    for start in range(at - 1, -1, -1):
        if lowered[start] in _CLAUSE_STARTS or not lowered[start][0].isalnum():
            return start
        if lowered[start] == "to" and set(lowered[:start]) & DETERMINERS:
            return start
    return 0


def _names_something(found: Sequence[str]) -> bool:
    """Whether these words hold a noun: after a determiner or `which`, after an auxiliary, a name, or a lone word."""
    lowered = [word.lower() for word in found]
    function = (
        AUX | WH | _PERSONS | _PRONOUNS | _DEMONSTRATIVES | PREPOSITIONS | _ADVERBS | _CLAUSE_STARTS | DETERMINERS
    )
    content = [word[0].isalpha() and word not in function for word in lowered]
    openers = DETERMINERS | AUX | {"which", "what", "whose"} | PREPOSITIONS | _DEMONSTRATIVES
    return any(
        is_content and (at == 0 or lowered[at - 1] in openers or found[at][0].isupper() or lowered[at].endswith("s"))
        for at, is_content in enumerate(content)
    )
