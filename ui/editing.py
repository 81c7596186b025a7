"""The dialog that edits a document, and shows the cached answers die when the change has arrived."""

from __future__ import annotations

import time

import streamlit as st

from semcache.errors import SemcacheError
from ui import components
from ui.services import words
from ui.services.documents import Edit
from ui.services.installation import Installation

_EDIT = "edit-under-way"
_POLL_S = 0.4


@st.dialog("Edit a document", width="medium", icon=":material/edit_document:")
def dialog(installation: Installation, document: str | None = None) -> None:
    """Pick, change, publish, watch. `document`: the one to begin with."""
    under_way = st.session_state.get(_EDIT)
    if isinstance(under_way, Edit):
        _watch(installation, under_way)
    else:
        _form(installation, document)


def opened(installation: Installation, document: str | None = None) -> None:
    """Opens the dialog; what an earlier one showed is over."""
    st.session_state.pop(_EDIT, None)
    dialog(installation, document)


def _form(installation: Installation, document: str | None) -> None:
    titles = {d.document: d.title for d in installation.documents.all()}
    if not titles:
        components.empty("No documents yet", "Play the sample, or add documents with `semcache kb add`.")
        return
    ids = list(titles)
    chosen = st.selectbox(
        "Document",
        ids,
        index=ids.index(document) if document in titles else 0,
        format_func=lambda id: titles[id],
    )
    stored = installation.documents.get(chosen)
    if stored is None:
        components.empty("It is gone", "Somebody has deleted this document.")
        return
    key = f"{chosen}-{stored.version}"
    title = st.text_input("Title", stored.title, key=f"title-{key}")
    text = st.text_area("Text", stored.text or "", height=320, key=f"text-{key}")
    dependants = installation.documents.dependants(chosen)
    st.caption(f"Version {stored.version}. {words.count(len(dependants), 'cached answer')} built from it.")
    if st.button("Publish", type="primary", icon=":material/publish:"):
        _publish(installation, chosen, title, text)


def _publish(installation: Installation, document: str, title: str, text: str) -> None:
    try:
        with st.spinner("Publishing …"):
            edit = installation.documents.save(document, title=title, text=text)
    except SemcacheError as error:
        st.error(components.plain(str(error)), icon=":material/error:")
        return
    st.session_state[_EDIT] = edit
    st.session_state["edit-at"] = time.monotonic()
    st.rerun(scope="fragment")


@st.fragment(run_every=_POLL_S)
def _watch(installation: Installation, edit: Edit) -> None:
    """The change on its way; asks twice a second until it has arrived."""
    state = installation.documents.state(edit)
    if state.applied:
        st.success(
            f"Version {edit.version} of **{components.plain(edit.title)}** is in Redis.", icon=":material/check:"
        )
    else:
        waited = time.monotonic() - st.session_state.get("edit-at", time.monotonic())
        st.info(f"Version {edit.version} is on its way through Kafka … {words.took(waited)}", icon=":material/sync:")
    for dependant in edit.dependants:
        gone = dependant in state.gone
        prompt = components.plain(dependant.prompt)
        st.markdown(f":red-badge[:material/delete: gone] ~~{prompt}~~" if gone else f":gray-badge[cached] {prompt}")
    if state.done:
        said = words.count(len(state.gone), "cached answer")
        st.caption(f"{said} died with version {edit.version - 1}; the next question is answered from the new text.")
    if st.button("Close", type="primary"):
        st.session_state.pop(_EDIT, None)
        st.rerun()
