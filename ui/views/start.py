"""Start here: what this is, and the sample to try it on."""

from __future__ import annotations

import streamlit as st

from semcache_ui import shell
from semcache_ui.parts import welcome
from semcache_ui.services.installation import Installation

TOUR = (
    (
        "chat",
        ":material/forum:",
        "Chat",
        "Ask, ask again, and look under each answer for where it came from.",
    ),
    ("cache", ":material/bolt:", "Cache", "What is kept, why it would be served, and how sure the cache has to be."),
    (
        "memory",
        ":material/psychology:",
        "Memory",
        "What is known of a user now and back then, and how to make it forget.",
    ),
    ("knowledge", ":material/menu_book:", "Knowledge", "Change a document, and see the answers that rest on it go."),
    (
        "stream",
        ":material/stream:",
        "Stream",
        "What Kafka carries, how far the ingestor is, and what could not be applied.",
    ),
    (
        "hit_rates",
        ":material/query_stats:",
        "Hit rates",
        "How much a cache would have served of your own log, and how much wrong.",
    ),
)


def page(installation: Installation) -> None:
    """The welcome, and a line about each page."""
    welcome.shown(installation)
    for page, icon, title, text in TOUR:
        with st.container(gap="xxsmall"):
            st.page_link(f"views/{page}.py", label=f"**{title}**", icon=icon)
            st.caption(text)


shell.run(page)
