"""What is said where nothing is quoted: the time, thanks, a greeting, condolence, an echo, or that nothing is known."""

from __future__ import annotations

import re

from semcache.llm.protocol import LlmRequest
from semcache.text.language import language_of
from semcache.text.questions.acts import Act, act, tells_of_loss
from semcache.text.questions.followups import plain

UNKNOWN = "I do not know: nothing in the documents or memories I can see answers that."
_REPLIES = {
    Act.GREETING: "Hello! Ask me something, and I will quote what the documents say.",
    Act.THANKS: "You are welcome.",
}
_NOTED = 'Noted: "{}"'
_CONDOLENCE = "I am sorry for your loss. I have noted what you told me; take all the time you need."
ENGLISH_ONLY = "I answer in English, from these documents."
_LONGEST_ECHO = 200  # characters of a statement that are repeated
_CLOCK = re.compile(r"\nIt is (.+ UTC)\.")
_ASKS_THE_TIME = re.compile(
    r"what(?:'s| is)? (?:the )?(?:current )?(?:time|day|date)(?: is it)?(?: now| today)?[?. ]*$", re.I
)


def asks_the_time(question: str) -> bool:
    """Whether it is the time or the day that is asked for."""
    return _ASKS_THE_TIME.match(plain(question)) is not None


def unquoted(request: LlmRequest) -> str:
    """What is said where nothing is quoted."""
    question, clock = request.question, _CLOCK.search(request.system)
    if clock and _ASKS_THE_TIME.match(plain(question)):
        return f"It is {clock[1]}."
    if tells_of_loss(question):
        return _CONDOLENCE
    if language_of(question) != "en":
        nearest = next((passage.title for passage in request.passages if passage.kind == "document"), "")
        return f'{ENGLISH_ONLY} The nearest passage is "{nearest}".' if nearest else ENGLISH_ONLY
    if act(question) is Act.STATEMENT:
        said = plain(question)
        return _NOTED.format(said if len(said) <= _LONGEST_ECHO else said[:_LONGEST_ECHO].rsplit(" ", 1)[0] + " …")
    return _REPLIES.get(act(question), UNKNOWN)
