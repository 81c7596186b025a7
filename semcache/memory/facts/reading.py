"""How a clause speaks: of whom, which verb, denied or not, over or still to come (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from semcache.memory.facts.clauses import Clause
from semcache.memory.facts.patterns import Pattern
from semcache.memory.facts.times import Tense, find_time, leading_time, resolve

_LEAD = Pattern(
    r"^[\s\W]*(?:(?:hi+|hello|hey+|hiya|yo|hola|bonjour|moin|ok(?:ay)?|well|yeah|yes|yep|yup"
    r"|no|nope|nah|so|oh|ah|and|but|also|plus|because|"
    r"actually|basically|honestly|anyway|btw|by the way|fyi|haha+|lol|lmao|sorry|wait|please"
    r" note|note|just so you know|for the record|"
    r"remember|update|small update|news|big news|good news|bad news|good morning|morning|good"
    r" evening|unfortunately|sadly|luckily|"
    r"finally|lately|currently|recently|nowadays|now|then|still|again|today|yesterday|besides"
    r"|personally|to be honest|tbh|as you know|"
    r"as i said|like i said|guess what|damn|omg|wow|ugh|thanks|thank you|thx|there|everyone|all"
    r"|team|quick update|originally|turns out|"
    r"i think|i guess|i believe|i mean|i told you|it's official|you know|see|look|listen|right"
    r"|fun fact|in fact|of course|for context|"
    r"context|ps|p\.s\.?|too|instead)(?:[\s,.!:;…-]+|$))*"
)
_SUBJECT = Pattern(r"(?P<who>i|we)(?:(?P<be>'?m|'re)|(?P<have>'?ve)|(?P<will>'ll)|(?P<would>'?d))?(?=\s)")
_MINE = Pattern(r"(?:my|our)\s+")
_TOKEN = Pattern(r"\s*([^\s,]+)(,?)", cased=True)
_ADVERBS = frozenset(
    "just really now currently still also actually finally only recently always already basically"
    " honestly definitely mostly "
    "usually often sometimes absolutely totally personally kinda then even both all lately officially"
    " both myself ourselves "
    "simply truly deeply genuinely obviously literally both probably-not secretly later soon"
    " since quite so temporarily "
    "accidentally happily proudly sadly eventually mainly normally generally strictly permanently originally".split()
)
_BE = {
    "am": "present",
    "'m": "present",
    "are": "present",
    "is": "present",
    "was": "past",
    "were": "past",
    "been": "perfect",
    "be": "present",
    "being": "present",
}
_LASTING = Pattern(r"\b(?:since|for (?!\w+ing\b)|always|all my life|ever)\b")
_DURATIVE = frozenset(
    "had been lived worked studied taught owned driven drove played ran smoked rode practised practiced spoke spoken"
    " used rented".split()
)
_NEVER = frozenset(
    "never not don't dont didn't didnt do-not haven't havent hadn't wasn't aren't isn't ain't"
    " hardly barely rarely "
    "can't cant cannot couldn't-help won't wont".split()
)
_MODALS = frozenset(
    "would could should might may wish hope wanna want wouldn't couldn't shouldn't must'd must"
    " probably maybe perhaps "
    "guess doubt wonder pretend imagine almost nearly supposedly".split()
)
_ANY_MORE = Pattern(r"\b(?:any ?more|any longer|no longer|no more|not now|these days not)\b")
_FORMS = {
    "live": "live lives lived living reside resided residing based",
    "move": "move moves moved moving relocate relocated relocating",
    "settle": "settle settled settling",
    "rent": "rent rented renting",
    "work": "work works worked working",
    "teach": "teach teaches taught teaching",
    "study": "study studies studied studying",
    "start": "start starts started starting begin began beginning joined join joining",
    "leave": "leave leaves left leaving",
    "quit": "quit quits quitting resign resigned resigning",
    "retire": "retire retired retiring",
    "run": "run runs ran running",
    "own": "own owns owned owning",
    "have": "have has had having got've",
    "get": "get gets got getting gotten",
    "buy": "buy buys bought buying purchased purchase",
    "order": "order ordered ordering",
    "sell": "sell sells sold selling",
    "lose": "lose lost losing",
    "adopt": "adopt adopted adopting",
    "drive": "drive drives drove driving",
    "ride": "ride rides riding rode",
    "cancel": "cancel cancelled canceled cancelling canceling scrapped",
    "switch": "switch switched switching swapped swap changed change",
    "trade": "trade traded trading",
    "give": "give gave giving given",
    "donate": "donate donated scrapped",
    "return": "returned",
    "like": "like likes liked liking love loves loved loving enjoy enjoys enjoyed enjoying adore adored dig",
    "prefer": "prefer prefers preferred",
    "hate": "hate hates hated dislike disliked detest loathe despise",
    "stand": "stand bear",
    "eat": "eat eats eating ate",
    "drink": "drink drinks drinking drank",
    "smoke": "smoke smokes smoked smoking",
    "stop": "stop stopped stopping",
    "play": "play plays played playing",
    "collect": "collect collects collecting",
    "practise": "practise practice practising practicing",
    "speak": "speak speaks speaking spoke",
    "turn": "turn turned turning",
    "weigh": "weigh weighs weighed",
    "take": "take takes took taking",
    "wear": "wear wears wearing",
    "break": "break broke broken breaking",
    "hurt": "hurt sprained sprain twisted injured tore fractured dislocated pulled",
    "grow": "grow grew growing",
    "born": "born",
    "go": "go goes going went gone",
    "fly": "fly flies flying flew",
    "travel": "travel travels travelling traveling travelled traveled",
    "visit": "visit visits visiting visited",
    "plan": "plan plans planning planned intend intending",
    "book": "book booked booking reserved",
    "expect": "expect expecting",
    "attend": "attend attending",
    "suffer": "suffer suffers suffering suffered",
    "come": "come",
    "do": "doing",
    "learn": "learn learning",
    "diagnose": "diagnosed",
    "become": "become became becoming promoted",
}
LEMMAS = {form: lemma for lemma, forms in _FORMS.items() for form in forms.split()}
# A clause may leave out "I" before these.
_BARE = Pattern(
    r"(?:moved|moving|living|sold|bought|got|started|starting|adopted|quit|lost|booked|cancell?ed"
    r"|switched|working|studying|been|born|just|used to|"
    r"finally|turned|broke|still living|no longer|going to|flying|heading|allergic to|love|hate"
    r"|prefer|can't stand|cannot stand|don't)\b"
)


@dataclass(frozen=True, slots=True)
class Said:
    """A clause in the first person. `verb`: its lemma, "be", or ""; `rest`: what follows it.

    `denied`: "I don't ..."; `over`: it was so and is no longer; `perfect`: "I have ..."; `named`: "I" or "we" is said;
    `whole`: the text of the turn.
    """

    verb: str
    form: str
    rest: str
    tense: Tense
    denied: bool
    over: bool
    perfect: bool
    progressive: bool
    named: bool
    whole: str
    at: float
    start: int
    end: int

    @property
    def clause(self) -> str:
        """The clause as it was said."""
        return self.whole[self.start : self.end]

    @property
    def gone(self) -> bool:
        """Whether it is told of the past alone: "I played ..."; "I've played ... since May" is told of now too."""
        lasts = (
            self.perfect
            and (self.form not in _BE or _LASTING.search(self.rest))
            and (self.form not in _DURATIVE or _LASTING.search(self.rest))
        )
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


def read(clause: Clause, whole: str, at: float) -> Said | Possessed | str:
    """Reads a clause; a clause about something else is returned as its text without what leads in."""
    offset = _skip(clause.text)
    body = clause.text[offset:]
    start, end = clause.start, clause.start + len(clause.text)
    mine = _MINE.match(body)
    if mine:
        return Possessed(body[mine.end() :], whole, at, start, end)
    subject = _SUBJECT.match(body)
    if not subject and not clause.inherits and not _BARE.match(body):
        return body
    said = _said(body, subject, whole, at, start, end)
    return body if said is None else replace(said, named=said.named or clause.inherits)


def _skip(text: str) -> int:
    """Length of what leads in: interjections, a time ("next week")."""
    lead = _LEAD.match(text)
    place = lead.end() if lead else 0
    time = leading_time(text[place : place + 40])
    if time:
        place += time.end()
        place += len(text[place:]) - len(text[place:].lstrip(" ,"))
    return place


def _said(body: str, subject: re.Match[str] | None, whole: str, at: float, start: int, end: int) -> Said | None:
    place = subject.end() if subject else 0
    be = bool(subject and subject["be"]) or body[:8].lower() == "allergic"
    have = bool(subject and subject["have"])
    tense: Tense = "future" if subject and subject["will"] else "present"
    would = bool(subject and subject["would"])
    denied = over = False
    any_more = _ANY_MORE.search(body) is not None
    while token := _TOKEN.match(body, place):
        word = token[1].lower().strip(".!")
        following = _TOKEN.match(body, token.end())
        after = following[1].lower().strip(".!") if following else ""
        if word == "used" and after == "to" and not be:
            over, tense, place = True, "past", following.end() if following else token.end()
            continue
        if word in ("no",) and after in ("longer", "more"):
            denied = any_more = True
            place = following.end() if following else token.end()
            continue
        if word in ("can", "do", "did") or word in _ADVERBS:
            tense = "past" if word == "did" else tense
        elif word in _NEVER:
            denied = True
            be = be or word in ("wasn't", "aren't", "ain't")
            tense = "past" if word in ("didn't", "didnt", "wasn't") else tense
        elif word in _BE and word != "being":
            be, tense = True, _later(tense, _BE[word])
        elif word in ("will", "gonna", "shall", "i'll") or (
            be and word == "going" and after == "to" and _verb_follows(body, following)
        ):
            if tense == "past":
                return None  # "I was going to ..."
            tense = "future"
            if word == "going":
                place = following.end() if following else token.end()
                be = False
                continue
            be = False if word == "gonna" else be
        elif word in ("have", "has", "had") and (
            (
                LEMMAS.get(after)
                and after
                not in (
                    "love",
                    "run",
                    "sell",
                    "move",
                    "book",
                    "plan",
                    "order",
                    "practice",
                    "work",
                    "use",
                    "change",
                    "start",
                )
            )
            or after in ("been", "just", "always", "never", "already", "recently", "finally", "also")
        ):
            have = True
        elif word in ("have", "need", "has") and after == "to":
            tense, place = "future", following.end() if following else token.end()
            continue
        elif word in _MODALS or (would and word not in ("rather", "prefer")):
            return None
        else:
            break
        place = token.end()
    else:
        return None
    form = token[1].lower().strip(".!,)")
    lemma = (
        "have"
        if form == "have" or (have and form in ("got", "a", "an", "no", "two", "three"))
        else LEMMAS.get(form, "")
    )
    if would and form in ("rather", "prefer"):
        lemma = "prefer"
    if have and not lemma and tense == "present":
        tense = "past"
    progressive = be and form.endswith("ing") and bool(lemma)
    if be and not progressive and form not in ("born", "based", "diagnosed", "promoted", "separated", "relocated"):
        verb, rest = "be", body[place:]
    elif have and form in ("a", "an", "no", "two", "three"):
        verb, rest = "have", body[place:]
    elif not lemma:
        return Said("", form, body[place:], tense, denied, over, have, False, bool(subject), whole, at, start, end)
    else:
        verb, rest = lemma, body[token.end() :]
        if form.endswith(("ed", "ought", "old", "ost")) or form in (
            "got",
            "left",
            "quit",
            "went",
            "broke",
            "gave",
            "grew",
            "began",
            "ran",
            "taught",
            "became",
            "tore",
            "had",
            "took",
            "drove",
            "split",
            "hurt",
            "flew",
            "ate",
            "drank",
            "gone",
            "gotten",
            "been",
        ):
            tense = "past" if not be or tense != "present" else tense
    if denied and any_more:
        over, denied = True, False
    elif any_more and re.search(r"\bnot\b", body):
        over = True
    if form.endswith("ing") and not subject and verb != "be":
        progressive = True
    rest = rest.lstrip(" ,")
    return Said(verb, form, rest, tense, denied, over, have, progressive, bool(subject), whole, at, start, end)


def _later(tense: Tense, of: str) -> Tense:
    return "past" if of == "past" else tense


def _verb_follows(body: str, to: re.Match[str] | None) -> bool:
    """ "going to move" tells of the future; "going to Japan" is a journey."""
    if not to:
        return False
    following = _TOKEN.match(body, to.end())
    return (
        bool(following)
        and following is not None
        and following[1][:1].islower()
        and following[1].lower() not in ("a", "an", "the", "my", "our", "his", "her")
    )
