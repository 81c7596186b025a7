"""A page that shows texts of a file in every place where the app shows somebody's text."""

from __future__ import annotations

import json
import os
from pathlib import Path

import streamlit as st

from semcache_ui.parts import components

for place, text in enumerate(json.loads(Path(os.environ["TEXTS"]).read_text())):
    with st.container(key=f"text-{place}"):
        st.text(text)
    name = components.plain(text)
    with st.container(key=f"name-{place}"):
        st.markdown(name)
    with st.container(key=f"inside-{place}"):
        st.markdown(f"a {name} b")
        st.caption(name)
        st.error(name)
        st.button(name, key=f"button-{place}")
        st.expander(name)
    with st.container(key=f"list-{place}"):
        components.chosen([("1", text or "-", text), ("2", "another", "")], key=f"list-{place}")
st.html("<i id='end'></i>")
