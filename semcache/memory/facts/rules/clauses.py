"""Which parts of a turn its user means: clauses, without questions, quotations, suppositions and jokes (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from semcache.text.patterns import Hint, Pattern

# Patterns look ahead within a sentence: what is longer is a pasted text, and only its start is read.
_MOST_SENTENCE = 600  # characters
_MOST_CLAUSE = 300
_FIRST_PERSON = Pattern(
    r"\b(?:i|i'?m|i'?ve|i'?ll|me|my|we|we're|we've|we'll|our|us)\b|’|^\W*(?:not|new|sold|bought"
    r"|got|moved|moving|living|been"
    r"|starting|started|born|call|just|adopted|allergic)\b|\b(?:sorry|not|actually|wait|allergies|died|away)\b|\w\s*:",
    cased=True,  # for texts in lower case: with case to ignore it takes twice as long
)
_QUOTED = Pattern(r"[\"“«]([^\"“”«»]{1,400})[\"”»]", cased=True)
_NAMING = Pattern(r"(?:called|named|names?|is|are|:)\s*$")
# What follows is material to work on, not something the user says.
_MATERIAL = Pattern(
    r"\b(?:translate|rewrite|proofread|paraphrase|summari[sz]e|rephrase|spell-?check|grammar|role-?play|write|compose"
    r"|draft|correct|fix) (?:(?:this|that|the following|a|an|me|my|the|for|in|into|to|french|german|english|spanish"
    r"|following|text|sentence|\w+) ){0,5}?(?:story|poem|song|novel|scene|dialogue|letter|essay|text|sentence|this"
    r"|following|paragraph|email|joke)?\b.*",
    dotall=True,
)
_MATERIAL_HINT = Hint(
    r"translate|rewrite|proofread|paraphrase|summari|rephrase|spell|grammar|role|write|compose|draft|correct|fix"
)
_SENTENCE = Pattern(
    # Each begins with one of these: most places are passed by at once.
    r"(?=[\"')\]\s:;])(?:(?<=[.!?;…])[\"')\]]*\s+|(?<!\s)\s*\n\s*|(?<!\s)\s+[–—-]+\s+|(?<=[a-z)])\s*[:;]-?[)D(]\s*)",
    cased=True,
)
_ABBREVIATED = Pattern(r"(?:\b(?:dr|mr|mrs|ms|prof|st|no|vs|approx|e\.g|i\.e)|^\W*[A-Z])\.$")
_SUPPOSED = Pattern(
    r"^\W*(?:(?:so|and|but|ok|well|haha|lol|now|unless|even)\W+)*(?:(?:had|should|were) (?:i|we)\b|if|unless|suppose"
    r"|supposing|imagine|pretend|let'?s (?:say|pretend|assume)|assum(?:e|ing)|say (?:i|we)|what if|as if|hypothetically"
    r"|when i was (?:a kid|little|young|a child|small|younger)|once upon|in (?:a|my) (?:former|past|other|previous"
    r"|next) life|in my dreams?|just kidding|jk|kidding)\b|\bjust kidding\b|\b(?:a|my) (?:former|past|previous"
    r"|next) life\b|\bin (?:my|a) (?:dreams?|parallel)\b|\bnot really\W*$|^\W*(?:my|our) (?:character|avatar|sims?"
    r"|protagonist|alter ego)\b|^\W*in the (?:song|game|book|film|movie|story|novel|play)\b|\bprobably spam\b"
    r"|\bobviously spam\b|^\W*(?:(?:yeah|ha|oh),? )?(?:sure|right),? and (?:i|we)\b|\bi (?:was|am|'?m) (?:joking"
    r"|kidding)\b|\bqueen of\b|\bking of\b|^\W*(?:haha|lol|lmao|rofl)\b.*\b(?:basically|practically|literally"
    r"|married to|dying|dead)\b"
)
_SUPPOSED_HINT = Hint(
    r"had (?:i|we)|should (?:i|we)|were (?:i|we)|if\b|unless|suppos|imagin|pretend|let'?s (?:say|pretend|assume)|assum"
    r"|say (?:i|we)|hypothetic|when i was|once upon|life|dream|kidding|jk\b|parallel|not really|character|avatar|sim"
    r"|protagonist|alter ego|in the (?:song|game|book|film|movie|story|novel|play)|ly spam|sure,? and|right,? and"
    r"|joking|queen of|king of|haha|lol|lmao|rofl"
)
_REPORTED = Pattern(
    r"\b(?:(?:he|she|they|it|people|everyone|everybody|somebody|someone|nobody|you|who|which|(?:my|our|the|a|his"
    r"|her) [\w' -]{2,30}?|(?!I\b)[A-Z][a-z]+) (?:(?:always|just|also|once|often|still|then|keeps?|kept|has|have|had"
    r"|like) ){0,2}(?:said|says?|saying|told|tells?|telling|thinks?|thought|claims?|claimed|wrote|writes|asked|asks"
    r"|goes|went like|replied|shouted|believes?|insists?|jokes?|joked|calls me|is like|was like|sang)\b|according to"
    r"|(?:the|a|an|this) (?:email|letter|article|post|song|text|message|ad|line|quote) (?:said|says|goes|reads|starts"
    r"|started|is|was))(?!\s+(?:yes|no|me to)\b).*",
    dotall=True,
)
_REPORTED_HINT = Hint(
    r"said\b|says?\b|saying\b|told\b|tell|thinks?\b|thought\b|claim|wrote\b|writes\b|ask|goes\b|went like"
    r"|replied\b|shouted\b|believe|insist|joke|calls me|is like|was like|sang\b|according to"
    r"|(?:email|letter|article|post|song|text|message|ad|line|quote) (?:reads|starts|started|is|was)"
)
_IF = Pattern(
    r"[,\s][,\s]*(?:if|unless|whether|as if|as though|in case|until|once|when|before|after|so that"
    r"|like) (?:i|we|my|our|it|he|she|they|the)\b.*",
    dotall=True,
)
_IF_HINT = Hint(
    r"(?:if|unless|whether|though|in case|until|once|when|before|after|so that|like)"
    r" (?:i|we|my|our|it|he|she|they|the)\b",
)
_THEY = "he|she|they|it|the|this|that|there|you|his|her|their|its|which|who|whose|what|where"
_VERBS = (
    "moved|moving|sold|bought|got|started|starting|adopted|quit|left|lost|booked|cancell?ed|switched|work|live|living"
    "|have|am|was|love|hate|prefer|own|drive|play|speak|teach|study|born|run|used|grew|want|will|got|going|can't"
    "|cannot|don't|do|broke|turned"
)
# Another subject with a verb of its own: "and Tom drives ...".
_OTHER = r"(?-i:[A-ZÀ-Þ][\w'-]+(?:\s[A-ZÀ-Þ][\w'-]+)?\s(?:is|has|was|will|also|just|now|still|[a-z]{2,}(?:s|ed))\b)"
_CLAUSE = Pattern(
    # Each begins with one of these: most places are passed by at once.
    r"(?=\s+[abcipstw]|\s*[,;])(?:\s+(?=(?:i|i'?m|i'?ve|i'?ll|we|we're|we've|we'll)\s(?!and\b))|[,\s]+(?:but|because|so"
    r"|although|though|and|plus|as|cause|cuz|while|since|,)\s+(?=(?:i|i'?m|i'?ve|i'?ll|we|we're|we've|my|our)\b(?!\.))"
    r"|,\s*(?=(?:my|our)\b)"
    rf"|\s*[,;]\s*(?:and|but|so|or)?\s*(?=(?:{_THEY})\b)|\s+(?:but|because|although|though|cause|cuz)\s+|\s*,?\s+(?:and"
    rf"|while|whereas)\s+(?=(?:{_THEY}|{_VERBS})\b|(?:my|our)\s|{_OTHER})|,\s*(?=(?:(?:currently|now"
    rf"|still) )?(?:{_VERBS}|used to)\b))"
)
# What is said after these is not said to be so: "I wish I had ...", "maybe we'll ...".
_GOVERNS = Pattern(
    r"\b(?:wish|that|hope[ds]?|hoping|assum(?:e|es|ed|ing)|noted|den(?:y|ied|ies)|forget|believe[ds]?|tells?|hears?"
    r"|heard|insists?|not sure|n't sure|swear|decided|delete|remove|told|thought|thinking|pretend(?:ed)?|dream(?:t|ed"
    r"|ing)?|imagined?|doubt|as if|as though|like|said|says?|claim|joked?|wonder(?:ed|ing)?|asked|ask|if|whether|when"
    r"|how|why|where|what|maybe|perhaps|probably|possibly|until|unless|once|before|worried|afraid|scared|think"
    r"|guess(?:ed)?|suppose|which|than|might|almost|nearly)\s*$"
)
_MOST_GOVERNING = len("wondering")
# "Remember that I ...", "now that I ...": said to be so all the same.
_AFFIRMS = Pattern(
    r"(?<!n't )(?<!not )(?<!never )(?<!ly )(?<!ve )\b(?:remember|note|know|told you|mention(?:ed)?|confirm|mean"
    r"|mind|now|given|sure|so|glad|happy|sad"
    r"|(?:thing|news|fact|point|reason|problem) is|say|tell you|considering|seeing|proud|sorry|luckily) that\W*$"
)
_DENIES = Pattern(
    r"\b(?:(?:not|n't|never) (?:at all )?(?:true|the case|correct|right|so|a fact)|false|untrue|wrong(?:ly)?|myth|lie"
    r"|rumou?r|den(?:y|ied))\b"
    # only as an order: not "don't forget that", nor "my aunt tends to forget that"
    r"|^\W*(?:(?:please|now|ok|okay|and|but|so|just|actually|can you|could you|you (?:can|may|should|must)"
    r"|i(?:'d like| want| need) you to|go ahead and)\W+)*"
    r"(?:forget|delete|remove|erase|unlearn|stop (?:assuming|thinking|saying|believing))\b"
)
# What is unreal stays so behind an "and": "it is not true that I smoke and live in Bonn".
_UNREAL = Pattern(r"\b(?:dream(?:t|ed|ing)?|imagin(?:e|ed|ing)|pretend(?:ed|ing)?|wish(?:ed)?|hop(?:e|ed|ing))\b")
_ON = Pattern(r"\s*(?:and|or|nor)?\s*$")


_QUESTION = (
    r"(?:what|how|why|where|when|which|who|whose|can|could|do|does|did|is|are|am|should|shall|would|will"
    r"|any|has|have i)"
)
_ASKING = Pattern(rf"^\W*(?:(?:so|and|but|ok|hey|hi|well|also|then|or|now)\W+)*{_QUESTION}\b")
# A question behind a statement: "my dog is called Rex, what may he eat?"
_ASKED = Pattern(
    rf"(?:[,;:–—]|\s-)\s*(?:(?:and|so|but|then)\s+)?{_QUESTION}\b|\s(?:and|so|but)\s+{_QUESTION}\s(?:i|we|you"
    rf"|should|can|do|is|are|would)\b"
)


# A question of some words behind it: "I'm vegetarian but my kids aren't, one meal for all?"
_ASKED_BRIEFLY = Pattern(
    r"[,;–—]\s+(?!(?:or|right|no|yes|ok|okay|really|seriously|true|correct|maybe|perhaps|not|you|they|he|she|it|i|we"
    r"|according|\w+n't)\b)(?:[\w'&/-]+\s+){1,4}[\w'&/-]+\s*\?+\W*$"
)


_SUBJECT_I = Pattern(r"^\W*(?:(?!my\b|our\b)[\w'-]+[\s,]+){0,4}?(?:i|we)(?:'\w+)?\s")
_VERB_ALONE = Pattern(
    rf"^\W*(?:(?:and|but|also|then|currently|now|still|just|recently)\W+)*(?:{_VERBS}|used to|never|no longer)\b"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause and where it starts in the text. `revoked`: what it says is denied, or is to be forgotten;
    `inherits`: its subject is the "I" of the clause before it."""

    text: str
    start: int
    revoked: bool = False
    inherits: bool = False


