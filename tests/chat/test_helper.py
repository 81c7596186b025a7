"""A language model that helps: classes that rules leave open, follow-ups, answers that may be none; and without it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import redis as redis_py

from semcache.chat import ChatEngine
from semcache.chat.stores import Stores
from tests.llm.server import FakeOpenAi, Messages, Trouble

ANA: dict[str, Any] = {"user": "ana", "session": "s1"}
BEN: dict[str, Any] = {"user": "ben", "session": "s2"}
SURMISED_SHARED, SURMISED_PERSONAL = LEFT_OPEN = ("did the lamp ship", "wheres the lamp I ordered")


def task_of(messages: Messages) -> str:
    """Which of the prompts this is."""
    system = str(messages[0]["content"])
    signs = {"depends_on": "class", "Rewrite": "completion", '"answers"': "abstention"}
    return next((task for sign, task in signs.items() if sign in system), "answer")


class Model:
    """What the server replies to each task; a function of the messages, or a text."""

    def __init__(self, api: FakeOpenAi) -> None:
        self._api = api
        self.replies: dict[str, str | Callable[[Messages], str]] = {"answer": "Three."}
        api.reply = self._reply

    def _reply(self, messages: Messages) -> str:
        reply = self.replies.get(task_of(messages), "I would rather not say.")
        return reply if isinstance(reply, str) else reply(messages)

    def depends_on(self, *what: str) -> None:
        self.replies["class"] = '{"depends_on": [' + ", ".join(f'"{name}"' for name in what) + "]}"

    @property
    def asked(self) -> list[str]:
        """The tasks so far, in order."""
        return [task_of(request["messages"]) for request in self._api.requests]


@pytest.fixture
def model(api: FakeOpenAi) -> Model:
    return Model(api)


def test_what_is_left_open_here(stores: Stores) -> None:
    """No rule knows these two; the weights take one for everyone's, and one for its asker's."""
    found = [stores.classify(text) for text in LEFT_OPEN]
    assert [(one.kind, one.open) for one in found] == [("shared", True), ("personal", True)]


def test_what_rules_decide_is_not_asked(engine: ChatEngine, model: Model) -> None:
    """Questions that are plainly everyone's, the asker's or the moment's cause no call but the answer's."""
    for text in ("How do I reset my password?", "Where is my order?", "Is the shop open today?"):
        engine.ask(text, user="ana", session=text)
    assert model.asked == ["answer"] * 3


def test_the_model_keeps_what_only_seems_everyones(engine: ChatEngine, model: Model) -> None:
    """A question that the weights would share in doubt is not shared if the model says what it depends on."""
    model.depends_on("moment")
    first, second = engine.ask(SURMISED_SHARED, **ANA), engine.ask(SURMISED_SHARED, **BEN)
    assert (first.outcome, first.kind) == ("uncacheable", "volatile")
    assert second.outcome == "uncacheable"
    assert model.asked == ["class", "answer", "answer"]  # what was read is remembered
    assert engine.cache().stats().stored == 0


def test_the_model_may_share_what_only_the_weights_doubt(engine: ChatEngine, model: Model) -> None:
    """Where no rule says otherwise its word counts in the other direction too."""
    model.depends_on()
    assert engine.ask(SURMISED_PERSONAL, **ANA).outcome == "miss"
    again = engine.ask(SURMISED_PERSONAL, **BEN)
    assert (again.outcome, again.personal_scope) == ("hit", False)


def test_the_model_cannot_share_what_a_rule_keeps(engine: ChatEngine, model: Model) -> None:
    """Not even if it says so: it is not asked."""
    model.depends_on()
    for text in ("Where is my order?", "Is the shop open right now?", "And the blue one?"):
        assert [engine.ask(text, **who).outcome for who in (ANA, BEN)].count("hit") == 0


def test_several_dependencies_are_all_kept(engine: ChatEngine, model: Model) -> None:
    """About its asker and the moment: the model that answers is told both the time and the asker's memories."""
    model.depends_on("moment", "asker")
    assert engine.ask(SURMISED_SHARED, **ANA).outcome == "uncacheable"
    assert engine.ask(SURMISED_SHARED, **ANA).kind == "personal"


