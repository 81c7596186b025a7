"""Two people at once."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.actions import ask, go, tab
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_two_browser_sessions_never_see_each_others_memory(visit: Visit) -> None:
    """Two users tell and ask the same at the same time in two browsers; each gets the own, on every page."""
    told = {"ada": "Kestrel", "ben": "Bullfinch"}
    pages = {user: visit(user=user) for user in told}
    for user, name in told.items():
        ask(pages[user], f"My tandem is called {name}.")
    for user, name in told.items():
        answer = ask(pages[user], "What is my tandem called?")
        expect(answer).to_contain_text(name)
    for user, name in told.items():
        other = next(n for u, n in told.items() if u != user)
        page = pages[user]
        for place in ("Memory", "Cache", "Chat"):
            go(page, place)
            expect(page.get_by_test_id("stAppViewContainer")).not_to_contain_text(other)
            page.get_by_text("What is my tandem called?").first.wait_for() if place == "Chat" else None
        go(page, "Memory")
        sessions = tab(page, "Conversations")
        expect(sessions).to_contain_text(name)
        expect(sessions).not_to_contain_text(other)


def test_a_user_switch_leaves_nothing_behind(visit: Visit) -> None:
    """Whoever takes over the browser sees nothing of the user before."""
    page = visit(user="cleo")
    ask(page, "My locker number is 7351.")
    page.get_by_test_id("stSidebar").get_by_role("combobox").fill("dan")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stSidebar")).not_to_contain_text("7351")
    expect(page.get_by_role("main")).not_to_contain_text("7351")
    expect(ask(page, "What is my locker number?")).not_to_contain_text("7351")
