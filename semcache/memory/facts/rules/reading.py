"""How a clause speaks: of whom, which verb, denied or not, over or still to come (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from semcache.memory.dates.phrases import Tense, find_time, leading_time, resolve
from semcache.memory.facts.rules.clauses import Clause
from semcache.text.patterns import Pattern, either

_LEAD = Pattern(
    r"^[\s\W]*(?:(?:hi+|hello|hey+|hiya|yo|ok(?:ay)?|well|yeah|yes|yep|no|nope|nah|so|oh|ah|and|but|also|plus|because"
    r"|actually|basically|honestly|anyway|btw|by the way|fyi|haha+|lol|sorry|wait|please note|note|just so you know"
    r"|for the record|remember|(?:small |quick )?update|(?:big |good |bad )?news|good (?:morning|evening)|morning"
    r"|unfortunately|sadly|luckily|finally|lately|currently|recently|nowadays|now|then|still|again|today|yesterday"
    r"|besides|personally|to be honest|tbh|(?:as|like) i said|guess what|damn|omg|wow|ugh|thanks|thank you|thx|there"
    r"|everyone|all|team|originally|turns out|i (?:think|guess|believe|mean)|i told you|you know|see|look|listen"
    r"|right|fun fact|in fact|of course|for context|context|p\.?s\.?|too|instead)(?:[\s,.!:;…-]+|$))*"
)
_SUBJECT = Pattern(r"(?P<who>i|we)(?:(?P<be>'?m|'re)|(?P<have>'?ve)|(?P<will>'ll)|(?P<would>'?d))?(?=\s)")
_MINE = Pattern(r"(?:my|our)\s+")
_TOKEN = Pattern(r"\s*([^\s,]+)(,?)", cased=True)
_ADVERBS = frozenset(
    "just really now currently still also actually finally only recently always already basically honestly definitely"
    " mostly usually often sometimes absolutely totally personally kinda then even both all lately officially myself"
    " ourselves simply truly deeply genuinely obviously literally secretly later soon since quite so temporarily"
    " accidentally happily proudly sadly eventually mainly normally generally strictly permanently originally"
    " can do did".split()
)
_BE = frozenset("am 'm are is was were been be".split())
_LASTING = Pattern(r"\b(?:since|for (?!\w+ing\b)|always|all my life|ever)\b")
_DURATIVE = frozenset("had been lived worked studied taught owned driven drove played ran rode spoke spoken".split())
_NEVER = frozenset(
    "never not don't dont didn't didnt haven't havent hadn't wasn't aren't isn't ain't hardly barely rarely can't cant"
    " cannot won't wont".split()
)
_MODALS = frozenset(
    "would could should might may wish hope wanna want wouldn't couldn't shouldn't must'd must probably maybe perhaps"
    " guess doubt wonder pretend imagine almost nearly supposedly".split()
)
_ANY_MORE = Pattern(r"\b(?:any ?more|any longer|no longer|no more|not now|these days not)\b")
_FORMS = {
    "live": "live lives lived living reside resided residing based",
    "move": "move moves moved moving relocate relocated relocating",
    "work": "work works worked working",
    "teach": "teach teaches taught teaching",
    "study": "study studies studied studying",
    "start": "start starts started starting begin began beginning joined join joining",
    "leave": "leave leaves left leaving",
    "quit": "quit quits quitting resign resigned resigning",
    "own": "own owns owned owning",
    "have": "have has had having got've",
    "get": "get gets got getting gotten",
    "buy": "buy buys bought buying purchased purchase",
    "sell": "sell sells sold selling donate donated",
    "lose": "lose lost losing",
    "adopt": "adopt adopted adopting",
    "drive": "drive drives drove driving ride rides riding rode",
    "cancel": "cancel cancelled canceled cancelling canceling scrapped",
    "trade": "trade traded trading swap swapped",
    "give": "give gave giving given",
    "like": "like likes liked liking love loves loved loving enjoy enjoys enjoyed enjoying adore adored dig",
    "prefer": "prefer prefers preferred",
    "hate": "hate hates hated dislike disliked detest loathe despise",
    "stand": "stand bear",
    "eat": "eat eats eating ate drink drinks drinking drank",
    "stop": "stop stopped stopping",
    "play": "play plays played playing",
    "speak": "speak speaks speaking spoke",
    "turn": "turn turned turning",
    "take": "take takes took taking",
    "break": "break broke broken breaking hurt sprained sprain twisted injured tore fractured dislocated pulled",
    "grow": "grow grew growing",
    "born": "born",
    "go": "go goes going went gone",
    "fly": "fly flies flying flew travel travels travelling traveling travelled traveled",
    "visit": "visit visits visiting visited",
    "plan": "plan plans planning planned intend intending",
    "book": "book booked booking reserved",
    "come": "come",
    "diagnose": "diagnosed",
}
LEMMAS = {form: lemma for lemma, forms in _FORMS.items() for form in forms.split()}
_PAST_FORMS = frozenset(
    "got left quit went broke gave grew began ran taught tore had took drove hurt flew ate drank gone gotten".split()
)
_PARTICIPLE = Pattern(rf"(?:{either(form for form in LEMMAS if form.endswith(('d', 't', 'n')))})$")
_STATES = frozenset("born based diagnosed relocated".split())  # of these "I am ..." tells what the verb does
_AMOUNTS = frozenset("a an no two three".split())
# A clause may leave out "I" before these.
_BARE = Pattern(
    r"(?:moved|moving|living|sold|bought|got|started|starting|adopted|quit|lost|booked|cancell?ed|working|studying"
    r"|been|born|just|used to|finally|turned|broke|still living|no longer|going to|flying|allergic to|love|hate|prefer"
    r"|can't stand|cannot stand|don't)\b"
)


@dataclass(slots=True)
class Said:
    """A clause in the first person. `verb`: its lemma, "be", or ""; `rest`: what follows it.

    `denied`: "I don't ..."; `over`: it was so and is no longer; `perfect`: "I have ..."; `named`: "I" or "we" is said;
    `whole`: the text of the turn.
    """

    whole: str
    at: float
    start: int
    end: int
    named: bool
    be: bool = False
    perfect: bool = False
    tense: Tense = "present"
    denied: bool = False
    over: bool = False
    progressive: bool = False
    verb: str = ""
    form: str = ""
    rest: str = ""

    @property
    def clause(self) -> str:
        """The clause as it was said."""
        return self.whole[self.start : self.end]

    @property
    def gone(self) -> bool:
        """Whether it is told of the past alone: "I played ..."; "I've played ... since May" is told of now too."""
        lasts = self.perfect and (self.form not in _DURATIVE or _LASTING.search(self.rest))
        return self.tense == "past" and not self.progressive and not lasts

    @property
    def phrase(self) -> re.Match[str] | None:
        """The time that the clause names, wherever it stands."""
        return find_time(self.rest) or find_time(self.clause)

    @property
    def since(self) -> float | None:
        """The time that the clause names, s; None if it names none."""
        return resolve(self.phrase, self.at, self.tense) if self.phrase else None


@dataclass(frozen=True, slots=True)
class Possessed:
    """A clause that starts with "my": what follows."""

    rest: str
    whole: str
    at: float
    start: int
    end: int


def read(clause: Clause, whole: str, at: float) -> Said | Possessed | None:
    """Reads a clause; None if it is about something else, or only supposed."""
    body = clause.text[_skip(clause.text) :]
    start, end = clause.start, clause.start + len(clause.text)
    mine = _MINE.match(body)
    if mine:
        return Possessed(body[mine.end() :], whole, at, start, end)
    subject = _SUBJECT.match(body)
    if not subject and not clause.inherits and not _BARE.match(body):
        return None
    said = Said(whole, at, start, end, subject is not None or clause.inherits)
    return said if _filled(said, body, subject) else None


def _skip(text: str) -> int:
    """Length of what leads in: interjections, a time ("next week")."""
    lead = _LEAD.match(text)
    place = lead.end() if lead else 0
    time = leading_time(text[place : place + 40])
    if time:
        place += time.end()
        place += len(text[place:]) - len(text[place:].lstrip(" ,"))
    return place


def _filled(said: Said, body: str, subject: re.Match[str] | None) -> bool:
    """Reads the words up to the verb into `said`; False if nothing is said to be so."""
    auxiliaries = subject.groupdict() if subject else {}
    said.be = bool(auxiliaries.get("be")) or body[:8].lower() == "allergic"
    said.perfect = bool(auxiliaries.get("have"))
    said.tense = "future" if auxiliaries.get("will") else "present"
    place = subject.end() if subject else 0
    while token := _TOKEN.match(body, place):
        following = _TOKEN.match(body, token.end())
        word, after = _word(token), _word(following)
        if (auxiliaries.get("would") and word not in ("rather", "prefer")) or word in _MODALS:
            return False
        if _was(said) and _plans(said, body, word, following):
            return False  # "I was going to ..."
        taken = _auxiliary(said, body, word, after, following)
        if not taken:
            _verb(said, body, token, subject, would=bool(auxiliaries.get("would")))
            return True
        place = following.end() if taken == 2 and following else token.end()
    return False


def _was(said: Said) -> bool:
    return said.tense == "past"


def _word(token: re.Match[str] | None) -> str:
    return token[1].lower().strip(".!") if token else ""


def _plans(said: Said, body: str, word: str, following: re.Match[str] | None) -> bool:
    """ "going to move" tells of the future; "going to Japan" is a journey."""
    verb = _TOKEN.match(body, following.end()) if following and _word(following) == "to" else None
    small = verb is not None and verb[1][:1].islower()
    return said.be and word == "going" and small and _word(verb) not in ("a", "an", "the", "my", "our", "his", "her")


def _auxiliary(said: Said, body: str, word: str, after: str, following: re.Match[str] | None) -> int:
    """Notes what a word before the verb says; how many words it took, 0 if it is the verb."""
    if word == "used" and after == "to" and not said.be:
        said.over, said.tense = True, "past"
        return 2
    if word == "no" and after in ("longer", "more"):
        said.denied = True
        return 2
    if word in _ADVERBS:
        said.tense = "past" if word == "did" else said.tense
    elif word in _NEVER:
        said.denied = True
        said.be = said.be or word in ("wasn't", "aren't", "ain't")
        said.tense = "past" if word in ("didn't", "didnt", "wasn't") else said.tense
    elif word in _BE:
        said.be = True
        said.tense = "past" if word in ("was", "were") else said.tense
    elif word in ("will", "gonna", "shall") or _plans(said, body, word, following):
        said.tense, said.be = "future", False
        return 2 if word == "going" else 1
    elif word in ("have", "has", "had") and (_PARTICIPLE.match(after) or after in _ADVERBS | _NEVER | _BE):
        said.perfect = True
    elif word in ("have", "need", "has") and after == "to":
        said.tense = "future"
        return 2
    else:
        return 0
    return 1


def _verb(said: Said, body: str, token: re.Match[str], subject: re.Match[str] | None, *, would: bool) -> None:
    form = token[1].lower().strip(".!,)")
    had = said.perfect and form in _AMOUNTS  # "I've a dog"
    lemma = "have" if had or (said.perfect and form == "got") else LEMMAS.get(form, "")
    lemma = "prefer" if would and form in ("rather", "prefer") else lemma
    if said.perfect and not lemma and said.tense == "present":
        said.tense = "past"
    said.form = form
    said.progressive = said.be and form.endswith("ing") and bool(lemma)
    if said.be and not said.progressive and form not in _STATES:
        said.verb, said.rest = "be", body[token.start() :]
    elif had or not lemma:
        said.verb, said.rest = lemma, body[token.start() :]
    else:
        said.verb, said.rest = lemma, body[token.end() :]
        past = form.endswith(("ed", "ought", "old", "ost")) or form in _PAST_FORMS
        said.tense = "past" if past and not (said.be and said.tense == "present") else said.tense
    if _ANY_MORE.search(body) and (said.denied or re.search(r"\bnot\b", body)):
        said.over, said.denied = True, False
    said.progressive = said.progressive or (form.endswith("ing") and not subject and said.verb != "be")
    said.rest = said.rest.lstrip(" ,")
