"""Answers quoted without a language model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from semcache.embed import CachedEmbedder
from semcache.llm import LlmRequest, Passage
from semcache.llm.extractive import ExtractiveLlm
from semcache.llm.gauge import gauge_of
from semcache.llm.replies import UNKNOWN

DATA = Path(__file__).parents[1] / "data" / "answering"


def document(id: str, title: str, text: str) -> Passage:
    return Passage(id, "document", title, text)


RETURNS = document(
    "returns",
    "Returns and refunds",
    "You can return unused lamps within 30 days of delivery. Refunds are paid within 5 working days. "
    "Lamps made to measure cannot be returned.\n\n"
    "To start a return:\n1. Open your account.\n2. Choose the order and press Return.\n3. Print the label.\n"
    "4. Hand the parcel in at any post office.\n\n"
    "Questions? Write to help@lamps.example.",
)
SHIPPING = document(
    "shipping",
    "Shipping",
    "Standard delivery takes three working days and costs €4.90.\n\n"
    "| country | days | price |\n| --- | --- | --- |\n| Norway | 6 | €12.00 |\n| Italy | 4 | €7.50 |\n",
)
FAQ = document(
    "faq",
    "Questions and answers",
    "Q: Are the bulbs included?\nA: Yes, with every lamp except the Luna.\n\n"
    "Q: Is the Luna dimmable?\nA: No, but the Sola is.\n",
)
PASSAGES = (RETURNS, SHIPPING, FAQ)


@pytest.fixture(scope="module")
def llm(embedder: CachedEmbedder) -> ExtractiveLlm:
    return ExtractiveLlm(embedder)


def answer(llm: ExtractiveLlm, question: str, passages: tuple[Passage, ...] = PASSAGES) -> str:
    return llm.answer(LlmRequest(question, passages)).text


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How long do refunds take?", "within 5 working days"),
        ("when will I get my money back", "5 working days"),
        ("What does delivery cost?", "€4.90"),
        ("Can I send back a lamp that was made to measure?", "cannot be returned"),
        ("How much is shipping to Norway?", "Norway, days: 6, price: €12.00"),
        ("Do lamps come with a bulb?", "except the Luna"),
        ("Can the Luna be dimmed?", "No, but the Sola is."),
    ],
)
def test_the_sentence_that_answers_is_quoted(llm: ExtractiveLlm, question: str, expected: str) -> None:
    """Durations, prices, yes-no questions, tables and lists of questions: the right unit is in the answer."""
    assert expected in answer(llm, question)


def test_sources_are_cited_and_not_written(llm: ExtractiveLlm) -> None:
    """Only quoted documents are cited, and their titles are no part of the text."""
    completion = llm.answer(LlmRequest("How long do refunds take?", PASSAGES))
    assert "[" not in completion.text
    assert completion.cited == ("returns",)
    assert completion.known


def test_steps_are_quoted_as_a_whole(llm: ExtractiveLlm) -> None:
    """A question how to do a thing gets all consecutive steps with their introduction, in order."""
    lines = answer(llm, "How do I start a return?").splitlines()
    assert lines[0] == "To start a return:"
    assert lines[1:4] == ["1. Open your account.", "2. Choose the order and press Return.", "3. Print the label."]
    assert lines[4].startswith("4. Hand the parcel in")


def test_two_questions_get_two_answers(llm: ExtractiveLlm) -> None:
    """Each part of a double question is answered."""
    text = answer(llm, "How long do refunds take and what does standard delivery cost?")
    assert "5 working days" in text
    assert "€4.90" in text


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "Who wrote Hamlet?",
        "How do I bake bread?",
        "Does the Luna have a motion sensor made in Finland?",
        "What is the boiling point of nitrogen?",
    ],
)
def test_what_nothing_answers_is_not_known(llm: ExtractiveLlm, question: str) -> None:
    """Where nothing fits, it says that it does not know, and cites nothing."""
    completion = llm.answer(LlmRequest(question, PASSAGES))
    assert (completion.text, completion.known, completion.cited) == (UNKNOWN, False, ())


def test_without_passages_nothing_is_known(llm: ExtractiveLlm) -> None:
    """An empty knowledge base is no error."""
    assert not llm.answer(LlmRequest("How long do refunds take?")).known


def test_another_codes_answer_is_not_given(llm: ExtractiveLlm) -> None:
    """Asked for one error code, the sentence about another is not quoted first."""
    codes = document("codes", "Error codes", "Error E07 means a loose plug.\n\nError E21 means an overheated driver.")
    assert answer(llm, "What does E21 mean?", (codes,)).startswith("Error E21")


def test_what_the_asker_said_answers_personal_questions(llm: ExtractiveLlm) -> None:
    """A question about oneself is answered by one's own words, the newest first, before any document."""
    told = (
        Passage("t1", "memory", "you, 3 March 2026", "I live in Graz with my sister.", at=1.0),
        Passage("t2", "memory", "you, 9 May 2026", "We have moved, I live in Lisbon now.", at=2.0),
    )
    lines = answer(llm, "Where do I live?", (*told, *PASSAGES)).splitlines()
    assert lines[0] == '"We have moved, I live in Lisbon now."'
    assert lines[1] == '"I live in Graz with my sister."'