def test_another_language_is_shared_in_its_words_if_the_model_says_so(engine: ChatEngine, model: Model) -> None:
    """What an English embedder cannot read is served to who asks the very same, and to nobody who asks the like."""
    model.depends_on()
    for text, like_it in (
        ("Η λάμπα είναι αδιάβροχη;", "Οι λάμπες είναι αδιάβροχες;"),
        ("Czy lampa jest wodoodporna?", "Czy lampy są wodoodporne?"),
    ):
        assert engine.ask(text, **ANA).outcome == "miss"
        assert engine.ask(text, **BEN).outcome == "hit"
        assert engine.ask(like_it, **BEN).outcome != "hit"


def test_another_language_is_kept_if_the_model_says_so(engine: ChatEngine, model: Model) -> None:
    """Although its words alone would have it shared verbatim."""
    text = "Was ist der Unterschied zwischen Brutto und Netto?"
    model.depends_on("asker")
    assert engine.ask(text, **ANA).kind == "personal"
    assert engine.ask(text, **BEN).outcome != "hit"


@pytest.mark.parametrize(
    "reply",
    [
        "It depends on many things.",
        "",
        "{}",
        '{"depends_on": "asker"}',
        '{"depends_on": ["everybody"]}',
        '{"depends_on": [',
        '["asker"]',
        "null",
    ],
)
def test_a_reply_in_another_form_changes_nothing(engine: ChatEngine, model: Model, reply: str) -> None:
    """Rules and weights decide as they do without a model."""
    model.replies["class"] = reply
    assert engine.ask(SURMISED_SHARED, **ANA).kind == "shared"
    assert engine.ask(SURMISED_PERSONAL, **ANA).kind == "personal"


@pytest.mark.parametrize(
    "wrapped", ['```json\n{"depends_on": ["moment"]}\n```', '<think>stock changes</think>\n{"depends_on": ["moment"]}']
)
def test_json_is_read_behind_reasoning_and_in_a_fence(engine: ChatEngine, model: Model, wrapped: str) -> None:
    """As many models wrap it."""
    model.replies["class"] = wrapped
    assert engine.ask(SURMISED_SHARED, **ANA).kind == "volatile"


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("hang"),
        Trouble("silence", after=1),
        Trouble("status", status=500),
        Trouble("status", status=429, headers={"retry-after": "30"}),
        Trouble("drop", after=1),
    ],
    ids=lambda trouble: f"{trouble.kind}-{trouble.status}",
)
def test_a_slow_or_absent_model_is_not_waited_for_again(
    make_engine: Callable[..., ChatEngine], api: FakeOpenAi, model: Model, trouble: Trouble
) -> None:
    """Rules decide after the helper's own limit, far below the answer's; the next questions do not pay it."""
    engine = make_engine(helper_timeout_s=0.2, timeout_s=20.0, max_retries=5)
    model.replies["class"] = '{"depends_on": [ "moment" ]}'
    api.then(trouble)
    started = time.monotonic()
    assert engine.ask(SURMISED_SHARED, **ANA).kind == "shared"
    assert engine.ask(SURMISED_PERSONAL, **ANA).kind == "personal"
    assert time.monotonic() - started < 10
    assert model.asked == ["class", "answer", "answer"]


def test_a_refused_question_is_no_outage(engine: ChatEngine, api: FakeOpenAi, model: Model) -> None:
    """The endpoint refuses one request: rules decide on that one, and the model on the next."""
    model.depends_on("moment")
    api.then(Trouble("status", status=400, message="flagged by the content filter"))
    assert engine.ask(SURMISED_SHARED, **ANA).kind == "shared"
    assert engine.ask(SURMISED_PERSONAL, **ANA).kind == "volatile"


def test_a_limit_of_nothing_leaves_it_to_rules(make_engine: Callable[..., ChatEngine], model: Model) -> None:
    """With llm.helper_timeout_s 0 the model only answers."""
    engine = make_engine(helper_timeout_s=0.0)
    for text in (*LEFT_OPEN, "And the blue one?"):
        engine.ask(text, **ANA)
    assert set(model.asked) == {"answer"}


