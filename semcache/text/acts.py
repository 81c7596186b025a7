"""What an utterance does: asks, tells, greets, thanks (pure)."""

from __future__ import annotations

import re
from enum import StrEnum

from semcache.text.followups import plain
from semcache.text.tokens import sentences


class Act(StrEnum):
    """What somebody wants who says something."""

    QUESTION = "question"
    STATEMENT = "statement"
    GREETING = "greeting"
    THANKS = "thanks"


_GREETING = re.compile(
    r"^(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|moin|hallo)"
    r"(?:[,! ]+(?:there|all|everyone|again|team|folks|you|guys|bot))*[\s!.,?:)]*$",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"^(?:(?:ok(?:ay)?|great|perfect|cool|super|awesome|nice|wonderful|good|alright|all right|understood|got it|i see|no|yes)"
    r"[,.! ]*)*(?:(?:many )?thanks|thank you|thx|ty|cheers|much appreciated|that helps|that helped|bye|goodbye|see you|ciao"
    r"|have a (?:nice|good|great) (?:day|evening|weekend|one)|that's (?:all|it|everything)|nothing else)?"
    r"(?:[,! ]+(?:so much|very much|a lot|again|for (?:your|the) (?:help|answer|info\w*)|you|then|now|for now|bye|all|everyone))*[\s!.,:)]*$",
    re.IGNORECASE,
)
# A request in the form of a statement: it wants an answer, not to be remembered.
WISH = re.compile(
    r"^(?:(?:hi|hello|hey|please|help|so|sorry|excuse me|good (?:morning|evening|day))[,.! ]+)*(?:i|we) ?"
    r"(?:(?:'d|'m|'ve|would|am|are|have|just|still|also|really|think|always|suddenly|accidentally|now|keep) )*"
    r"(?:want to know|want to (?:return|cancel|change|delete|order|buy|get|find|see|use|close|open|sell|claim|report|book)|need"
    r"|would like|like to (?:know|return|cancel|change|order|buy|get)|like to|wish to|forgot|forgotten|lost|cannot|can't|can not"
    r"|could not|couldn't|unable|trying|try|tried|do not (?:know how|see|understand|find)|don't (?:know how|see|understand|find)"
    r"|looking for|wondering|wonder|having (?:trouble|problems|issues)|have (?:a )?(?:question|problem|trouble|issues?)"
    r"|get(?:ting)? an? error|received? (?:a |an |the )?(?:broken|wrong|damaged|faulty)|broke|dropped|locked)\b",
    re.IGNORECASE,
)
_TELLS = re.compile(
    r"^(?:(?:by the way|btw|also|so|well|hi|hello|hey|ok|okay|yes|no|actually|just so you know|fyi|and|but|please note|note)[,.! ]+)*"
    r"(?:(?:i|we|he|she|they)(?:'m|'ve|'re|'d|'ll|'s)?|it's|(?:my|our|his|her|their) [\w' -]{1,40}?"
    r" (?:is|are|was|were|has|have|had|lives?|works?|likes?|loves?|hates?|moved|got|will|can't|cannot|won't|doesn't|don't|died|turned|just|now))\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^(?:(?:ok|okay|so|and|but|well|hi|hello|hey|please|sorry|excuse me)[,.! ]+)*(?:what|which|who|whom|whose|when|where|why|how"
    r"|is|are|was|were|do|does|did|can|could|will|would|should|shall|may|might|must|has|have|had|am|any|tell|show|list|explain"
    r"|give|write|find|check|describe|compare|summari[sz]e|translate|recommend|suggest|help|remind|look)\b",
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
    asks = "?" in said or WISH.match(said) or any(_ASKS.match(clause) for clause in _CLAUSE.split(said))
    return Act.STATEMENT if _TELLS.match(said) and not asks else Act.QUESTION


def tells_something(text: str) -> bool:
    """Whether any sentence of an utterance states something, besides what it may ask."""
    return any(_states(sentence) for sentence in sentences(plain(text)))


def _states(sentence: str) -> bool:
    if sentence.endswith("?") or len(sentence.split()) < 3:
        return False
    return not (_ASKS.match(sentence) or _GREETING.match(sentence) or _THANKS.match(sentence))