@pytest.mark.parametrize(
    ("text", "reply"),
    [("Hello!", "Hello!"), ("thank you", "You are welcome."), ("I have a cat.", 'Noted: "I have a cat."')],
)
def test_small_talk_gets_a_reply(llm: ExtractiveLlm, text: str, reply: str) -> None:
    """A greeting, thanks or a statement is not answered with 'I do not know'."""
    completion = llm.answer(LlmRequest(text, PASSAGES))
    assert completion.text.startswith(reply)
    assert completion.known


def test_the_same_request_gets_the_same_answer(embedder: CachedEmbedder) -> None:
    """Two answerers quote the same for the same request."""
    question = "Can I return a lamp after a month?"
    assert answer(ExtractiveLlm(embedder), question) == answer(ExtractiveLlm(embedder), question)


def test_without_an_embedder_the_words_decide() -> None:
    """The question's own words still find their sentence, and a foreign question still finds none."""
    bare = ExtractiveLlm()
    assert "5 working days" in answer(bare, "How long do refunds take until they are paid?")
    assert answer(bare, "What is the capital of France?") == UNKNOWN


def test_a_model_is_measured_on_its_own_scale(embedder: CachedEmbedder) -> None:
    """Answers are nearer to their questions than other texts are, and both scales have room between."""
    gauge = gauge_of(embedder)
    for scale in (gauge.texts, gauge.words):
        assert 0.1 < scale.span < 0.9
        assert scale.relatedness(scale.cosine(0.7)) == pytest.approx(0.7)


def test_documents_of_other_fields_are_answered_from() -> None:
    """The labelled questions come with the documents that hold their answers."""
    documents = {json.loads(line)["id"] for line in (DATA / "documents.jsonl").open("rb")}
    questions = [json.loads(line) for line in (DATA / "questions.jsonl").open("rb")]
    assert {q["source"] for q in questions if q["expect"]} <= documents


RULES = (
    Passage(
        "rules",
        "document",
        "Hiring a canoe",
        "A canoe can be hired by anybody from 14 to 75 years. Canoes that have been out for more than 3 days cannot be "
        "exchanged. A canoe that has been out for up to 3 days can be exchanged once. A canoe carries up to 180 kg. "
        "Dogs up to 20 kg may ride in a canoe.",
    ),
)


@pytest.mark.parametrize(
    ("question", "first", "never"),
    [
        ("Can I exchange a canoe after 5 days?", "more than 3 days cannot be exchanged", "can be exchanged once"),
        ("Can I exchange a canoe after 2 days?", "up to 3 days can be exchanged", "cannot be exchanged"),
        ("Can a dog of 30 kg ride in a canoe?", "Not by this limit", "180 kg"),
        ("Can a dog of 12 kg ride in a canoe?", "Dogs up to 20 kg", "Not by"),
    ],
)
def test_the_sentence_for_the_case_is_quoted(llm: ExtractiveLlm, question: str, first: str, never: str) -> None:
    """A number in the question is compared with the limits of the passage: what holds for another case is left out."""
    text = answer(llm, question, RULES)
    assert first in text
    assert never not in text


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("My cat died yesterday.", "I am sorry for your loss."),
        ("One of our dogs passed away last night", "I am sorry for your loss."),
        ("Wie lange habe ich Zeit für die Rückgabe?", "I answer in English"),
        ("Combien de temps ai-je pour rendre une lampe ?", "I answer in English"),
    ],
)
def test_what_cannot_be_quoted_is_said_with_decency(llm: ExtractiveLlm, said: str, reply: str) -> None:
    """A loss, and a question in another language, are neither 'noted' nor 'not known'."""
    assert answer(llm, said, PASSAGES).startswith(reply)


def test_the_time_is_read_off_the_request(llm: ExtractiveLlm) -> None:
    """Who asks for the time gets it, if the request has it, and no opening hours."""
    request = LlmRequest("What time is it?", PASSAGES, system="Answer.\nIt is Sunday 29 November 2026, 02:36 UTC.")
    assert llm.answer(request).text == "It is Sunday 29 November 2026, 02:36 UTC."
