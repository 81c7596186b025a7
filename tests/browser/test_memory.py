"""Looking through a memory, and letting go of it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from semcache import samples
from tests.browser.actions import ask, badge, fill, go, heading, picture, tab
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

ERASED = samples.demo()[-1].personal


def test_what_a_user_told_is_recalled_with_reasons(visit: Visit) -> None:
    """The page shows facts over time, and the playground finds a turn and says why."""
    page = visit("memory", user="pia")
    heading(page, "Memory")
    expect(tab(page, "Facts").get_by_test_id("stVegaLiteChart")).to_be_visible()
    picture(page, "memory")
    recall = tab(page, "Recall")
    fill(recall.get_by_label("What should be recalled?"), "What is my dog called?")
    expect(recall).to_contain_text("Muffin")
    told = recall.get_by_test_id("stText").first
    expect(told).to_contain_text("Muffin")
    recall.get_by_role("button", name="Why").first.click()
    expect(page.get_by_test_id("stPopoverBody").get_by_test_id("stVegaLiteChart")).to_be_visible()
    picture(page, "recall")


def test_an_erased_user_is_forgotten_everywhere(visit: Visit) -> None:
    """Erasing takes the user's name as confirmation, gives a receipt, and the chat knows nothing of them any more."""
    page = visit(user=ERASED.user)
    expect(ask(page, ERASED.question)).to_contain_text(ERASED.expect)
    go(page, "Memory")
    own = tab(page, "Your data")
    expect(own.get_by_role("button", name="Erase", exact=False).last).to_be_disabled()
    fill(own.get_by_label("Type the user's name to confirm"), ERASED.user)
    own.get_by_role("button", name="Erase").last.click()
    receipt = page.get_by_test_id("stAlert").filter(has_text="Erased.")
    expect(receipt).to_contain_text(re.compile(r"[1-9]\d* turns"))
    expect(page.get_by_role("main")).to_contain_text("Nothing is remembered")
    picture(page, "erased")
    go(page, "Chat")
    again = ask(page, ERASED.question)
    expect(badge(again)).not_to_contain_text("cache hit")
    expect(again).not_to_contain_text(ERASED.expect)
