"""What a question is about: everyone, its asker, this moment, or the question before it (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from semcache.text.acts import WISH, Act, act
from semcache.text.carry import fold, standalone
from semcache.text.followups import is_follow_up, plain

__all__ = ["Classified", "QuestionClass", "classify", "fold", "is_follow_up", "is_question", "standalone"]


class QuestionClass(StrEnum):
    """Whether an answer can be shared."""

    SHARED = "shared"
    PERSONAL = "personal"
    VOLATILE = "volatile"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True, slots=True)
class Classified:
    """A question's class. The flags are independent: `my balance right now` is personal and volatile."""

    kind: QuestionClass
    personal: bool
    volatile: bool
    follow_up: bool


# Things that someone has a record of: `my order` is one order, `my laptop` is any laptop.
_RECORDS = (
    "orders?|parcels?|packages?|shipments?|deliver(?:y|ies)|invoices?|bills?|payments?|refunds?|returns?|deposits?|balance"
    "|accounts?|appointments?|bookings?|reservations?|flights?|seats?|tickets?|cases?|claims?|complaints?|applications?"
    "|requests?|subscriptions?|memberships?|plans?|contracts?|tariffs?|policy|policies|prescriptions?|results?|grades?"
    "|points|credits?|vouchers?|transfers?|transactions?|cards?|salary|pension|loan|mortgage|visa|passport|repair|quote"
    "|score|schedule|calendar|meetings?|messages?|emails?|library|cart|basket|wish ?list|statement|registration|course"
)
_PEOPLE = (
    "wife|husband|partner|spouse|son|daughter|kids?|child|children|mother|mom|mum|father|dad|parents?|sister|brother"
    "|grand(?:mother|father|ma|pa|parents)|aunt|uncle|cousin|niece|nephew|friend|boss|manager|colleague|neighbour|neighbor"
    "|dog|cat|pet|fianc[eé]e?|boyfriend|girlfriend|roommate|doctor|dentist|teacher|landlord"
)
# Questions about a procedure or a rule: the asker is anyone.
_GENERIC = re.compile(
    r"\bhow (?:do|can|could|should|would|to|does one|might|may)\b(?! i (?:like|look|feel|know you))"
    r"|\b(?:can|could|may|should|must|shall) (?:i|we|my|our)\b(?! (?:remember))"
    r"|\bdo (?:i|we) (?:need|have to|get|lose|pay|still have to|qualify)\b|\b(?:have|need|had) to (?:pay|do|bring|file|wait)"
    r"|\bwhere (?:do|can|should|could) (?:i|we) (?:find|get|buy|see|go|enter|send|report|download|change|check|park|sign"
    r"|turn|return|contact|apply|register|upload|look|put)\b"
    r"|\bwho (?:do|can|should) (?:i|we) (?:contact|call|ask|speak|talk|write|complain)\b"
    r"|\bwhat (?:do|should|can|could) (?:i|we) (?:need|do|have to|bring|say|write|wear|eat|expect)\b"
    r"|\bwhat (?:happens|should happen|to do)\b|\b(?:is it|it is|it's) (?:possible|allowed|ok|okay|safe|normal|legal)\b"
    r"|\b(?:is|are) there (?:a|an|any|some) (?:way|option|chance|limit|fee|charge|rule|law)s?\b"
    r"|\b(?:best|fastest|easiest|cheapest|right|safest|quickest) way\b|\bsteps (?:to|for)\b|\bam i (?:allowed|able|entitled"
    r"|eligible|supposed to)\b|\bare we (?:allowed|able|entitled)\b|\bhow long (?:do|can|may|should|must) (?:i|we)\b"
    r"|\bwhen (?:should|must|can|do) i\b(?! (?:get|start|finish|leave|arrive|fly|expect))"
    r"|\b(?:penalty|penalties|rules?|law|laws|procedure|process|policy|consequences) (?:for|if|of|when)\b"
    r"|\bmy (?:rights|options|obligations|chances|responsibilities|duties)\b|\b(?:if|when|once|after|before) (?:i|we|my|our)\b"
    r"(?=.*\b(?:what|how|can|do|does|will|is|are)\b.*\?)",
    re.IGNORECASE,
)
_PERSONAL = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # what was said before, and what is known about the asker
        r"\b(?:did|have|had) (?:i|we) (?:ever |already |not )?(?:tell|told|mention|say|said|ask|asked|talk|talked|discuss)",
        r"\bdo you (?:still )?(?:remember|know) (?:my|our|me|what i|where i|when i|who i|how i|which|that i|if i|whether i|anything about me)",
        r"\b(?:can|could) you (?:still )?(?:remember|recall)\b|\bremind me\b|\bbased on what (?:i|we|you know)",
        r"\bwhat (?:do|did|have) you (?:know|remember|recall|got|have|stored?|saved?)\b.*\b(?:me|my|i|us|our)\b",
        r"\b(?:what|which|when|where|who|how|why|whom)\b.*\b(?:i|we) (?:told|said|mentioned|asked|wanted|liked|bought|ordered|chose|booked|promised)\b",
        r"\bwho am i\b|\b(?:about|for|on file for|remember) me\b(?!.*\bhow (?:do|to|can)\b)(?=.*(?:on file|know|remember|recommend|suggest|record))",
        # the asker's own records, as a state and not as a procedure
        rf"\b(?:where|what|when|which|who|why|how|is|are|was|were|has|have|had|did|does|do|will|show|list|check|status|find|see|read|tell"
        rf"|display|look up)\b.*\b(?:my|our)\b (?:[\w'-]+ ){{0,3}}?(?:{_RECORDS})\b",
        rf"\b(?:my|our) (?:[\w'-]+ ){{0,2}}?(?:{_PEOPLE})(?:'s|s')?\b",
        r"\b(?:what|who|when|where|which|how old|how tall|how much)(?:'s|'re| is| are| was| were)? (?:is |are )?(?:my|our)\b",
        r"\bwhat(?:'s| is| was| are| were) the (?:[\w-]+ ){1,3}(?:of|on|for|in) (?:my|our)\b",
        rf"\b(?:{_RECORDS}|number|reference) (?:number |no\.? |nr\.? |id )?#?(?:[A-Z]{{1,5}}-?)?\d[\w-]{{2,}}",
        # first-person states
        r"\b(?:am|was) i (?!allowed|able|entitled|eligible|correct|right|supposed to (?:do|pay|use|get))",
        r"\b(?:are|were) we (?:registered|booked|charged|signed|on|in|still)\b",
        r"\b(?:have|had|did) (?:i|we)\b(?! (?:have|need|get) to)(?! to)",
        r"\bdo i (?:have|owe|own|like|prefer|live|work|know|own|drive|use|earn)\b(?! to\b)(?! (?:the )?(?:right|option))",
        r"\b(?:what|where|which|how much|how many|when|who|whom|why)\b(?:[\w' ]*) (?:did|have|had|was|am|were) i\b",
        r"\b(?:where|when|what) do i (?:live|work|study|like|prefer|fly|leave|start|finish|play|drive|eat|own)\b",
        r"\bhow (?:much|many)\b.*\b(?:do|have|did) (?:i|we) (?:have|got|owe|spen[dt]|pa(?:y|id)|earned?|saved?|used?|left)\b",
        r"\bdo i like\b|\bmy (?:favou?rite|birthday|name|address|hometown|nickname)\b(?!.*\bhow)",
        # statements about the asker
        r"^(?:by the way,? |btw,? |also,? |so,? |hi,? |hello,? |actually,? )*(?:i(?:'m| am|'ve| have| was| work| live| moved| like| love"
        r"| hate| prefer| enjoy| play| study| grew| got| bought| ordered| booked| started| quit| changed| own| drive| used to| don't eat"
        r"| don't like| usually| always| never| speak| will| plan| went| met| just)|we(?:'re| are|'ve| have| got| moved| live| bought| had))\b"
        r"(?!.*\?)",
        r"^(?:by the way,? |btw,? |also,? )*my (?!.*(?:won't|doesn't|isn't|not|makes|keeps|broken|stopped|stuck|error|noise|how|\?))"
        r".*\b(?:is|are|was|were|has|have|lives|works|likes)\b",
    )
)
_NOT_A_RECORD = re.compile(
    r"\b(?:credit|debit|gift|business|library|bank|key|sim|memory|graphics) cards?\b(?= (?:number|reader|machine))",
    re.IGNORECASE,
)
_SUBJECTS_OF_NOW = (
    r"weather|forecast|temperature outside|traffic|news|headlines|stock price|share price|exchange rates?|mortgage rates?"
    r"|interest rates?|score|standings|price of (?:bitcoin|gold|oil|silver|ethereum)|bitcoin|queue|waiting time|pollen count"
)
_VOLATILE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:today|tonight|tomorrow|yesterday|nowadays|this (?:very )?(?:moment|minute|morning|afternoon|evening|week|weekend"
        r"|month|quarter|year|season|summer|winter|spring|autumn)|last night|right now|just now|at the moment|at present"
        r"|currently|presently|so far today|these days|as of now|up to now)\b",
        r"\b(?:today|tonight|yesterday|tomorrow)'s\b|\bnow[?.! ]*$(?<!what now)(?<!what now\?)",
        r"\b(?:open|available|free|showing|playing|running|on sale|live) now\b|\bwhat's (?:on|trending|happening|new)\b",
        r"\b(?:latest|newest|most recent|up-to-date|upcoming|trending)\b",
        rf"\bcurrent (?!account|password|plan|subscription|address|email|user|balance sheet|transformer|\w+ holder)(?=\w)",
        rf"\b(?:what|what's|how|how's|how is|show me|tell me|any|check)\b.*\bthe (?:{_SUBJECTS_OF_NOW})\b",
        r"\b(?:what(?:'s| is)|how much is)\b.*\b(?:stock price|share price|bitcoin|price of (?:gold|oil|silver))\b",
        r"\b(?:in|out of|back in) stock\b|\bsold out\b|\b(?:still|any) (?:availability|available|tickets left|rooms left)\b",
        r"\bis (?:the|your|our) (?:[\w-]+ )?(?:site|website|server|service|app|api|system|network|shop|page) (?:\w+ )?(?:down|up|offline"
        r"|online|slow|broken|working)\b|\b(?:any|are there) (?:\w+ )?(?:outages?|delays?|disruptions?)\b",
        r"\bwhen (?:is|does|are|do|will) (?:the |a |my |our )?next\b(?! step)|\b(?:the|your) next (?:train|bus|flight|tram|game|match|release"
        r"|event|holiday|sale|update|webinar|class|full moon|bank holiday)\b",
        r"\bwhat (?:time|day|date|year) is it\b(?! in the)|\bwhat time is it in\b|\bhow (?:many \w+|long|much time)\b.*\b(?:until|till|left until|left before)\b"
        r"(?! (?:i|my|the (?:battery|contract)))",
        r"\bwho(?:'s| is) (?:\w+ )?(?:winning|leading|ahead)\b|\bwhat(?:'s| is) the score\b|\bwill it (?:rain|snow|be (?:sunny|warm|cold|hot))\b",
        r"\b(?:come|came|been|released|arrived|announced) (?:\w+ )?yet\b|\bout yet\b|\bstill (?:open|on|running|valid)\b(?=.*\?)",
    )
)
# Words of now inside a rule or a procedure.
_TIMELESS = re.compile(
    r"\bhow (?:do|can|to|should|would) (?:i |we |you )?(?:\w+ ){1,3}(?:to |the )*(?:the )?(?:latest|newest|most recent|current|upcoming)\b"
    r"|\b(?:if|when|what happens if|once)\b[^,?]*\b(?:out of stock|sold out|down|outages?|delays?)\b"
    r"|\bwhat (?:is|are|does|do) (?:an? |the term )?(?:exchange rates?|weather|traffic|forecast|news)[?.! ]*$"
    r"|\bhow (?:do|are|is|does)\b.*\b(?:rates?|prices?|scores?|forecasts?)\b.*\b(?:work|calculated|made|set|determined)\b"
    r"|\bbuy now,? pay later\b|\b(?:tips|advice|reasons?) for\b",
    re.IGNORECASE,
)


def classify(question: str) -> Classified:
    """Reads a question as it was typed.

    A follow-up has no other class until it stands alone: classify its `standalone` form again.
    """
    text = plain(question)
    follow_up = is_follow_up(text)
    personal, volatile = _is_personal(text), _is_volatile(text)
    kind = QuestionClass.SHARED
    if personal:
        kind = QuestionClass.PERSONAL
    elif follow_up:
        kind = QuestionClass.FOLLOW_UP
    elif volatile:
        kind = QuestionClass.VOLATILE
    return Classified(kind, personal, volatile, follow_up)


def is_question(text: str) -> bool:
    """Whether something is asked: not a greeting, thanks, or a statement to be remembered."""
    return act(text) is Act.QUESTION


def _is_personal(text: str) -> bool:
    if WISH.match(text):
        return False
    strong = _PERSONAL[:6]
    if any(pattern.search(text) for pattern in strong):
        return True
    return not _GENERIC.search(text) and any(pattern.search(text) for pattern in _PERSONAL[6:])


def _is_volatile(text: str) -> bool:
    return not _TIMELESS.search(text) and any(pattern.search(text) for pattern in _VOLATILE)
