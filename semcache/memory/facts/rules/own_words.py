"""Which lines of a turn are its user's own: not mail, quotations, transcripts, code, samples or parts that are played.

What is not is blanked, so that places in the text stay what they are. Where it is not clear where another's words end,
all that follows is theirs: a fact that is not read can be told again, a wrong one replaces a right one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from semcache.text.patterns import Hint, Pattern

_FENCED = Pattern(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|<(code|pre|quote|blockquote)\b.*?(?:</\1>|\Z)", dotall=True)
_CODE = Pattern(
    r"^\s*(?://|/\*|#|--\s|<[\w/!]|\$\s|>>>\s|(?:select|insert|update|delete)\b.*\b(?:from|into|set)\b|(?:import|from"
    r"|def|class|var|let|const|return|int|string)\s\w+.*[=(;:{]|[\"']?\w+[\"']?\s*:\s*[\"'\[{])|[;{}]\s*(?:(?://|#"
    r"|--).*)?$(?<![;:]-\))|\b\w+\([^()]*\)\s*(?:[;{#:]|--|//)|\w\s*(?:==|!=|\+=|=>|->|:=)\s*\w|\s=\s[\"'\[{]"
)
_INDENTED = Pattern(r"(?: {4}|\t)\s*\S")
_QUOTED = Pattern(r"^\s*(?:>|\|\s)")
_WROTE = Pattern(
    r"^\W*(?:on|am|le|el)\b.{4,120}\b(?:wrote|schrieb|a écrit|escribió)\s*:?\s*$|^\W*[\w .'-]{2,40} wrote\s*:?\s*$"
)
_MAIL = Pattern(
    r"^\W*(?:-+\s*)?(?:begin )?(?:forwarded message|original message|fwd?\b|forwarded from)|^\s*(?:from|sent|subject|to"
    r"|cc|von|gesendet|betreff|de|envoyé|objet|asunto|para)\s*:\s|^\s*dear (?!ai\b|assistant"
    r"|bot)(?-i:[A-ZÀ-Þ])[\w. '-]{0,40},\s*$"
)
_SAID_AT = Pattern(  # Slack, WhatsApp: who and when on a line of their own
    r"^\s*(?P<who>(?-i:[A-ZÀ-Þ])[\w.'-]*(?: (?-i:[A-ZÀ-Þ])[\w.'-]*){0,2})\s*[,–—|-]?\s*[\[(]?(?:(?:today"
    r"|yesterday) at )?\d{1,2}[:.]\d\d(?::\d\d)?(?:\s*[ap]\.?m\.?)?[\])]?\s*$"
)
_STAMP = (
    r"(?:[\[(]?(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4},?[T ]*)?\d{1,2}:\d\d(?::\d\d)?(?:\s*[ap]m)?[\])]?\s*(?:[-–—]\s*)?)"
)
_LABELLED = Pattern(
    rf"^\s*(?:[-*•]\s+)?{_STAMP}?(?:<(?P<nick>[\w.-]{{1,30}})>"
    rf"|[*_]{{0,2}}(?P<who>\S[^:\n.!?]{{0,70}}?)(?:\s*[\[(]\d{{1,2}}:\d\d[^\])\n]*[\])])?[*_]{{0,2}}\s*:)[*_]{{0,2}}(?:\s+|$)"
)
_STAMPED = Pattern(rf"^\s*{_STAMP}\s*(?P<who>(?-i:[A-ZÀ-Þ])[\w.'-]*)\s*[-–—>]\s+")
_OWN_LABEL = Pattern(
    r"\b(?:me|my|myself|mine|i|i'm|our|ours|we|you should|note|ps|p\.s|fyi|edit|context|background|question|btw|tl;?dr"
    r"|intro|introduction|hi|hello|hey|disclaimer|reminder|correction|news|update|situation|problem|issue|thing|things"
    r"|fact|facts|info|information|answer|reason|details|about|goal|goals|mistake|thanks|ok|okay|well|so|anyway|also"
    r"|yes|no|p\.p\.s|allergies|allergy|summary|phone|number|mobile|address|case|status|plus"
    r"|change of plans?|story short|version|asked|to be clear|bonus)\b"
)
_OTHERS_LABEL = Pattern(
    r"\b(?:sample|example|sentence|his|her|their|he|she|they|pupil|student|customer|user|speaker|someone|somebody|quote"
    r"|bio|review|lyrics|character|narrator|interview(?:er|ee)|candidate|patient|says?|said|wrote|writes|asked|replied"
    r"|reads|translate|proofread|text|caption|headline|title|prompt|template|essay|letter|email|e-mail|message|post"
    r"|story|poem"
    r"|\w+(?:er|or|ist|ant)|husband|wife|mum|mom|dad|friend|agent|support|sales|staff|guy|man|woman|boss|assistant|\w+(?:lord|lady|mate)|nurse|partner|neighbou?r|therapist)\b"
)
_PLAYED = Pattern(
    r"\brole-?play|\bpretend\b(?!ing to)|\bact as\b|\bfor this (?:exercise|scenario|game|task|role)\b|\bin (?:this|the"
    r"|our) (?:exercise|scenario|game|skit|simulation|role)\b|\byou(?:'re| are| will be|'ll be) (?:now |going to be "
    r"|playing )?(?:an?|the|my) (?!best|great|good|big|very|life|star|legend|gem|genius|real|true|bit|lot|huge|such"
    r"|amazing|wonderful|friend|lifesaver|machine|model|bot|ai\b)[\w-]+|\bi(?:'ll| will|'m going to) (?:play|be playing"
    r"|act|pretend)\b|\b(?:in|for) my (?:novel|story|book|screenplay|script|song|poem)\b|\bhere(?:'s| is) (?:an?|the"
    r"|my) (?:essay|story|letter|poem|text|paragraph|draft|speech|script|dialogue|monologue|review|post|email|e-mail"
    r"|message|bio|profile of|cover letter)\b"
)
_HINTS = Hint(
    r"\n|`|>|:|;|//|--|#|==|<\w|role-?play|pretend|act as|exercise|scenario|game|skit|simulation|role|you(?:'re| are"
    r"| will|'ll)|i(?:'ll| will|'m going to)|my (?:novel|story|book|screenplay|script|song|poem)|here(?:'s| is)|=|\("
)


def without_code(text: str) -> str:
    """The text with fenced and indented blocks and lines of code blanked."""
    if "\n" not in text and "`" not in text and "=" not in text:
        return text
    lines = _FENCED.sub(_blank, text).splitlines(keepends=True)
    return "".join(_spaces(line) if _INDENTED.match(line) or _CODE.search(line) else line for line in lines)


def own_words(text: str, *, listed: Iterable[tuple[int, int]] = ()) -> str:
    """The text with what is not said by its user blanked; `listed`: places of "key: value" lists, which stay."""
    if not _HINTS.within(text.lower()):
        return text
    kept = list(listed)
    text = _FENCED.sub(_blank, text)
    lines, start, others, mail = [], 0, False, False
    for line in text.splitlines(keepends=True):
        span = (start, start + len(line))
        start = span[1]
        if any(begin < span[1] and end > span[0] for begin, end in kept):
            lines.append(line)
            continue
        heading = _SAID_AT.match(line)
        others = not _is_me(heading["who"]) if heading else others
        mail = mail or _MAIL.search(line) is not None
        wrote = _WROTE.match(line) is not None
        if wrote and not _QUOTED.match(text[span[1] :].lstrip("\n")):
            mail = True
        if others or mail or wrote or heading or _QUOTED.match(line) or _CODE.search(line):
            lines.append(_spaces(line))
        else:
            lines.append(_labelled(line))
    return _played("".join(lines))


def _labelled(line: str) -> str:
    """A line without what a label says is another's: "Ben: I work at ..." """
    found = _LABELLED.match(line) or _STAMPED.match(line)
    if not found:
        return line
    who = (found.groupdict().get("nick") or found["who"]).strip()
    if found.groupdict().get("nick") and not _is_me(who):
        return _spaces(line)
    if _OWN_LABEL.search(who) and not _OTHERS_LABEL.search(who):
        return line
    return _spaces(line)


def _is_me(who: str) -> bool:
    return who.strip().lower() in ("me", "i", "myself", "you")


def _played(text: str) -> str:
    """All before a part is played, or before a text that is to be worked on."""
    found = _PLAYED.search(text)
    return text if not found else text[: found.start()] + _spaces(text[found.start() :])


def _blank(found: re.Match[str]) -> str:
    return _spaces(found[0])


def _spaces(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
