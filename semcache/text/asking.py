"""What a question asks for: a reason, a way, a time, a place, a person, an amount, yes or no."""

from __future__ import annotations

from collections.abc import Sequence

QUESTION_WORDS = frozenset("what which who whom whose how why when where".split())
_AUXILIARIES = frozenset(
    "is are am was were be do does did can could will would shall should may might must have has had to".split()
)
_YES_NO = _AUXILIARIES - {"to", "be"}
#: "Could you tell me ..." asks nothing by itself.
_REQUEST = frozenset("can could would will do".split())
_AMOUNTS = frozenset("much many long often far big large old fast deep tall high heavy wide soon late early".split())
_ASKS_FOR = {
    "time": "when", "date": "when", "day": "when", "year": "when", "month": "when", "hours": "when",
    "place": "where", "location": "where", "address": "where", "reason": "why", "reasons": "why", "cause": "why",
    "causes": "why", "caused": "why", "person": "who", "way": "how", "steps": "how", "process": "how",
    "procedure": "how", "method": "how", "cost": "how much", "price": "how much", "amount": "how much",
    "fee": "how much", "number": "how many", "duration": "how long", "distance": "how far", "frequency": "how often",
}  # fmt: skip
_STATEMENT_BEFORE = frozenset("know tell me wondering wonder sure understand explain ask see say and out idea".split())
#: Questions that are often two wordings of one.
_ALIKE = frozenset(
    frozenset(pair.split(","))
    for pair in (
        "how,yes/no|how,what|what,which|what,yes/no|how much,yes/no|how much,what|how many,what|how many,how much|"
        "how long,when|how soon,when|how soon,how long|how long,how many|how far,how long|what,whose|who,whose|"
        "how much,which|how fast,how long|how early,when|how late,when|how,which|how often,how many|how old,what|"
        "how big,what|how large,what|how big,how large|how high,what|how long,what|how far,what|how often,what|"
        "which,who|how much,how|how often,when|how early,how soon|how late,how long|what,when|when,which|what,where|"
        "where,which"
    ).split("|")
)
#: These never mean each other, whatever else the two texts say.
_APART = frozenset(("why", "when", "where", "who"))


def question_word(words: Sequence[str]) -> str:
    """The first question word, or ""."""
    return next((word for word in words if word in QUESTION_WORDS), "")


def asks_for(words: Sequence[str]) -> str:
    """ "why", "how", "how much", "when", "where", "who", "what", "which", "yes/no", or "" when nothing tells."""
    for at, word in enumerate(words):
        if word in QUESTION_WORDS and _interrogative(words, at):
            return _kind(words, at)
    if not words or words[0] not in _YES_NO:
        return ""
    return "" if words[0] in _REQUEST and words[1:2] == ["you"] else "yes/no"


def _interrogative(words: Sequence[str], at: int) -> bool:
    """Whether a question word asks: "when does", not "when I click"."""
    following = words[at + 1] if at + 1 < len(words) else ""
    if words[at] in ("when", "where"):
        return following in _AUXILIARIES or (at > 0 and words[at - 1] in _STATEMENT_BEFORE)
    return at == 0 or words[at - 1] in _STATEMENT_BEFORE or following in _AUXILIARIES or following in _AMOUNTS


def _kind(words: Sequence[str], at: int) -> str:
    word = words[at]
    following = words[at + 1] if at + 1 < len(words) else ""
    if words[at : at + 3] == ["how", "much", "time"]:
        return "how long"
    if word == "how" and following in _AMOUNTS:
        return f"how {following}"
    if word == "how" and following == "come":
        return "why"
    if word in ("what", "which"):
        return next((_ASKS_FOR[near] for near in words[at + 1 : at + 5] if near in _ASKS_FOR), word)
    return "who" if word == "whom" else word


def asked_apart(first: str, second: str, *, same_content: bool) -> bool:
    """Whether two texts ask for different things. With other content words only the plainest conflicts count."""
    if first == second or not first or not second or frozenset((first, second)) in _ALIKE:
        return False
    if same_content or (first.startswith("how ") and second.startswith("how ")):
        return True
    return first in _APART and second in _APART
