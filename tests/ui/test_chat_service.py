"""Asking, judging and editing through the services that the pages use."""

from __future__ import annotations

import pytest

from semcache import samples
from semcache.errors import InvalidInput
from semcache_ui.services.answering.conversations import Exchange
from semcache_ui.services.installation import Installation

STORY = samples.demo()[0]


def ask(installation: Installation, question: str, *, user: str = "ann", session: str = "s1") -> Exchange:
    for _ in installation.chat.ask(question, user=user, session=session):
        pass
    return installation.chat.history(user=user, session=session)[-1]


def label(exchange: Exchange) -> str:
    assert exchange.provenance is not None, exchange.error
    return exchange.provenance.label


def test_a_paraphrase_is_a_hit_with_the_document_as_its_source(helpdesk: Installation) -> None:
    """A question is a miss, its paraphrase a hit that shows the document in the version it rests on."""
    assert label(ask(helpdesk, STORY.question)) == "miss"
    served = ask(helpdesk, STORY.paraphrase)
    assert label(served) == "cache hit"
    assert [(s.id, s.version) for s in served.sources] == [(STORY.change, 1)]
    assert STORY.before in served.sources[0].text


def test_an_edit_lets_the_answers_built_from_it_die(helpdesk: Installation) -> None:
    """Saving a document makes its next version, and the cached answers that were built from the one before are gone."""
    ask(helpdesk, STORY.question)
    stored = helpdesk.documents.get(STORY.change)
    assert stored is not None
    edit = helpdesk.documents.save(
        STORY.change, title=stored.title, text=(stored.text or "").replace(STORY.before, STORY.after)
    )
    state = helpdesk.documents.state(edit)
    assert (edit.version, [d.prompt for d in state.gone], state.done) == (2, [STORY.question], True)
    again = ask(helpdesk, STORY.question, session="s2")
    assert label(again) == "miss"
    assert STORY.after in again.text


def test_saving_nothing_new_is_refused(helpdesk: Installation) -> None:
    """A text that is empty or unchanged makes no version."""
    stored = helpdesk.documents.get(STORY.change)
    assert stored is not None
    for text in ("", "  \n", stored.text or ""):
        with pytest.raises(InvalidInput):
            helpdesk.documents.save(STORY.change, title=stored.title, text=text)
    assert helpdesk.app.knowledge.versions([STORY.change]) == {STORY.change: 1}


def test_a_rejected_answer_is_not_served_again(helpdesk: Installation) -> None:
    """Thumbs down takes the answer out of service, and the verdict stays with the exchange."""
    first = ask(helpdesk, STORY.question)
    helpdesk.chat.judge(first, user="ann", session="s1", correct=False)
    assert helpdesk.chat.history(user="ann", session="s1")[0].verdict is False
    assert label(ask(helpdesk, STORY.question)) == "miss"


def test_conversations_belong_to_their_user(helpdesk: Installation) -> None:
    """Nobody sees another user's conversations, even with the same session id."""
    ask(helpdesk, STORY.question, user="ann")
    assert [c.title for c in helpdesk.chat.conversations_of("ann")] == [STORY.question[:33].rsplit(" ", 1)[0] + "…"]
    assert helpdesk.chat.conversations_of("bob") == []
    assert helpdesk.chat.history(user="bob", session="s1") == ()


def test_a_session_of_another_process_is_read_from_memory(helpdesk: Installation) -> None:
    """After a restart a conversation is shown from memory's window, without provenance."""
    ask(helpdesk, STORY.question)
    helpdesk.conversations.forget("ann")
    (again,) = helpdesk.chat.history(user="ann", session="s1")
    assert again.question == STORY.question
    assert STORY.before in again.text
    assert again.provenance is None


def test_what_cannot_be_answered_is_told_in_words(helpdesk: Installation) -> None:
    """An error of asking becomes the exchange's text, never an exception."""
    assert "at most 20,000 are accepted" in ask(helpdesk, "x" * 20_001).error


def test_a_used_up_limit_says_when_to_come_back(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Asking too fast is answered with the seconds to wait."""
    environment.setenv("SEMCACHE_LLM_CALLS_PER_MINUTE", "1")
    helpdesk: Installation = request.getfixturevalue("helpdesk")
    ask(helpdesk, STORY.question)
    assert "Ask again in" in ask(helpdesk, STORY.near_miss.question).error


def test_a_conversation_keeps_its_name_and_is_deleted_whole(helpdesk: Installation) -> None:
    """The latest comes first, a name replaces the first words, and a deleted one is gone from list and memory."""
    ask(helpdesk, "My canoe is called Rosalie.", session="s1")
    ask(helpdesk, STORY.question, session="s2")
    helpdesk.chat.rename("Boats", user="ann", session="s1")
    assert [(c.session, c.title) for c in helpdesk.chat.conversations_of("ann")][1] == ("s1", "Boats")
    helpdesk.conversations.forget("ann")
    assert {c.title for c in helpdesk.chat.conversations_of("ann")} >= {"Boats"}
    assert helpdesk.memories.forget_session("ann", "s1").turns
    assert [c.session for c in helpdesk.chat.conversations_of("ann")] == ["s2"]
    assert helpdesk.chat.history(user="ann", session="s1") == ()


def test_asked_without_the_cache_an_answer_is_made_anew(helpdesk: Installation) -> None:
    """The kept answer is not served, and not replaced."""
    ask(helpdesk, STORY.question)
    for _ in helpdesk.chat.ask(STORY.question, user="ann", session="s1", fresh=True):
        pass
    anew = helpdesk.chat.history(user="ann", session="s1")[-1]
    assert (label(anew), anew.entry_id) == ("without the cache", None)
    assert STORY.before in anew.text
    assert label(ask(helpdesk, STORY.question)) == "cache hit"
