"""The first run: what this is, in three sentences, and the sample to try it on."""

from __future__ import annotations

import streamlit as st

from semcache_ui import shell, visitor
from semcache_ui.parts import components
from semcache_ui.services.installation import Installation
from semcache_ui.services.jobs import Job
from semcache_ui.services.sample import SESSION, Played

_POLL_S = 0.4
_CHAT = "views/chat.py"
_PLAY = {True: "Play the sample", False: "Play the sample again"}


def shown(installation: Installation) -> None:
    """Explains, plays, and leads on."""
    with st.container(border=True):
        st.markdown("### :material/bolt: Welcome to semcache")
        st.markdown(
            "**It answers a question once, and serves that answer to everyone who asks the same in other words.** "
            "What your users tell is remembered for them alone, and found again when it matters. "
            "When a document changes, Kafka brings the change, and every answer built on the old text is dropped."
        )
        job = installation.sample.job
        if job is not None and job.status.state == "running":
            _playing(job)
            return
        if job is not None and job.status.state == "failed":
            components.problem("The sample could not be played", job.status.error)
        with st.container(horizontal=True):
            if visitor.current().admin and st.button(
                _PLAY[installation.sample.first_run], type="primary", icon=":material/play_arrow:"
            ):
                installation.sample.start(visitor.current().user)
                st.rerun()
            if st.button("Use my own documents", icon=":material/menu_book:"):
                st.switch_page("views/knowledge.py")
        st.caption("The sample is the help desk of an invented maker of e-bikes: 46 documents and 16 customers.")


@st.fragment(run_every=_POLL_S)
@shell.shielded
def _playing(job: Job[Played]) -> None:
    status = job.status
    if status.state == "running":
        st.progress(status.share, f"{status.step or 'starting'} … {status.done:,} of {status.total:,}")
        if st.button("Cancel", icon=":material/cancel:"):
            job.cancel()
        return
    if status.result is not None:
        visitor.talk_in(SESSION)
        st.switch_page(_CHAT)
    st.rerun()
