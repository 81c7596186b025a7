"""What an utterance does: asks, tells, greets, thanks (pure)."""

from __future__ import annotations

import re
from enum import StrEnum

from semcache.text.patterns import any_of
from semcache.text.questions.corrections import meant
from semcache.text.questions.followups import FUNCTION_WORDS, is_follow_up, plain, words
from semcache.text.tokens import sentences


class Act(StrEnum):
    """What somebody wants who says something."""

    QUESTION = "question"
    STATEMENT = "statement"
    GREETING = "greeting"
    THANKS = "thanks"


_HAIL = r"(?:hi|hello|hey|hiya|howdy|greetings|moin|hallo|good (?:morning|afternoon|evening|day))"
_OPENERS = r"(?:(?:ok|okay|so|and|but|well|hi|hello|hey|please|sorry|excuse me|good (?:morning|evening|day))[,.! ]+)*"
_GREETING = any_of(rf"{_HAIL}(?:[,! ]+(?:there|all|everyone|again|team|folks|you|guys|bot))*[\s!.,?:)]*$", start=True)
_THANKS = any_of(
    r"(?:(?:ok(?:ay)?|great|perfect|cool|super|awesome|nice|wonderful|good|alright|all right|understood|got it|i see|no"
    r"|yes)[,.! ]*)*"
    r"(?:(?:many )?thanks|thank you|thx|ty|cheers|much appreciated|that help(?:s|ed)|bye|goodbye|see you|ciao"
    r"|have a (?:nice|good|great) (?:day|evening|weekend|one)|that's (?:all|it|everything)|nothing else)?"
    r"(?:[,! ]+(?:so much|very much|a lot|again|for (?:your|the) (?:help|answer|info\w*)|you|then|now|for now"
    r"|bye|all))*"
    r"[\s!.,:)]*$",
    start=True,
)
# A request in the form of a statement: it wants an answer, not to be remembered.
WISH = any_of(
    rf"{_OPENERS}(?:i|we) ?"
    r"(?:(?:'d|'m|'ve|would|am|are|have|just|still|also|really|think|always|suddenly|accidentally|now|keep) )*"
    r"(?:want to (?:know|return|cancel|change|delete|order|buy|get|find|see|use|close|open|sell|claim|report|book)|need"
    r"|would like|like to (?:know|return|cancel|change|order|buy|get)|wish to|forgot|forgotten|lost|cannot"
    r"|can't|can not"
    r"|could not|couldn't|unable|trying|try|tried|do(?: not|n't) (?:know how|see|understand|find)|looking for"
    r"|wonder(?:ing)?|having (?:trouble|problems|issues)|have (?:a )?(?:question|problem|trouble|issues?)"
    r"|get(?:ting)? an? error|received? (?:a |an |the )?(?:broken|wrong|damaged|faulty)|broke|dropped|locked)\b",
    start=True,
)
_TELLS = any_of(
    r"(?:(?:by the way|btw|also|so|well|hi|hello|hey|ok|okay|yes|no|actually|just so you know|fyi|and|but|please note"
    r"|note)[,.! ]+)*"
    r"(?:(?:i|we|he|she|they)(?:'m|'ve|'re|'d|'ll|'s)?|it's|(?:one|two|both|all|some) of (?:my|our)\b"
    r"|(?:my|our|his|her|their) [\w' -]{1,40}? (?:is|are|was|were|has|have|had|lives?|works?|likes?|loves?|hates?|moved"
    r"|got|will|can't|cannot|won't|doesn't|don't|died|turned|passed|just|now))\b",
    start=True,
)
_ASKS = any_of(
    rf"{_OPENERS}(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|can|could|will"
    rf"|would|should"
    r"|shall|may|might|must|has|have|had|am|any|tell|show|list|explain|give|write|find|check|describe|compare"
    r"|summari[sz]e|translate|recommend|suggest|help|remind|look)\b",
    start=True,
)
# Whoever wants a person, in whatever words.
_PERSON = (
    r"(?:an? |the |your |any |some )?(?:(?:real|live|actual|living) )?"
    r"(?:humans?(?: being)?|person|someone|somebody|anyone|anybody|agent|employee|staff|operator|representative"
    r"|advisor|colleague|supervisor|manager)\b"
)
_HUMAN = re.compile(
    rf"^(?:human|agent|operator|representative|(?:a )?real person)(?:,? please)?[.!]*$"
    rf"|\b(?:talk|speak|chat|connect me|put me through|transfer me|pass me)\b.{{0,20}}?\b(?:to|with)\b ?{_PERSON}"
    rf"|\b(?:get me|i need|i want|give me)(?: to| with)? {_PERSON}(?! (?:who|that|to help|for)\b)"
    rf"|\b(?:is there|are there|have you got|do you have|can) {_PERSON}.{{0,30}}?"
    r"\b(?:(?:talk|speak|chat) (?:to|with)|call me|ring me|to (?:talk|speak|chat))\b"
    r"|\b(?:are|am) (?:you|i (?:talking|speaking) (?:to|with)) (?:an? )?(?:human|bot|robot|machine|real person)\b"
    r"|\bnot (?:an?|this|the|with an?) (?:bot|robot|machine|ai)\b",
    re.IGNORECASE,
)
_DEAR = (
    r"(?:wife|husband|partner|spouse|fianc[eé]e?|boyfriend|girlfriend|son|daughter|child|baby|mother|mum|mom|father|dad"
    r"|parents?|brother|sister|twin|grand\w+|nan|gran|grandad|aunt|uncle|cousin|niece|nephew|friend|dog|puppy|cat|kitten"
    r"|pet|horse|rabbit|hamster)"
)
# Not `my phone died`.
_LOSS = re.compile(
    r"\b(?:my|our)\b.*\b(?:passed away|passed on|was put down|put to sleep|is no longer with us"
    r"|took (?:his|her|their) own life)\b"
    rf"|\b(?:my|our)\b.*\b(?:{_DEAR}\b.*|(?-i:[A-Z][a-z]+) (?:has )?)(?:died|is dead|didn't make it)\b"
    rf"|\b(?:one|two|both|all|some) of (?:my|our) {_DEAR}s?\b.*\bdied\b"
    rf"|\b(?:lost|buried|mourning|grieving)\b.{{0,20}}?\b(?:my|our) (?:\w+ )?{_DEAR}\b"
    rf"|\b(?:put|putting) (?:my|our) (?:\w+ )?{_DEAR} (?:down|to sleep)\b"
    rf"|\bsa(?:id|y) goodbye to (?:my|our) (?:\w+ )?{_DEAR}\b|\bmiscarriage\b|\b(?:my|our|'s|s') funeral\b"
    r"|\bfuneral (?:is|was|of)\b|\b(?:i'm|i am) (?:a )?(?:widow(?:ed|er)?)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"(?<=[.!?;:,])\s+|\s+(?:and|but|so|then)\s+", re.IGNORECASE)


def act(text: str) -> Act:
    """Reads one utterance. In doubt it is a question: key words without a verb are one too."""
    said = plain(text)
    if _GREETING.match(said):
        return Act.GREETING
    if _THANKS.match(said):
        return Act.THANKS
    if tells_of_loss(said) and "?" not in said:
        return Act.STATEMENT
    asks = (
        "?" in said
        or wants_human(said)
        or meant(said)  # the question before it, with another subject
        or WISH.match(said)
        or any(map(_ASKS.match, clauses(said)))
    )
    return Act.STATEMENT if _TELLS.match(said) and not asks else Act.QUESTION


def wants_human(text: str) -> bool:
    """Whether somebody asks for a person: `I want to talk to a human`."""
    return _HUMAN.search(plain(text)) is not None


def tells_of_loss(text: str) -> bool:
    """Whether somebody tells that a person or an animal of theirs has died."""
    return _LOSS.search(plain(text)) is not None


def asking_part(text: str) -> str:
    """An utterance without what it only tells: `I study, do I get a discount` -> `do I get a discount`.

    The whole of it if nothing in it is told, or if what is asked cannot do without (`my lamp broke, can I return it`).
    """
    said = plain(text)
    asking = " ".join(clause for clause in clauses(said) if _ASKS.match(clause))
    if not asking or not _TELLS.match(said) or is_follow_up(asking):
        return said
    return asking


def clauses(text: str) -> list[str]:
    """Parts of an utterance, split at punctuation and conjunctions."""
    return [clause for clause in _CLAUSE.split(text) if clause]


def tells_something(text: str) -> bool:
    """Whether any sentence of an utterance states something, besides what it may ask."""
    return any(_states(sentence) for sentence in sentences(plain(text)))


def _states(sentence: str) -> bool:
    found = {word.lower() for word in words(sentence)}
    whole = sentence.endswith((".", "!", "।"))  # in another language there is no word to tell by
    if sentence.endswith(("?", "؟")) or len(sentence.split()) < 3 or not (found & FUNCTION_WORDS or whole):
        return False  # a question, too little, or key words typed into a search
    return not (_ASKS.match(sentence) or _GREETING.match(sentence) or _THANKS.match(sentence))
