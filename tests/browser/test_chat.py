"""Asking, asking again in other words, and changing the document in between."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from semcache import samples
from tests.browser.actions import ask, badge, fill, go, heading, picture, settled, tab_to
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
    expect(dialog).to_contain_text("went with version 1")
    picture(page, "edit")
    dialog.get_by_role("button", name="Close").last.click()
    expect(dialog).to_have_count(0)

    third = ask(page, STORY.question)
    expect(badge(third)).to_contain_text("miss")
    expect(third).to_contain_text(STORY.after)


def test_an_answer_is_explained_copied_and_made_anew(visit: Visit) -> None:
    """Under an answer one reads why, takes its text along, and asks again without the cache."""
    page = visit(user="kai")
    answer = ask(page, STORY.near_miss.question)
    answer.get_by_role("button", name="Why did you say that?").click()
    why = page.get_by_test_id("stPopoverBody")
    expect(why).to_contain_text("It rests on")
    expect(why.get_by_test_id("stVegaLiteChart")).to_be_visible()
    picture(page, "why")
    page.keyboard.press("Escape")
    answer.get_by_role("button", name="Copy the answer").click()
    expect(answer.get_by_role("status").filter(has_text="copied")).to_be_visible()
    assert STORY.near_miss.expect in page.evaluate("navigator.clipboard.readText()")
    answer.get_by_role("button", name="Without the cache").click()
    anew = page.get_by_test_id("stChatMessage").nth(3)
    expect(badge(anew)).to_contain_text("without the cache")
    expect(anew).to_contain_text(STORY.near_miss.expect)


def test_a_conversation_is_renamed_found_again_and_deleted(visit: Visit) -> None:
    """A conversation gets a name that another tab shows too, and is deleted with all that was said in it."""
    page = visit(user="mia")
    ask(page, "My canoe is called Rosalie.")
    row = page.get_by_test_id("stSidebar").get_by_role("button", name="My canoe is called Rosalie.")
    expect(row).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_test_id("stMenuButtonButton").first.click()
    page.get_by_role("menuitem", name="Rename").click()
    dialog = page.get_by_role("dialog")
    fill(dialog.get_by_role("textbox", name="Name"), "Boats")
    dialog.get_by_role("button", name="Rename").click()

    other = visit("memory", user="mia")
    other.get_by_test_id("stSidebar").get_by_role("button", name="Boats").click()
    heading(other, "Chat")
    expect(other.get_by_test_id("stChatMessage").first).to_contain_text("Rosalie")
    other.get_by_test_id("stSidebar").get_by_test_id("stMenuButtonButton").first.click()
    other.get_by_role("menuitem", name="Delete").click()
    other.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    expect(other.get_by_test_id("stSidebar").get_by_role("button", name="Boats")).to_have_count(0)
    go(other, "Memory")
    expect(other.get_by_role("main")).to_contain_text("Nothing is remembered")


def test_the_chat_is_used_with_the_keyboard_alone(visit: Visit) -> None:
    """Without a pointer one asks, opens the evidence of the answer, and closes it again."""
    page = visit(user="noa")
    heading(page, "Chat")
    settled(page)
    tab_to(page, "textarea[data-testid=stChatInputTextArea]")
    page.keyboard.type("What are the Saturday opening hours in Hamburg?")
    page.keyboard.press("Enter")
    answer = page.get_by_test_id("stChatMessage").nth(1)
    expect(badge(answer)).to_be_visible()
    settled(page)
    tab_to(page, "[data-testid=stPopoverButton]", containing="Why did you say that?", back=True)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stPopoverBody")).to_contain_text("It rests on")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)