def may_tell(text: str) -> bool:
    """Cheap: whether a text can hold anything about its user at all."""
    return _FIRST_PERSON.search(text.lower()) is not None


def meant(text: str) -> Iterator[Clause]:
    """The clauses that a user states as true."""
    text = _QUOTED.sub(_unquoted, text)
    if _MATERIAL_HINT.within(text.lower()):
        text = _MATERIAL.sub(_blank, text)
    for start, sentence in _sentences(text):
        sentence = sentence[:_MOST_SENTENCE]
        lower = sentence.lower()
        if lower.rstrip().endswith("?"):
            asked = None if _ASKING.match(sentence) else _ASKED.search(sentence) or _ASKED_BRIEFLY.search(sentence)
            sentence = sentence[: asked.start()] if asked else ""
            lower = sentence.lower()
        if not sentence or (_SUPPOSED_HINT.within(lower) and _SUPPOSED.search(sentence)):
            continue
        if _REPORTED_HINT.within(lower):
            sentence = _REPORTED.sub("", sentence)
        if _IF_HINT.within(lower):
            sentence = _IF.sub("", sentence)
        yield from _clauses(start, sentence)


def _unquoted(quoted: re.Match[str]) -> str:
    """A quotation is blanked, but a name in quotation marks is kept; the length stays."""
    names = len(quoted[1].split()) <= 3 and _NAMING.search(quoted.string, 0, quoted.start())
    return f" {quoted[1]} " if names else _blank(quoted)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for edge in _SENTENCE.finditer(text):
        if not _ABBREVIATED.search(text[max(start, edge.start() - 8) : edge.start()]):
            yield start, text[start : edge.start()]
            start = edge.end()
    yield start, text[start:]


