"""Questions that only their asker has the answer to: `where is my order`, not `how do I track my order` (pure)."""

from __future__ import annotations

from semcache.text.patterns import any_of
from semcache.text.questions.acts import WISH, Act, act, asking_part

# What somebody has a record of: `my order` is one order, `my laptop` is any laptop.
_RECORDS = (
    "orders?|parcels?|packages?|shipments?|deliver(?:y|ies)|invoices?|bills?|payments?|refunds?|returns?|deposits?"
    "|balance|accounts?|appointments?|bookings?|reservations?|flights?|trips?|seats?|tickets?|cases?|claims?"
    "|complaints?|applications?|requests?|subscriptions?|memberships?|plans?|contracts?|tariffs?|polic(?:y|ies)"
    "|prescriptions?|results?|grades?|points|credits?|vouchers?|transfers?|transactions?|cards?|salary|pension|loan"
    "|mortgage|visa|passport|repair|quote|score|schedule|calendar|meetings?|messages?|e-?mails?|cart|basket"
    "|wish ?list|statement|registration|course"
)
_PEOPLE = (
    "wife|husband|partner|spouse|son|daughter|kids?|child|children|baby|twins|mother|mom|mum|father|dad|parents?|sister"
    "|brother|grand(?:mother|father|ma|pa|parents|son|daughter)|aunt|uncle|cousin|niece|nephew|friend|boss|manager"
    "|colleague|neighbou?r|dog|cat|pet|fianc[eé]e?|boyfriend|girlfriend|roommate|doctor|dentist|teacher|landlord"
)
_ANYBODYS_VERBS = (
    "need|have to|get|find|pay|buy|see|go|enter|send|put|report|download|change|check|park|sign|turn|return|contact"
    "|apply|register|upload|look|call|ask|speak|talk|write|complain|use|choose|pick|take|do|bring|wear|expect|say"
    "|know|start|receive|qualify|lose|cancel|claim|reach|join|log|access|install|set|make|become|file|tell|handle"
)
_I = "(?:i|we)"
_MY = "(?:my|our)"

# About what was said before, or about what is known of the asker: personal in any form.
_ALWAYS = any_of(
    rf"\b(?:did|have|had) {_I} (?:ever |already |not )?(?:tell|told|mention|say|said|ask|asked|talk|discuss)",
    rf"\bdo you (?:still )?(?:remember|know) (?:{_MY}|me|(?:what|where|when|who|how|if|whether|that) i"
    rf"|anything about me)",
    r"\b(?:can|could) you (?:still )?(?:remember|recall)\b|\bremind me\b|\bbased on what (?:i|we|you know)\b",
    rf"\bhave you got {_MY}\b|\b(?:on file|on record|registered|stored|saved) (?:for|about) me\b",
    rf"\b(?:what|which|who|where)\b.*\b(?:do|did|have) you (?:know|remember|have|got|stored?"
    rf"|saved?)\b.*\b(?:{_MY}|me)\b",
    rf"\b(?:what|which|when|where|who|how|why|whom)\b.*\b{_I} (?:told|said|mentioned|asked|wanted|liked|bought|ordered"
    r"|chose|booked|promised)\b",
    r"\bwho am i\b|\b(?:do|does|did|am|are|was|were) (?:i|we) still\b",
)
# About the asker's records, people, states and habits: personal unless a procedure or a rule is asked for.
_OWN = any_of(
    rf"\b(?:where|what|when|which|who|why|how|is|are|was|were|has|have|had|did|does|do|will|show|list|check|status|find"
    rf"|see|read|tell|display|look up)\b.*\b{_MY} (?:[\w'-]+ ){{0,3}}?(?:{_RECORDS})\b",
    rf"\b{_MY} (?:[\w'-]+ ){{0,2}}?(?:{_PEOPLE})(?:'s|s')?\b",
    rf"\b(?:what|who|when|where|which|how old|how tall|how much)(?:[\w' -]{{0,20}}?(?:'s|'re| is| are| was"
    rf"| were)) {_MY}\b",
    rf"^{_MY} [\w' -]+, (?:what|which|in which|where|when|who|how)\b",
    rf"\b(?:{_RECORDS}|number|reference) (?:number |no\.? |nr\.? |id )?#?(?:[a-z]{{1,5}}-?)?\d[\w-]{{2,}}",
    r"\bending (?:in |with )?\d{3,}\b",
    r"\b(?:am|was) i (?!allowed|able|entitled|eligible|correct|right|supposed to)",
    rf"\b(?:have|had|did) {_I}\b(?! (?:have|need|get|got) to)(?! to)",
    rf"\b(?:what|which|where|when|who|whom|how (?:much|many|often))\b[\w' -]*\b(?:do|did|have|had|was|am"
    rf"|were) (?:[\w' ]+ and )?"
    rf"{_I}\b(?! (?:{_ANYBODYS_VERBS})\b)",
    rf"\bdo {_I} (?:have|owe|own|like|prefer|live|work|drive|earn)\b(?! to\b)(?! (?:the )?(?:right|option|chance))",
    rf"^what (?:can't|cannot|cant|can|does|did|should|is|was|were) {_MY}\b",
)
# A procedure, a rule or a possibility: the asker is anyone.
_ANYBODYS = any_of(
    r"\bhow (?:do|can|could|should|would|to|does one|might|may)\b(?! i (?:like|look|feel))",
    rf"\b(?:can|could|may|should|must|shall) (?:{_I}|{_MY})\b",
    rf"\bdo {_I} (?:need|have to|get|lose|pay|still have to|qualify)\b|\b(?:have|need|had) to (?:pay|do|bring"
    rf"|file|wait)",
    rf"\b(?:where|who|when|what|which[\w ]*) (?:do|can|should|could|must) {_I} (?:{_ANYBODYS_VERBS})\b(?!.*\bhave\b)",
    r"\bwhat (?:happens|should happen|to do)\b|\b(?:is it|it is|it's) (?:possible|allowed|ok|okay|safe|normal|legal)\b",
    rf"\b(?:am|are) {_I} (?:allowed|able|entitled|eligible|supposed to)\b|\bhow long (?:do|can|may|should|must) {_I}\b",
    rf"\b{_MY} (?:rights|options|obligations|chances|responsibilities|duties)\b",
)
_AS_THE_ASKER = any_of(
    r"(?:(?:by the way|btw|also|so|hi|hello|actually|well),? )*(?:i|we)(?:'m|'ve|'re|'d| (?:am|are|have|had|was"
    r"|were|work"
    r"|live|moved|like|love|hate|prefer|enjoy|play|study|grew|got|bought|ordered|booked|started|quit|changed|own|drive"
    r"|used to|don't (?:eat|like|drink)|usually|always|never|speak|will|plan|went|met|just))\b(?!.*\?)",
    rf"(?:(?:by the way|btw|also),? )*{_MY} (?!.*(?:won't|doesn't|isn't|not|makes|keeps|broken|stopped|stuck"
    rf"|error|noise"
    r"|how|\?)).*\b(?:is|are|was|were|has|have|lives|works|likes)\b",
    start=True,
)


def is_personal(text: str) -> bool:
    """Whether an utterance is about its asker: a question only they have the answer to, or what they tell."""
    if WISH.match(text):
        return False
    if _ALWAYS.search(text):
        return True
    if act(text) is Act.STATEMENT:
        return _AS_THE_ASKER.match(text) is not None
    asking = asking_part(text)
    return _ANYBODYS.search(asking) is None and _OWN.search(asking) is not None
