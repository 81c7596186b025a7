"""Words of a question in one spelling: contractions opened, compounds joined, British spelling folded; stop words."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from semcache.text.characters import JOINERS, marks
from semcache.text.english import is_english
from semcache.text.tokens import stem

_POSSESSIVE_NUMBER = re.compile(r"(\d)['’]s\b")
_TOKEN = re.compile(r"(?<!\w)[cf](?:\+\+|#)|\d+(?:[.,:/-]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)?|[$€£¥₹%°]")
_AUXILIARY = "be is are am was were do does did can could will would shall should may might must have has had"

#: Words that carry no subject: what remains are the content words.
STOP_WORDS = frozenset(
    "a an the of to in on at for from by with about is are was were be been being am do does did doing has have had "
    "having i me my mine we our us you your yours he she it its they them their this that these those there here and "
    "or if so as than then will would can could should shall may might must please just any some such very too also "
    "what which who whom whose how why when where not no s t re ve ll d m into his her him hers ours theirs "
    "myself yourself itself need want get way like know tell help thing really actually currently exactly".split()
)
AUXILIARIES = frozenset(_AUXILIARY.split())
_NEGATED = {"can't": "can", "won't": "will", "shan't": "shall", "ain't": "is"}
_OPEN = {f"{word}nt": (word, "not") for word in _AUXILIARY.split() if word not in ("can", "will", "shall", "may")} | {
    "cant": ("can", "not"),
    "cannot": ("can", "not"),
    "wont": ("will", "not"),
    "whats": ("what", "is"),
    "hows": ("how", "is"),
    "wheres": ("where", "is"),
    "whos": ("who", "is"),
    "im": ("i",),
    "ive": ("i",),
    "gonna": ("going", "to"),
    "wanna": ("want", "to"),
}
_JOIN = {
    tuple(parts.split()): whole
    for whole, written in {
        "login": "log in|log on|sign in|sign on|signed in|logged in|logging in|signing in|log into|sign into|"
        "logged into|signed into|logging into",
        "logout": "log out|log off|sign out|sign off|logged out|signed out|logging out|signing out",
        "signup": "sign up|signed up|signing up",
        "email": "e mail",
        "emails": "e mails",
        "wifi": "wi fi",
        "online": "on line",
        "website": "web site",
        "username": "user name",
        "dropdown": "drop down",
        "backup": "back up",
        "setup": "set up",
        "checkin": "check in",
        "checkout": "check out",
        "refund": "money back",
        "nodejs": "node javascript|node js",
        "javascript": "java script",
        "typescript": "type script",
        "postgresql": "postgre sql",
        "new_york": "new york",
        "new_zealand": "new zealand",
        "new_delhi": "new delhi",
        "new_orleans": "new orleans",
        "new_jersey": "new jersey",
        "new_mexico": "new mexico",
        "los_angeles": "los angeles",
        "las_vegas": "las vegas",
        "san_francisco": "san francisco",
        "san_diego": "san diego",
        "hong_kong": "hong kong",
        "south_korea": "south korea",
        "north_korea": "north korea",
        "south_africa": "south africa",
        "north_carolina": "north carolina",
        "south_carolina": "south carolina",
        "saudi_arabia": "saudi arabia",
        "sri_lanka": "sri lanka",
        "costa_rica": "costa rica",
        "usa": "united states|u s",
        "uk": "united kingdom|great britain|u k",
        "uae": "united arab",
        "pin": "pin code|pin number",
        "atm": "atm machine|cash machine|cash point",
        "phone": "cell phone|mobile phone",
        "roundtrip": "round trip|return ticket|return flight|two way",
        "oneway": "one way|single ticket",
        "secondhand": "second hand",
        "secondary": "second ary",
        "machine_learning": "machine learning",
    }.items()
    for parts in written.split("|")
}
_JOIN_FIRST = frozenset(parts[0] for parts in _JOIN) | {"non"}
_PREFIXED = re.compile(r"\b(un|non)-(?=[^\W\d_])")
_BRITISH = {
    "colour": "color", "colours": "colors", "favour": "favor", "favourite": "favorite", "favourites": "favorites",
    "neighbour": "neighbor", "neighbours": "neighbors", "behaviour": "behavior", "labour": "labor",
    "honour": "honor", "flavour": "flavor", "flavours": "flavors", "rumour": "rumor", "humour": "humor",
    "tumour": "tumor", "centre": "center", "theatre": "theater", "fibre": "fiber", "cheque": "check",
    "cheques": "checks", "licence": "license", "programme": "program", "programmes": "programs", "grey": "gray",
    "tyre": "tire", "tyres": "tires", "aeroplane": "airplane", "analyse": "analyze", "paediatric": "pediatric",
    "diarrhoea": "diarrhea", "anaemia": "anemia", "oestrogen": "estrogen", "enrol": "enroll", "instalment":
    "installment", "instalments": "installments", "jewellery": "jewelry", "cancelled": "canceled", "cancelling":
    "canceling", "travelling": "traveling", "travelled": "traveled", "traveller": "traveler", "catalogue": "catalog",
    "dialogue": "dialog", "defence": "defense", "offence": "offense", "practise": "practice", "ageing": "aging",
    "judgement": "judgment", "mould": "mold", "pyjamas": "pajamas", "storey": "story", "vs": "versus",
}  # fmt: skip
#: Other names of the same thing.
_ALIASES = {
    "america": "usa", "american": "usa", "britain": "uk", "british": "uk", "england": "uk", "nyc": "new_york",
    "holland": "netherlands", "js": "javascript", "ts": "typescript", "k8s": "kubernetes", "postgres": "postgresql",
    "psql": "postgresql", "mongo": "mongodb", "fb": "facebook", "insta": "instagram", "ig": "instagram",
    "yt": "youtube", "osx": "macos", "mac": "macos", "coronavirus": "covid", "tylenol": "paracetamol",
    "acetaminophen": "paracetamol", "advil": "ibuprofen", "bombay": "mumbai", "ok": "okay", "btc": "bitcoin",
    "pic": "photo", "pics": "photos", "info": "information", "app": "application", "apps": "applications",
    "repo": "repository", "repos": "repositories", "db": "database", "dbs": "databases", "config": "configuration",
    "docs": "documentation", "auth": "authentication", "admin": "administrator", "env": "environment", "dir":
    "directory", "param": "parameter", "params": "parameters", "func": "function", "arg": "argument", "args":
    "arguments", "acct": "account", "pwd": "password", "passwd": "password", "passcode": "password", "msg": "message",
    "tel": "phone", "mobile": "phone", "cellphone": "phone", "smartphone": "phone", "fridge": "refrigerator",
    "doc": "doctor", "meds": "medicines", "vax": "vaccine", "flu": "influenza", "approx": "approximately",
    "avg": "average", "dict": "dictionary", "int": "integer", "str": "string", "bool": "boolean", "char": "character",
    "americans": "usa", "brits": "uk", "max": "maximum",  "temp": "temperature", "dept": "department",
}  # fmt: skip
_CAPITAL_ALIASES = re.compile(r"\b(?:US|USA|U\.S\.A?\.?|U\.S)(?![\w.])|\bU\.K\.?(?![\w.])")
_IRREGULAR = {
    form: base
    for base, forms in {
        "be": "been being", "become": "became", "begin": "began begun", "bite": "bit bitten", "break": "broke broken",
        "bring": "brought", "build": "built", "buy": "bought", "catch": "caught", "choose": "chose chosen chosing",
        "come": "came", "cost": "costed", "deal": "dealt", "die": "died", "draw": "drew drawn", "drink": "drank drunk",
        "drive": "drove driven", "eat": "ate eaten", "fall": "fell fallen", "feel": "felt", "fight": "fought",
        "find": "found", "fly": "flew flown", "forget": "forgot forgotten", "freeze": "froze frozen",
        "get": "got gotten",
        "give": "gave given", "go": "went gone", "grow": "grew grown", "hear": "heard", "hide": "hid hidden",
        "hold": "held", "keep": "kept", "know": "knew known", "lead": "led", "lend": "lent", "lose": "lost losing",
        "make": "made making", "mean": "meant", "meet": "met", "pay": "paid", "ride": "rode ridden",
        "ring": "rang rung",
        "rise": "rose risen", "run": "ran running", "say": "said", "see": "saw seen", "sell": "sold", "send": "sent",
        "shake": "shook", "show": "shown", "sleep": "slept", "speak": "spoke spoken", "spend": "spent",
        "stand": "stood",
        "steal": "stole stolen", "swim": "swam swum", "take": "took taken", "teach": "taught", "tell": "told",
        "think": "thought", "throw": "threw thrown", "understand": "understood", "wake": "woke woken",
        "wear": "wore worn", "win": "won", "write": "wrote written", "child": "children", "man": "men",
        "woman": "women", "person": "people persons", "foot": "feet", "tooth": "teeth", "mouse": "mice",
        "index": "indices indexes",
    }.items()
    for form in forms.split()
}  # fmt: skip
_ISE = re.compile(r"^(\w{3,}[^w])is(e|ed|es|ing|ation|ations|er)$")
_NOT_ISE = frozenset(
    "advise raise promise exercise rise surprise premise enterprise franchise merchandise disease expertise otherwise "
    "precise concise comprise compromise noise poise bruise cruise praise appraise advised raised promised exercised "
    "raising rising promising exercising advising cruises cruising noises diseases praised raises premises promises "
    "exercises surprises surprised surprising advises likewise demise revise revised revising supervise supervised "
    "supervising televised devise disguise improvise despise advertise advertised advertising advertiser treatise "
    "paradise adviser paradises treatises poison".split()
)


@lru_cache(maxsize=65_536)
def spelled(word: str) -> str:
    """One spelling of a lower-case word: "organisation" -> "organization", "colour" -> "color"."""
    folded = _BRITISH.get(word) or _ALIASES.get(word)
    if folded is None and word not in _NOT_ISE and (found := _ISE.match(word)):
        return f"{found[1]}iz{found[2]}"
    return folded or word


@lru_cache(maxsize=65_536)
def root(word: str) -> str:
    """The stem of a word, irregular forms included: "bought" -> "buy", "children" -> "child"."""
    return stem(_IRREGULAR.get(word, word))


def words(text: str) -> list[str]:
    """Lower-case words, numbers and currency signs in order: "I can't log in" -> i can not login."""
    found: list[str] = []
    if "US" in text or "U." in text:
        text = _CAPITAL_ALIASES.sub(lambda match: "uk" if "K" in match[0] else "usa", text)
    if "'s" in text or "’s" in text:
        text = _POSSESSIVE_NUMBER.sub(r"\1", text)
    pattern = _TOKEN if text.isascii() else _token_with_marks()
    low = text.lower().replace("’", "'")
    if "n-" in low:
        low = _PREFIXED.sub(r"\1", low)
    for token in pattern.findall(low):
        if "'" in token:
            found.extend(_opened(token))
        elif token in _OPEN:
            found.extend(_OPEN[token])
        else:
            found.append(spelled(token))
    return found if _JOIN_FIRST.isdisjoint(found) else _joined(found, english="non" in found and is_english(found))


@cache
def _token_with_marks() -> re.Pattern[str]:
    """`_TOKEN` for words of any script, which keep the marks and joiners that are written on their letters."""
    letters = rf"[^\W\d_](?:[^\W\d_]|[{marks()}]|[{JOINERS}](?=[^\W\d_]))*"
    return re.compile(_TOKEN.pattern.replace("[^\\W\\d_]+", letters))


def _opened(token: str) -> list[str]:
    if token.endswith("n't") and len(token) > 3:
        return [_NEGATED.get(token, token[:-3]), "not"]
    head, _, tail = token.partition("'")
    if head == "n":
        return ["ne", tail]  # French
    if tail == "m" or tail in ("re", "ve", "ll", "d", "s"):
        return (
            [head, "is"] if tail == "s" and head in ("what", "how", "where", "who", "it", "that", "there") else [head]
        )
    return [head + tail]


def _joined(found: list[str], *, english: bool) -> list[str]:
    """Compounds as one word; "non" is a word of its own in Italian."""
    joined: list[str] = []
    position = 0
    while position < len(found):
        pair = tuple(found[position : position + 2])
        whole = _JOIN.get(pair) or ("".join(pair) if english and pair[0] == "non" and len(pair) == 2 else None)
        joined.append(whole or found[position])
        position += 2 if whole else 1
    return joined
