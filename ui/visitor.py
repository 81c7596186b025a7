"""Who looks at the page: the user and session in the page's address, or whoever is signed in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import streamlit as st

from semcache import samples

YOU = "you"


@dataclass(frozen=True, slots=True)
class Visitor:
    """The user whose memory is seen, and the session that is talked in."""

    user: str
    session: str


def current() -> Visitor:
    """The visitor of this browser session; a fresh one is `you` in a new session."""
    if "user" not in st.session_state:
        st.session_state["user"] = st.query_params.get("user") or YOU
        st.session_state["session"] = st.query_params.get("session") or new_session()
    return Visitor(st.session_state["user"], st.session_state["session"])


def become(user: str) -> None:
    """Another user, in a new session."""
    st.session_state["user"] = user
    talk_in(new_session())


def talk_in(session: str) -> None:
    """Another session of the same user; a page that is loaded again finds both in its address."""
    st.session_state["session"] = session
    st.query_params["user"] = st.session_state["user"]
    st.query_params["session"] = session


def new_session() -> str:
    """An id nobody has used."""
    return f"chat-{uuid.uuid4().hex[:8]}"


def known_users() -> list[str]:
    """Who can be chosen: oneself, and the people of the sample world."""
    return [YOU, *sorted({turn.user for turn in samples.conversations()})]
