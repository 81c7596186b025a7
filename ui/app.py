"""The app's entry: page settings, the door if there is a login, navigation, and the sidebar of every page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from semcache_ui import signin, theme, visitor
from semcache_ui.parts import sidebar

st.set_page_config(page_title="semcache", page_icon=":material/bolt:", layout="wide")
st.logo(str(Path(__file__).with_name("logo.svg")), size="large")
st.html(theme.STYLE)
if not signin.passed():
    st.stop()
CHAT = st.Page("views/chat.py", title="Chat", icon=":material/forum:", default=True)
chosen = st.navigation(
    [
        CHAT,
        st.Page("views/cache.py", title="Cache", icon=":material/bolt:"),
        st.Page("views/memory.py", title="Memory", icon=":material/psychology:"),
        st.Page("views/knowledge.py", title="Knowledge", icon=":material/menu_book:"),
        st.Page("views/stream.py", title="Stream", icon=":material/stream:"),
        st.Page("views/hit_rates.py", title="Hit rates", icon=":material/query_stats:"),
        st.Page("views/start.py", title="Start here", icon=":material/flag:"),
    ]
)
sidebar.shown()
if st.session_state.pop(visitor.TO_CHAT, False) and chosen.title != CHAT.title:
    st.switch_page(CHAT)
chosen.run()
