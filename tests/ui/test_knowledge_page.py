"""The knowledge page."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from semcache_ui.services.installation import Installation
from tests.ui.reading import listed, said

Page = Callable[..., AppTest]


def test_an_empty_knowledge_base_says_how_to_fill_it(installation: Installation, page: Page) -> None:
    """Without documents the page says so, and offers to add one."""
    test = page("views/knowledge.py")
    assert "No documents yet" in said(test)
    assert "Add a document" in [b.label for b in test.button]


def test_documents_are_listed_and_filtered(helpdesk: Installation, page: Page) -> None:
    """The list shows every document, and what is typed narrows it."""
    test = page("views/knowledge.py")
    assert len(listed(test)) == 4
    test.text_input[0].set_value("NOTICE").run()
    assert "Nothing matches" in said(test)
    test.text_input[0].set_value("roam").run()
    assert len(listed(test)) == 1
    assert "Roam" in listed(test)[0]


def test_an_opened_document_shows_its_text_and_what_rests_on_it(helpdesk: Installation, page: Page) -> None:
    """Text, version and the cached answers that were built from it."""
    for _ in helpdesk.chat.ask("How long do I have to return a bike?", user="ann", session="s"):
        pass
    test = page("views/knowledge.py")
    test.radio[0].set_value("returns").run()
    assert "within 30 days" in said(test)
    assert "version 1" in said(test)
    assert "1 cached answer built from it" in [e.label for e in test.expander]
    assert "How long do I have to return a bike?" in said(test)


def test_added_documents_never_replace_others(installation: Installation) -> None:
    """A new document is named after its title; the same title again makes another document."""
    for text in ("Nobody answers at night.", "Now somebody does."):
        assert installation.documents.state(installation.documents.add(title="Night hours", text=text)).done
    assert installation.app.knowledge.versions(["night-hours", "night-hours-2"]) == {
        "night-hours": 1,
        "night-hours-2": 1,
    }


def test_a_deleted_document_takes_its_answers_with_it(helpdesk: Installation) -> None:
    """Deleting leaves neither the document nor what was answered from it."""
    for _ in helpdesk.chat.ask("How long do I have to return a bike?", user="ann", session="s"):
        pass
    state = helpdesk.documents.state(helpdesk.documents.delete("returns"))
    assert (state.done, len(state.gone)) == (True, 1)
    assert helpdesk.documents.get("returns") is None


def test_searching_shows_passages_with_their_scores(helpdesk: Installation, page: Page) -> None:
    """The best passage comes first, with what its score is made of."""
    test = page("views/knowledge.py")
    next(t for t in test.text_input if t.label == "Question").set_value("how many days to return a bike").run()
    assert "**1. Returning a bike and getting your money back**" in said(test)
    assert "cosine" in said(test)
