"""The app's entry: page settings, navigation, and the sidebar that every page has."""

from __future__ import annotations

import streamlit as st

from ui import sidebar, theme

st.set_page_config(page_title="semcache", page_icon=":material/bolt:", layout="wide")
chosen = st.navigation(
    [
        st.Page("pages/chat.py", title="Chat", icon=":material/forum:", default=True),
        st.Page("pages/cache.py", title="Cache", icon=":material/bolt:"),
        st.Page("pages/knowledge.py", title="Knowledge", icon=":material/menu_book:"),
    ]
)
st.html(theme.STYLE)
sidebar.shown()
chosen.run()