def _clauses(start: int, sentence: str) -> Iterator[Clause]:
    at, governed, revoked, unreal, mine = 0, False, False, False, False
    for edge in [*_CLAUSE.finditer(sentence), None]:
        end = edge.start() if edge else len(sentence)
        part = sentence[at:end]
        part = part[:_MOST_CLAUSE]
        if part.strip():
            alone = _VERB_ALONE.match(part) is not None and not _SUBJECT_I.match(part)
            others = at > 0 and alone and not mine  # "my sister moved and sold her car"
            if (not (governed or unreal) or revoked) and not others:
                yield Clause(part, start + at, revoked, inherits=at > 0 and alone)
            mine = mine or at == 0 if alone else _SUBJECT_I.match(part) is not None
            governed = _governs(part) and (edge is None or "," not in edge[0])
            revoked = governed and _DENIES.search(part) is not None
            starts = governed and (revoked or _UNREAL.search(part) is not None)
            unreal = starts or (unreal and edge is not None and _ON.match(edge[0]) is not None)
        at = edge.end() if edge else end


def _governs(part: str) -> bool:
    """Whether a clause ends with a word after which nothing is said to be so."""
    if _GOVERNS.search(part, max(0, len(part.rstrip()) - _MOST_GOVERNING)) is None:
        return False
    return not (part.rstrip().endswith("that") and _AFFIRMS.search(part))
