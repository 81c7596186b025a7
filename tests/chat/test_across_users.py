"""Two users in two conversations: what leans on a conversation, a person or a moment is never served across."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from semcache.chat import Answer, ChatEngine
from semcache.chat.stores import Stores
from tests.llm.server import FakeOpenAi, Messages

ANN = {"user": "ann", "session": "poems"}
BOB = {"user": "bob", "session": "networks"}
BEGAN = {
    "ann": "Write a short story about a lighthouse with three endings.",
    "bob": "Explain how DNS works in 3 steps.",
}

FOLLOW_UPS = (
    "run the tests", "Translate it to Italian", "translate to Polish", "C", "option 3", "3)", "b.", "more",
    "now in Kotlin", "try again", "explain line 4", "commit and push", "merge it", "lgtm", "👍", "🙏🙏", "???", "…",
    "Friday", "blue", "Add comments", "Remove the last sentence", "recap the discussion",
    "the answer above please, shorter",
    "Und für drei?", "kürzer", "nochmal", "¿Y dónde vivió?", "otra vez", "et en hiver ?", "encore", "en nog een?",
    "那她多高？", "继续", "А зимой?", "وماذا بعد؟", "fix step 2", "what about the third", "yes", "no, the other", "7",
    "in bold", "less", "undo", "as a table", "go with the second", "half of that",
)  # fmt: skip
PERSONAL = (
    "Wo ist mein Paket?", "Ist meine Rechnung schon bezahlt?", "¿Cuándo llega mi paquete?", "Où est mon colis ?",
    "Waar blijft mijn pakket?", "Onde está a minha encomenda?", "Dov'è il mio ordine?", "Siparişim nerede?",
    "Где моя посылка?", "أين طردي؟", "我的包裹在哪里？", "मेरा पार्सल कहाँ है?", "wheres my parcel",
    "did my refund go thru", "Wie heißt meine Katze?",
)  # fmt: skip
VOLATILE = (
    "Ist der Markt heute offen?", "Wie viel Uhr ist es?", "¿Qué hora es?", "Quel temps fait-il maintenant ?",
    "Is de winkel nu open?", "Que horas são?", "Сколько сейчас времени?", "现在几点？", "अभी कितने बजे हैं?",
    "is the pool shut", "What time is it?",
)  # fmt: skip


@pytest.fixture
def chatting(make_engine: Callable[..., ChatEngine], api: FakeOpenAi) -> ChatEngine:
    """A model that repeats what it is to rewrite, and never answers twice alike."""

    def reply(messages: Messages) -> str:
        if "Rewrite" in str(messages[0]["content"]):
            return str(messages[-1]["content"])
        return f"Answer number {len(api.requests)}."

    api.reply = reply
    return make_engine()


def both(engine: ChatEngine, text: str, number: int) -> tuple[Answer, Answer]:
    """The answers of two users, each behind a first question of their own."""
    answers = []
    for who in (ANN, BOB):
        asking = {"user": who["user"], "session": f"{who['session']}-{number}"}
        engine.ask(BEGAN[who["user"]], **asking)
        answers.append(engine.ask(text, **asking))
    return answers[0], answers[1]


def test_a_follow_up_is_not_served_in_another_conversation(chatting: ChatEngine) -> None:
    """Options, orders, emoji and fragments, in several languages: each conversation gets an answer of its own, which
    the model made with the conversation before it."""
    served = []
    for number, text in enumerate(FOLLOW_UPS):
        first, second = both(chatting, text, number)
        if second.outcome == "hit" or second.text == first.text:
            served.append(text)
    assert not served


@pytest.mark.parametrize("kind", ["personal", "volatile"])
def test_what_is_about_a_person_or_a_moment_is_not_served_to_others(chatting: ChatEngine, kind: str) -> None:
    """In whatever language it is asked, with an English embedding model, with and without a conversation before it."""
    served = []
    for number, text in enumerate(PERSONAL if kind == "personal" else VOLATILE):
        alone = [chatting.ask(text, user=user, session=f"alone-{number}") for user in ("cem", "dia")]
        first, second = both(chatting, text, number)
        if "hit" in (alone[1].outcome, first.outcome, second.outcome):
            served.append(text)
    assert not served


def test_without_a_conversation_too_little_is_not_shared(chatting: ChatEngine) -> None:
    """What says nothing alone is answered for the one who said it."""
    for text in ("B", "👍", "more", "weiter", "run the tests", "Tuesday", "translate to French"):
        assert [chatting.ask(text, user=user, session="new").outcome for user in ("eva", "finn")] == ["uncacheable"] * 2


def test_what_was_told_in_another_language_reaches_the_model(
    chatting: ChatEngine, api: FakeOpenAi, stores: Stores
) -> None:
    """A question in doubt comes with its asker's memories and with the time."""
    stores.memory("ann").append("s0", "user", "Mein Hund heißt Muffin und mag Käse.", at=1_700_000_000.0)
    chatting.ask("Wie heißt mein Hund?", **ANN)
    prompt = str(api.requests[-1]["messages"])
    assert "Muffin" in prompt
    assert "UTC" in prompt
    chatting.ask("Wie heißt mein Hund?", **BOB)
    assert "Muffin" not in str(api.requests[-1]["messages"])


@pytest.mark.parametrize(
    ("asked", "like_it"),
    [
        ("Wie kann man ein Passwort zurücksetzen?", "Wie kann man das Passwort zurücksetzen?"),
        ("Was ist der Unterschied zwischen Brutto und Netto?", "Was ist der Unterschied zwischen Netto und Brutto?"),
        ("Hoe kan ik een abonnement opzeggen?", "Hoe kan ik een abonnement afsluiten?"),
    ],
)
def test_another_language_is_shared_in_the_same_words_alone(chatting: ChatEngine, asked: str, like_it: str) -> None:
    """With a model that reads English, the very same question of everyone is a hit, and nothing that is like it."""
    first, again, other = (
        chatting.ask(text, user=user, session="new")
        for text, user in ((asked, "gus"), (asked, "hal"), (like_it, "ida"))
    )
    assert (again.outcome, again.text) == ("hit", first.text)
    assert other.outcome != "hit"


def test_a_question_that_stands_alone_is_still_shared(chatting: ChatEngine) -> None:
    """Behind any conversation: whole questions of everyone are served to the next user."""
    for number, text in enumerate(("Who invented the telephone?", "How do I reset my password?", "What is inflation?")):
        first, second = both(chatting, text, 900 + number)
        assert (second.outcome, second.text) == ("hit", first.text)
