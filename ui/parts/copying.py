"""A button that copies a text: Streamlit has none, so it is a component of our own."""

from __future__ import annotations

import streamlit as st
from streamlit.components.v2 import component

_HTML = """<button type="button" title="Copy the answer" aria-label="Copy the answer">
<svg viewBox="0 0 24 24" width="18" height="18" fill="currentColor" fill-rule="evenodd" aria-hidden="true">
<path d="M4 1h12v2H4v14H2V3zM8 5h12v18H6V7zm0 2v14h10V7z"/></svg><span role="status"></span></button>"""
_CSS = """button { display: inline-flex; gap: .4rem; align-items: center; min-height: 2.5rem; padding: 0 .6rem;
  border: 0;  background: transparent; color: var(--st-text-color); font: 400 .9rem var(--st-font); cursor: pointer;
  border-radius: var(--st-button-radius) }
button:hover, button:focus-visible { color: var(--st-primary-color) }
button:focus-visible { outline: 2px solid var(--st-primary-color) }"""
_JS = """export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button"), said = parentElement.querySelector("span")
  const byHand = () => {  // where the page is not served securely the clipboard is closed to scripts
    const area = document.createElement("textarea")
    area.value = data; document.body.append(area); area.select()
    const done = document.execCommand("copy"); area.remove(); return done
  }
  button.onclick = async () => {
    const done = await navigator.clipboard?.writeText(data).then(() => true, () => false)
    said.textContent = done || byHand() ? "copied" : "not allowed"
    setTimeout(() => { said.textContent = "" }, 2000)
  }
}"""
_copy = component("semcache.copy", html=_HTML, css=_CSS, js=_JS)


def button(text: str, *, key: str) -> None:
    """Puts the text into the clipboard when it is pressed."""
    with st.container(width="content"):
        _copy(data=text, key=key, width="content", height="content")
