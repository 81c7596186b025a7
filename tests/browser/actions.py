"""What people do in the app, and what they then see."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def ask(page: Page, question: str) -> Locator:
    """Types a question, and returns the answer once its badge is there."""
    settled(page)
    before = page.get_by_test_id("stChatMessage").count()
    field = page.get_by_test_id("stChatInput").locator("textarea")
    field.fill(question)
    field.press("Enter")
    answer = page.get_by_test_id("stChatMessage").nth(before + 1)
    expect(badge(answer)).to_be_visible()
    return answer


def badge(answer: Locator) -> Locator:
    """The badge that says hit or miss."""
    return answer.locator(".stMarkdownBadge", has_text=re.compile("cache hit|miss|not cacheable|without")).first


def tab(page: Page, name: str) -> Locator:
    """Opens a tab of the page, and returns what is in it."""
    page.get_by_role("tab", name=name).click()
    return page.get_by_role("tabpanel", name=name)


def go(page: Page, name: str) -> None:
    """Chooses another page of the app, as its visitors do: nothing is loaded anew."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
    heading(page, name)


def heading(page: Page, name: str) -> None:
    """Returns when the page of that title is there."""
    expect(page.locator("h3", has_text=name).first).to_be_visible()


def fill(field: Locator, text: str) -> None:
    """Types into a field and leaves it, as a person does."""
    field.fill(text)
    field.press("Tab")


def settled(page: Page) -> None:
    """Returns when Streamlit has nothing left to do and the page has stopped moving."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    expect(page.locator("[data-stale=true]")).to_have_count(0)
    expect(page.get_by_text("Looking at the servers")).to_have_count(0)
    page.evaluate(
        "() => Promise.all(document.getAnimations().filter(a => a.effect.getTiming().iterations !== Infinity)"
        ".map(a => a.finished.catch(() => 0)))"
    )


def picture(page: Page, name: str) -> None:
    """Keeps a screenshot for the documentation; nothing that a page only evaluates is on it."""
    settled(page)
    expect(page.get_by_text("None", exact=True)).to_have_count(0)
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=IMAGES / f"{name}.png")


def tab_to(page: Page, selector: str, *, containing: str = "", back: bool = False, most: int = 80) -> None:
    """Moves the focus with the tab key until it is on such an element."""
    for _ in range(most):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        if page.evaluate(
            "([selector, text]) => document.activeElement.matches(selector)"
            " && document.activeElement.innerText.includes(text)",
            [selector, containing],
        ):
            return
    raise AssertionError(f"{most} times Tab, and the focus was never on {selector} {containing}")
