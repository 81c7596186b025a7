"""Knowledge: the documents, their versions, what was answered from them, and finding passages."""

from __future__ import annotations

import streamlit as st

from semcache.knowledge import Document, Found
from semcache_ui import shell, visitor
from semcache_ui.parts import components, editing
from semcache_ui.services import words
from semcache_ui.services.installation import Installation


def page(installation: Installation) -> None:
    """The list with one document opened beside it, and the search."""
    components.head(
        "Knowledge", "Documents that answers are built from. A change drops every cached answer that it outdates."
    )
    documents, search = st.tabs([":material/description: Documents", ":material/manage_search: Search"])
    with documents:
        _documents(installation)
    with search:
        _search(installation)


def _documents(installation: Installation) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input("Filter", placeholder="Title or id", icon=":material/filter_alt:", width="stretch")
        if visitor.current().admin and st.button("Add a document", icon=":material/add:"):
            editing.opened_new(installation)
    with st.spinner("Reading the documents …"):
        found = installation.documents.like(wanted)
    if not found:
        components.empty(
            "Nothing matches" if wanted else "No documents yet",
            "Try fewer letters." if wanted else "Play the sample on the start page, or add one here.",
        )
        return
    listed, opened = st.columns([5, 6], gap="large")
    with listed:
        st.caption(words.count(len(found), "document"))
        shown = components.paged(found, key="documents-page", size=components.LIST)
        chosen = components.chosen([(d.document, d.title, f"version {d.version}") for d in shown], key="document")
    with opened:
        _opened(installation, chosen)


def _opened(installation: Installation, chosen: str | None) -> None:
    document = installation.documents.get(chosen) if chosen else None
    if document is None:
        components.empty(
            "Choose a document", "to read it and to see which answers rest on it.", ":material/left_click:"
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {components.plain(document.title)}", width="stretch")
        if visitor.current().admin:
            _change(installation, document)
    st.markdown(
        f":blue-badge[version {document.version}] :gray-badge[{components.plain(document.document)}] "
        f":gray-badge[{words.moment(document.at)} UTC] "
        f":gray-badge[{words.count(document.words, 'word')}, {words.count(document.chunks, 'passage')}]"
    )
    _dependants(installation, document)
    with st.container(border=True, height=420):
        st.text(document.text or "")
    if document.metadata:
        st.json(dict(document.metadata), expanded=False)


def _change(installation: Installation, document: Document) -> None:
    if st.button("Edit", icon=":material/edit:"):
        editing.opened(installation, document.document)
    if st.button("", key="delete-document", icon=":material/delete:", type="tertiary", help="Delete this document"):
        editing.opened_deletion(installation, document)


def _dependants(installation: Installation, document: Document) -> None:
    dependants = installation.documents.dependants(document.document)
    with st.expander(f"{words.count(len(dependants), 'cached answer')} built from it", icon=":material/bolt:"):
        if not dependants:
            st.caption("Ask something that it answers, and the answer appears here.")
        for dependant in components.paged(dependants, key=f"dependants-{document.document}", size=10):
            st.markdown(f"- {components.plain(dependant.prompt)} :gray-badge[from v{dependant.version}]")


def _search(installation: Installation) -> None:
    query = st.text_input("Question", placeholder="What do you want to find?", icon=":material/search:")
    if not query.strip():
        components.empty("Ask something", "The passages that an answer would be built from appear here.")
        return
    with st.spinner("Searching …"):
        found = installation.documents.search(query)
    if not found:
        components.empty("Nothing is near", "No passage has anything to do with that.")
    for place, passage in enumerate(found, 1):
        _passage(place, passage)


def _passage(place: int, passage: Found) -> None:
    with st.container(border=True, gap="xsmall"):
        parts = " · ".join(f"{name} {value:.3f}" for name, value in passage.parts.items())
        st.markdown(
            f"**{place}. {components.plain(passage.title)}** :blue-badge[v{passage.version}] "
            f":gray-badge[score {passage.score:.3f}]"
        )
        st.caption(parts)
        st.text(passage.text)


shell.run(page)
