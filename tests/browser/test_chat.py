"""Asking, asking again in other words, and changing the document in between."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from semcache import samples
from tests.browser.actions import ask, badge, picture
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

STORY = samples.demo()[0]


def test_a_paraphrase_is_a_hit_until_the_document_changes(visit: Visit) -> None:
    """A question is a miss, its paraphrase a hit; after an edit through Kafka the question is a miss again."""
    page = visit()
    first = ask(page, STORY.question)
    expect(badge(first)).to_contain_text("miss")
    expect(first).to_contain_text(STORY.before)
    second = ask(page, STORY.paraphrase)
    expect(badge(second)).to_contain_text("cache hit")
    expect(second).to_contain_text(f"same meaning as “{STORY.question}”")
    picture(page, "chat")

    page.get_by_role("button", name="Edit a document").click()
    dialog = page.get_by_role("dialog")
    text = dialog.get_by_label("Text")
    expect(text).to_have_value(re.compile(STORY.before))
    text.fill(text.input_value().replace(STORY.before, STORY.after))
    text.press("Tab")
    dialog.get_by_role("button", name="Publish").click()
    expect(dialog.get_by_text("gone", exact=False).first).to_be_visible()
    expect(dialog).to_contain_text("died with version 1")
    picture(page, "edit")
    dialog.get_by_role("button", name="Close").last.click()
    expect(dialog).to_have_count(0)

    third = ask(page, STORY.question)
    expect(badge(third)).to_contain_text("miss")
    expect(third).to_contain_text(STORY.after)
