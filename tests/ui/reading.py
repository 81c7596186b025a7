"""What a visitor reads on a page."""

from __future__ import annotations

import html

from streamlit.testing.v1 import AppTest


def listed(test: AppTest, *, place: int = 0) -> list[str]:
    """The texts of a list in which one can be opened."""
    return [html.unescape(text).replace("\u2060", "") for text in test.radio[place].options]


def said(test: AppTest) -> str:
    """All texts of a page, its Markdown as it was written, character references read."""
    assert not test.exception
    elements = [*test.markdown, *test.caption, *test.text, *test.warning, *test.error]
    return html.unescape("\n".join(element.value for element in elements)).replace("\u2060", "")
