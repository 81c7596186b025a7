"""Signing in and out, through Streamlit's OpenID Connect support."""

from __future__ import annotations

import streamlit as st

from semcache_ui import visitor
from semcache_ui.parts import components
from semcache_ui.services.access import AccessDenied, Identity


def passed() -> bool:
    """Whether the visitor may go on; shows the way in to whoever may not."""
    if not visitor.login_needed():
        return True
    try:
        if visitor.identity() is not None:
            return True
    except AccessDenied as error:
        components.problem("You cannot be let in", str(error))
        st.button("Sign out", icon=":material/logout:", on_click=st.logout)
        return False
    _door()
    return False


def signed_in(person: Identity) -> None:
    """Who is signed in, and the way out."""
    role = " :violet-badge[:material/shield_person: admin]" if person.admin else ""
    st.markdown(f":material/person: {components.plain(person.user)}{role}")
    st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=st.logout)


def _door() -> None:
    with st.container(border=True):
        st.markdown("### :material/bolt: Sign in to semcache")
        st.markdown("What you tell is remembered for you alone: so it has to be known who you are.")
        st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
