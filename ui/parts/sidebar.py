"""The sidebar: who asks, the conversations, and below them how the cache and the servers are."""

from __future__ import annotations

import streamlit as st

from semcache.errors import SemcacheError
from semcache_ui import resources, shell, signin, visitor
from semcache_ui.parts import conversing
from semcache_ui.services import words
from semcache_ui.services.installation import Installation
from semcache_ui.services.watching.health import Health
from semcache_ui.visitor import Visitor

_REFRESH_S = 2.0


def shown() -> None:
    """Everything in the sidebar; without Redis only who asks."""
    who = visitor.current()
    with st.sidebar:
        _user(who)
        try:
            installation = resources.installation()
            visitor.note_other(installation, who)
            conversing.listed(installation, who)
            _live(installation)
        except SemcacheError:
            st.caption(":material/cloud_off: Redis does not answer")


def _user(who: Visitor) -> None:
    if person := visitor.identity():
        signin.signed_in(person)
    if who.admin:
        _switch(who)


def _switch(who: Visitor) -> None:
    known = visitor.known_users()
    options = known if who.user in known else [who.user, *known]
    chosen = st.selectbox(
        "User",
        options,
        index=options.index(who.user),
        accept_new_options=True,
        help="Memory belongs to a user. The people of the sample have told a lot; type a name for a new one.",
    )
    if chosen and chosen != who.user:
        visitor.become(chosen)
        st.rerun()


@st.fragment(run_every=_REFRESH_S)
@shell.shielded
def _live(installation: Installation) -> None:
    """Hit rate and lag, looked up in the background and shown as last known."""
    health = installation.health.get()
    with st.container(border=True, gap="small"):
        if health is None:
            st.caption("Looking at the servers …")
            return
        _hit_rate(health, paid=installation.app.llm.generative)
        _ingest(health)


def _hit_rate(health: Health, *, paid: bool) -> None:
    stats = health.stats
    if stats is None:
        st.markdown(":red-badge[:material/cloud_off: Redis is down]")
        return
    rate = words.share(stats.hit_rate) if stats.lookups else "–"
    st.metric("Hit rate", rate, help=f"{stats.hits:,} of {stats.lookups:,} lookups were served from the shared cache")
    said = [f"{words.count(stats.entries, 'answer')} kept", f"{words.count(stats.hits, 'call')} saved"]
    said += [f"{words.count(stats.tokens_saved, 'token')} saved"] if paid else []
    st.caption(" · ".join(said))


def _ingest(health: Health) -> None:
    if health.kafka.state == "off":
        st.markdown(":gray-badge[:material/bolt: direct writes, no Kafka]")
    elif health.kafka.state == "down":
        st.markdown(":red-badge[:material/cloud_off: Kafka is down]")
    elif health.stalled:
        st.markdown(":orange-badge[:material/pause: no ingestor is running]")
    elif health.lag:
        st.markdown(f":orange-badge[:material/sync: ingest lag {words.count(health.lag, 'event')}]")
    else:
        st.markdown(":green-badge[:material/check: ingest up to date]")
