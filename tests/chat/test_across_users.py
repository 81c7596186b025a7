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
    # abbreviations of chats, and the English of other places
    "can u expand the 2nd para", "pls elaborate the third point only", "tldr", "ELI5", "do the needful", "y tho",
    "kindly revert on the same", "haan, aur batao", "nah the other", "less formal", "add emojis", "redo it auf Deutsch",
    # bare options and numbers
    "A)", "#2", "no. 3", "variant D", "Option A bitte", "die zweite", "la tercera", "le premier", "de tweede", "第二个",
    "второй", "الثاني", "2番目", "두 번째", "ii",
    # orders without their object
    "run them again", "deploy", "refactor the function", "delete line 12", "make it rhyme", "write the next chapter",
    "send it", "shorten the intro", "fix the typo", "bitte kürzen", "übersetze ins Englische", "traduce al inglés",
    "traduis en anglais", "vertaal naar het Engels", "翻译成英文", "переведи на английский", "ترجم إلى الإنجليزية",
    "英語に訳して", "영어로 번역해줘", "traduci in inglese", "traduza para o inglês",
    # fragments
    "with cream", "in Lisbon", "for beginners", "without sugar", "next Thursday", "green", "for 12 people", "mit Käse",
    "in Wien", "para niños", "sin azúcar", "pour deux", "sans sucre", "voor kinderen", "给孩子", "для детей", "للأطفال",
    "子供向け", "per bambini", "para crianças",
    # pronouns and what is left out
    "and why?", "why not?", "who else?", "how come", "is it safe?", "where do they live?", "how old was she?",
    "does he know?", "what about hers?", "and the other one?", "Und warum?", "Wie alt war sie?", "¿Y por qué?",
    "¿Cuántos años tenía?", "Et pourquoi ?", "Quel âge avait-elle ?", "En waarom?", "他们住在哪里？", "А почему?",
    "ولماذا؟",
    "なぜですか", "왜요?", "E perché?", "E por quê?",
    # signs, agreement, and what says nothing
    "👎", "🤔", "😂😂", "!!", "-", "ok", "yep do that", "sounds right", "go", "ja", "sí", "oui", "да", "نعم", "是的",
    "はい",
)  # fmt: skip
PERSONAL = (
    "acct ending 4471 balance", "whn is my appt", "my PF withdrawl status", "mera order kahan hai",
    "did my refund come thru",
    "Wo ist mein Paket?", "Ist meine Rechnung schon bezahlt?", "¿Cuándo llega mi paquete?", "Où est mon colis ?",
    "Waar blijft mijn pakket?", "Onde está a minha encomenda?", "Dov'è il mio ordine?", "Siparişim nerede?",
    "Где моя посылка?", "أين طردي؟", "我的包裹在哪里？", "मेरा पार्सल कहाँ है?", "wheres my parcel",
    "did my refund go thru", "Wie heißt meine Katze?",
    "Wann läuft mein Vertrag ab?", "Was habe ich gestern bestellt?", "Wie viel Guthaben habe ich?",
    "Bin ich angemeldet?",
    "¿Cuánto saldo me queda?", "¿Dónde vivo?", "¿Ya pagué la factura?", "Combien me reste-t-il ?", "Ai-je payé ?",
    "Quand est mon rendez-vous ?", "Hoeveel saldo heb ik?", "Welke maat heb ik?", "Quando arriva il mio pacco?",
    "Qual é o meu saldo?", "Bakiyem ne kadar?", "Gdzie jest moja paczka?", "Var är mitt paket?", "私の注文はどこですか",
    "내 주문은 어디에 있나요?", "any news on my claim", "which seat am i in", "whats my balance",
)  # fmt: skip
VOLATILE = (
    "u guys open rn", "petrol price today", "abhi dukaan khuli hai kya", "wifi working again?", "dollar to rupee",
    "gold rate", "is the bakery out of croissants already", "any slots left this arvo", "a cuanto esta el dolar",
    "Ist der Markt heute offen?", "Wie viel Uhr ist es?", "¿Qué hora es?", "Quel temps fait-il maintenant ?",
    "Is de winkel nu open?", "Que horas são?", "Сколько сейчас времени?", "现在几点？", "अभी कितने बजे हैं?",
    "is the pool shut", "What time is it?",
    "Regnet es morgen?", "Gibt es eine Störung?", "Ist der Laden offen?", "¿Está abierta la piscina?",
    "¿Quién va ganando?",
    "Le magasin est-il ouvert ?", "Y a-t-il des retards ?", "Is er een storing?", "Rijdt de trein?", "Che ore sono?",
    "Está aberto agora?", "Saat kaç?", "Która jest godzina?", "Vad är klockan?", "今何時ですか", "지금 몇 시예요?",
    "are you open",
    "any delays on the red line", "how long is the queue",
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