def test_its_calls_count_as_the_users(make_engine: Callable[..., ChatEngine], model: Model) -> None:
    """A user who has used up the calls of a minute is not helped either: rules decide, and a hit is still served."""
    make_engine().ask("What is a lamp?", **BEN)
    engine = make_engine(calls_per_minute=1)
    engine.ask("What is a bulb?", **ANA)
    assert engine.ask("What is a lamp?", **ANA).outcome == "hit"
    model.depends_on("moment")
    asked = len(model.asked)
    with pytest.raises(Exception, match="1 answers a minute"):
        engine.ask(SURMISED_SHARED, **ANA)
    assert len(model.asked) == asked


def test_a_follow_up_keeps_the_numbers_of_its_conversation(engine: ChatEngine, model: Model) -> None:
    """A completion with a number that nobody said, without one that was, or of other words is not taken."""
    engine.ask("How much is standard delivery?", **ANA)
    for made in (
        "How much is standard delivery for 7 lamps?",
        "How much is standard delivery for several lamps?",
        "I am sorry, I would rather not help with these 3.",
    ):
        model.replies["completion"] = made
        assert engine.ask("And for 3 lamps?", **ANA).question != made
    model.replies["completion"] = "How much is standard delivery for 3 lamps?"
    assert engine.ask("And for 3 lamps?", **ANA).question == "How much is standard delivery for 3 lamps?"


@pytest.mark.parametrize(
    "answer",
    [
        "Sorry, the material is silent on that, please ask our staff.",
        "Unfortunately I was not given anything about the founder.",
        "Darüber steht in den Unterlagen leider nichts.",
    ],
)
def test_an_answer_that_is_none_is_not_kept(engine: ChatEngine, model: Model, answer: str) -> None:
    """In words that rules do not know: the model says so, and the next asker gets another try."""
    model.replies |= {"answer": answer, "abstention": '{"answers": false}'}
    first = engine.ask("Who founded the company?", **ANA)
    assert (first.known, first.entry_id) == (False, None)
    assert engine.ask("Who founded the company?", **BEN).outcome == "miss"
    assert model.asked == ["answer", "abstention"] * 2


@pytest.mark.parametrize("verdict", ['{"answers": true}', '{"answers": "no"}', "It does.", '{"answered": false}'])
def test_an_answer_with_an_excuse_is_kept(engine: ChatEngine, model: Model, verdict: str) -> None:
    """If the model takes it for one, or says nothing that could be read."""
    model.replies |= {"answer": "Sorry, no: we do not deliver to islands.", "abstention": verdict}
    engine.ask("Do you deliver to islands?", **ANA)
    assert engine.ask("Do you deliver to islands?", **BEN).outcome == "hit"


def test_plain_answers_are_not_judged(engine: ChatEngine, model: Model) -> None:
    """Neither an answer without excuses, nor one that says plainly that it does not know, nor one that is not kept."""
    for answer in ("We do not deliver to islands, and cannot pick up there.", "I do not know."):
        model.replies["answer"] = answer
        engine.ask(f"Do you deliver to islands, or {len(model.asked)} of them?", **ANA)
    model.replies["answer"] = "Sorry, the material is silent on that."
    engine.ask("Is the shop open today?", **ANA)
    assert set(model.asked) == {"answer"}


def test_two_users_with_a_model_that_shares_everything(
    engine: ChatEngine, model: Model, stores: Stores, redis: redis_py.Redis
) -> None:
    """The most careless model cannot have a personal text served to somebody else."""
    model.depends_on()
    model.replies["answer"] = lambda messages: "Biscuit" if "Biscuit" in str(messages) else "I do not know."
    stores.memory("ana").append("s0", "user", "My dog is called Biscuit.")
    for text in ("What is my dog called?", "whats my dogs name", "name of the dog I told you about"):
        engine.ask(text, **ANA)
        assert "Biscuit" not in engine.ask(text, **BEN).text


def test_the_built_in_answerer_is_never_asked_to_help(make_engine: Callable[..., ChatEngine], model: Model) -> None:
    """Without a model, classes are those of rules and weights."""
    make_engine(model="extractive").ask(SURMISED_SHARED, **ANA)
    assert model.asked == []
