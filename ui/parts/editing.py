"""The dialogs that change documents, and show the cached answers go once the change has arrived."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from semcache.errors import SemcacheError
from semcache.knowledge import Document
from semcache_ui import shell, visitor
from semcache_ui.parts import components
from semcache_ui.services import words
from semcache_ui.services.documents import Edit
from semcache_ui.services.installation import Installation

_EDIT = "edit-under-way"
_POLL_S = 0.4
_OWNED = (
    "This document comes from another system, which numbers its versions. What you change here holds until that system "
    "sends its next version: correct it there to keep it."
)


def opened(installation: Installation, document: str | None = None) -> None:
    """Opens the editor, on a document if one is given; what an earlier dialog showed is over."""
    st.session_state.pop(_EDIT, None)
    _edit(installation, document)


def opened_new(installation: Installation) -> None:
    """Opens the editor on a document that is not there yet."""
    st.session_state.pop(_EDIT, None)
    _add(installation)


def opened_deletion(installation: Installation, document: Document) -> None:
    """Asks before a document is deleted."""
    st.session_state.pop(_EDIT, None)
    _delete(installation, document)


@st.dialog("Edit a document", width="medium", icon=":material/edit_document:")
def _edit(installation: Installation, document: str | None) -> None:
    if not _watched(installation):
        _choose_and_edit(installation, document)


@st.dialog("Add a document", width="medium", icon=":material/note_add:")
def _add(installation: Installation) -> None:
    if _watched(installation):
        return
    title = st.text_input("Title", placeholder="What it is about")
    text = st.text_area("Text", height=320, placeholder="Paragraphs are kept together; headings help to find them.")
    if st.button("Publish", type="primary", icon=":material/publish:", disabled=not (title.strip() and text.strip())):
        _begin(installation, "added a document", lambda: installation.documents.add(title=title, text=text))


@st.dialog("Delete a document", icon=":material/delete:")
def _delete(installation: Installation, document: Document) -> None:
    if _watched(installation):
        return
    dependants = installation.documents.dependants(document.document)
    st.markdown(f"Delete **{components.plain(document.title)}**?")
    st.caption(f"{words.count(len(dependants), 'cached answer')} built from it will not be served any more.")
    if installation.documents.has_owner(document.document):
        st.info(_OWNED, icon=":material/info:")
    if st.button("Delete it", type="primary", icon=":material/delete:"):
        _begin(installation, "deleted a document", lambda: installation.documents.delete(document.document))


def _choose_and_edit(installation: Installation, document: str | None) -> None:
    titles = {d.document: d.title for d in installation.documents.all()}
    if not titles:
        components.empty("No documents yet", "Play the sample, or add one on the Knowledge page.")
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
    if installation.documents.has_owner(chosen):
        st.info(_OWNED, icon=":material/info:")
    if st.button("Publish", type="primary", icon=":material/publish:"):
        _begin(installation, "edited a document", lambda: installation.documents.save(chosen, title=title, text=text))


def _begin(installation: Installation, action: str, change: Callable[[], Edit]) -> None:
    """Publishes, and turns the dialog into one that watches."""
    try:
        with st.spinner("Publishing …"):
            edit = change()
            visitor.note(installation, action, edit.document, f"version {edit.version}")
    except SemcacheError as error:
        st.error(components.plain(str(error)), icon=":material/error:")
        return
    st.session_state[_EDIT] = edit
    st.session_state["edit-at"] = time.monotonic()
    st.rerun(scope="fragment")


def _watched(installation: Installation) -> bool:
    """Shows the change that is under way, if one is."""
    edit = st.session_state.get(_EDIT)
    if not isinstance(edit, Edit):
        return False
    _watch(installation, edit)
    return True


@st.fragment(run_every=_POLL_S)
@shell.shielded
def _watch(installation: Installation, edit: Edit) -> None:
    """The change on its way; looks every moment until it has arrived."""
    state = installation.documents.state(edit)
    what = "The deletion" if edit.deleted else f"Version {edit.version} of **{components.plain(edit.title)}**"
    if state.applied:
        st.success(f"{what} is in Redis.", icon=":material/check:")
    else:
        waited = time.monotonic() - st.session_state.get("edit-at", time.monotonic())
        st.info(f"{what} is on its way through Kafka … {words.took(waited)}", icon=":material/sync:")
    for dependant in edit.dependants:
        gone = dependant in state.gone
        prompt = components.plain(dependant.prompt)
        st.markdown(f":red-badge[:material/delete: gone] ~~{prompt}~~" if gone else f":gray-badge[cached] {prompt}")
    if state.done and edit.dependants:
        said = words.count(len(state.gone), "cached answer")
        st.caption(f"{said} went with version {edit.version - 1}; the next question is answered from the new text.")
    if st.button("Close", type="primary"):
        st.session_state.pop(_EDIT, None)
        st.rerun()
