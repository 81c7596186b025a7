"""Who looks at the page: whoever is signed in, or without login the user in the page's address."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import streamlit as st

from semcache import samples
from semcache.settings import load_settings
from semcache_ui.services.access import AccessDenied, Identity, identify
from semcache_ui.services.installation import Installation

YOU = "you"
WITHOUT_LOGIN = "without login"
TO_CHAT = "to-chat"
"""Set in the session when the visitor has chosen a conversation: the chat page opens."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """The user whose memory is seen, and the session that is talked in.

    `admin`: may look at other users, and change what all share. Without login everybody at this machine may.
    """

    user: str
    session: str
    admin: bool = True


def login_needed() -> bool:
    """Whether people have to sign in."""
    return load_settings().ui.login_file is not None


def identity() -> Identity | None:
    """Who is signed in; None without login, and before it.

    Raises:
        AccessDenied: the provider does not say who it is.
    """
    rules = load_settings().ui
    if rules.login_file is None or not st.user.is_logged_in:
        return None
    return identify(st.user.to_dict(), rules)


def current() -> Visitor:
    """The visitor of this browser session; a fresh one is the signed-in person or `you`, in a new session.

    Raises:
        AccessDenied: login is on, and nobody is signed in who could be told apart.
    """
    person = identity()
    if person is None and login_needed():
        raise AccessDenied("sign in first")
    if "user" not in st.session_state:
        wanted = st.query_params.get("user")
        st.session_state["user"] = wanted or (person.user if person else YOU)
        st.session_state["session"] = st.query_params.get("session") or new_session()
    if person is not None and not person.admin:
        st.session_state["user"] = person.user  # whatever the address says
    return Visitor(st.session_state["user"], st.session_state["session"], person is None or person.admin)


def note(installation: Installation, action: str, target: str, detail: str = "") -> None:
    """Takes down what the visitor does, in the audit trail."""
    person = identity()
    installation.audit.note(action, target, actor=person.user if person else WITHOUT_LOGIN, via="app", detail=detail)


def note_other(installation: Installation, who: Visitor) -> None:
    """Takes down that somebody who is signed in acts as another user, once for each of them in a browser session."""
    person = identity()
    if person is not None and person.user != who.user and st.session_state.get("acts-as") != who.user:
        note(installation, "acted as another user", who.user)
    st.session_state["acts-as"] = who.user


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
    person = identity()
    return [person.user if person else YOU, *sorted({turn.user for turn in samples.conversations()})]
