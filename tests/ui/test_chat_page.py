"""The chat page, as Streamlit renders it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from semcache import samples
from semcache_ui.services.installation import Installation
from tests.ui.reading import said

STORY = samples.demo()[0]
Page = Callable[..., AppTest]


@pytest.fixture
def sidebar() -> AppTest:
    """The sidebar alone."""
    return AppTest.from_string("from semcache_ui.parts import sidebar\nsidebar.shown()", default_timeout=60).run()


def test_the_first_visit_says_what_to_do(helpdesk: Installation, page: Page) -> None:
    """Without a conversation the page suggests questions."""
    test = page("views/chat.py")
    assert "Ask the help desk" in said(test)
    assert STORY.question in test.button_group[0].options


def test_a_question_and_its_paraphrase_get_their_badges(helpdesk: Installation, page: Page) -> None:
    """The first answer is badged a miss, the paraphrase's a cache hit that names the question before."""
    test = page("views/chat.py")
    test.chat_input[0].set_value(STORY.question).run()
    assert " miss]" in said(test)
    test.chat_input[0].set_value(STORY.paraphrase).run()
    assert " cache hit]" in said(test)
    assert f"same meaning as “{STORY.question}”" in said(test)
    health = helpdesk.health.get()
    assert health is not None
    assert health.stats is not None
    assert health.stats.hits == 1, "the sidebar knows at once"


def test_text_of_users_is_not_markup(helpdesk: Installation, page: Page) -> None:
    """What a user types is shown as typed."""
    test = page("views/chat.py")
    test.chat_input[0].set_value("is **this** [a link](http://x)?").run()
    assert "is **this** [a link](http://x)?" in [text.value for text in test.text]


def test_a_dead_redis_is_told_with_the_way_to_mend_it(environment: pytest.MonkeyPatch, page: Page) -> None:
    """Without Redis the page names the command that starts it, and shows no traceback."""
    environment.setenv("SEMCACHE_REDIS_URL", "redis://127.0.0.1:1/0")
    test = page("views/chat.py")
    assert "Redis does not answer" in said(test)
    assert test.code[0].value == "semcache up"


def test_the_app_opens_on_the_chat(helpdesk: Installation, page: Page) -> None:
    """The whole app renders: navigation, sidebar and the chat."""
    test = page("app.py")
    assert "Ask the help desk" in said(test)
    assert [s.label for s in test.sidebar.selectbox] == ["User"]


def test_the_sidebar_switches_users(helpdesk: Installation, sidebar: AppTest) -> None:
    """Another user starts in a session of their own."""
    before = sidebar.session_state["session"]
    sidebar.selectbox[0].select("pia").run()
    assert sidebar.session_state["user"] == "pia"
    assert sidebar.session_state["session"] != before


def test_conversations_are_found_again_in_the_sidebar(helpdesk: Installation, sidebar: AppTest) -> None:
    """What was asked is listed, and choosing it returns to its session."""
    for _ in helpdesk.chat.ask(STORY.question, user="you", session="earlier"):
        pass
    sidebar.run()
    next(b for b in sidebar.button if b.label.startswith("How long do I")).click().run()
    assert sidebar.session_state["session"] == "earlier"
