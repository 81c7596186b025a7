"""The first run, and playing the sample."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from semcache import samples
from semcache_ui.services.installation import Installation
from semcache_ui.services.sample import SESSION
from tests.ui.reading import said

Page = Callable[..., AppTest]


def test_an_empty_installation_explains_itself(installation: Installation, page: Page) -> None:
    """Chat and start page say what this is, and offer the sample."""
    for view in ("views/chat.py", "views/start.py"):
        test = page(view)
        assert "Welcome to semcache" in said(test)
        assert "Play the sample" in [b.label for b in test.button]


def test_with_documents_the_chat_opens(helpdesk: Installation, page: Page) -> None:
    """Nobody who has documents is held up by the welcome."""
    assert not helpdesk.sample.first_run
    assert "Welcome" not in said(page("views/chat.py"))


@pytest.mark.parametrize("way", ["directly", "through Kafka"])
def test_the_sample_fills_every_page(way: str, request: pytest.FixtureRequest) -> None:
    """Played, the sample has documents, memories, answers and hits; played again, it changes nothing."""
    if way == "directly":
        played: Installation = request.getfixturevalue("installation")
    else:
        played = request.getfixturevalue("streamed")
        request.getfixturevalue("ingestor")
    status = played.sample.start("you").wait(150)
    assert status.error == ""
    assert status.result is not None
    assert len(played.documents.all()) == status.result.documents == len(samples.documents())
    assert sum(played.memories.look(u).size.turns for u in {t.user for t in samples.conversations()}) == 566
    history = played.chat.history(user="you", session=SESSION)
    assert [e.question for e in history[:2]] == [samples.demo()[0].question, samples.demo()[0].paraphrase]
    assert not [e.error for e in history if e.error]
    assert not played.sample.first_run


def test_a_cancelled_sample_can_be_played_again(installation: Installation) -> None:
    """Cancelling ends it; starting again starts another one."""
    first = installation.sample.start("you")
    first.cancel()
    assert first.wait(60).state == "cancelled"
    second = installation.sample.start("you")
    assert second is not first
    second.cancel()
    second.wait(60)
