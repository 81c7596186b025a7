"""The list of conversations in the sidebar: opening, renaming and deleting one."""

from __future__ import annotations

from functools import partial

import streamlit as st

from semcache.errors import SemcacheError
from semcache.memory.writing.sessions import MAX_NAME_CHARS
from semcache_ui import visitor
from semcache_ui.parts import components
from semcache_ui.services import words
from semcache_ui.services.answering.chat import Conversation
from semcache_ui.services.installation import Installation
from semcache_ui.visitor import Visitor

_SHOWN = 8
_MORE = 40
_RENAME, _DELETE = ":material/edit: Rename", ":material/delete: Delete"


def listed(installation: Installation, who: Visitor) -> None:
    """The latest conversations; the others under `Earlier`."""
    found = installation.chat.conversations_of(who.user, most=_SHOWN + _MORE)
    if not found:
        return
    st.caption("Conversations")
    with st.container(gap="xxsmall"):
        for conversation in found[:_SHOWN]:
            _row(installation, who, conversation)
    if len(found) > _SHOWN:
        with st.expander("Earlier"), st.container(gap="xxsmall"):
            for conversation in found[_SHOWN:]:
                _row(installation, who, conversation)


def _row(installation: Installation, who: Visitor, conversation: Conversation) -> None:
    here = conversation.session == who.session
    with st.container(horizontal=True, gap="xxsmall", vertical_alignment="center", wrap=False):
        st.button(
            components.plain(conversation.title),
            key=f"conversation-{conversation.session}",
            type="secondary" if here else "tertiary",
            width="stretch",
            on_click=partial(_open, conversation.session),
        )
        chosen = st.menu_button(
            "",
            [_RENAME, _DELETE],
            key=f"menu-{conversation.session}",
            icon=":material/more_vert:",
            type="tertiary",
            help="Rename or delete",
        )
    if chosen == _RENAME:
        _rename(installation, who.user, conversation)
    elif chosen == _DELETE:
        _delete(installation, who.user, conversation)


def _open(session: str) -> None:
    visitor.talk_in(session)
    st.session_state[visitor.TO_CHAT] = True


@st.dialog("Rename the conversation", icon=":material/edit:")
def _rename(installation: Installation, user: str, conversation: Conversation) -> None:
    name = st.text_input("Name", conversation.title, max_chars=MAX_NAME_CHARS, help="Empty: its first words again")
    if st.button("Rename", type="primary", icon=":material/check:"):
        try:
            installation.chat.rename(name, user=user, session=conversation.session)
        except SemcacheError as error:
            st.error(components.plain(str(error)), icon=":material/error:")
        else:
            st.rerun()


def deletion(installation: Installation, user: str, session: str, title: str) -> None:
    """Asks before a conversation is deleted."""
    _delete(installation, user, Conversation(session, words.shortened(title, 60)))


@st.dialog("Delete the conversation", icon=":material/delete:")
def _delete(installation: Installation, user: str, conversation: Conversation) -> None:
    st.markdown(f"Delete **{components.plain(conversation.title)}**?")
    st.caption("What was said in it is forgotten too, except for what is pinned. This cannot be undone.")
    if st.button("Delete it", type="primary", icon=":material/delete:"):
        try:
            done = installation.memories.forget_session(user, conversation.session)
            visitor.note(installation, "forgot a conversation", user, words.count(len(done.turns), "turn"))
        except SemcacheError as error:
            st.error(components.plain(str(error)), icon=":material/error:")
            return
        if conversation.session == visitor.current().session:
            visitor.talk_in(visitor.new_session())
        st.toast(f"Deleted; {words.count(len(done.turns), 'turn')} forgotten", icon=":material/delete:")
        st.rerun()
