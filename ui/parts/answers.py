"""How an exchange looks: the question, the answer as it comes, and under it where it came from."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial

import pandas as pd
import streamlit as st

from semcache.errors import SemcacheError
from semcache_ui.parts import charts, components, copying
from semcache_ui.services.answering.conversations import Exchange
from semcache_ui.services.answering.provenance import Provenance
from semcache_ui.services.installation import Installation
from semcache_ui.visitor import Visitor

_ASKED = "asked"
"""Where a question waits until it is answered: whatever interrupts the page, it is not lost."""
_MOST_NEIGHBOURS = 5
_REJECTED = "You will not be served this answer again. A new one decides whether others are."


def shown(installation: Installation, who: Visitor, exchange: Exchange) -> None:
    """An exchange that is over."""
    with st.chat_message("user", avatar=":material/person:"):
        st.text(exchange.question)
    with st.chat_message("assistant", avatar=":material/bolt:"):
        if exchange.error:
            st.error(components.plain(exchange.error), icon=":material/error:")
            return
        st.markdown(components.answer_text(exchange.text))
        for warning in exchange.warnings:
            st.warning(components.plain(warning), icon=":material/warning:")
        if exchange.provenance is not None:
            components.badge_line(exchange.provenance)
            _actions(installation, who, exchange)


def streamed(installation: Installation, who: Visitor) -> None:
    """Answers the question that waits, and shows the answer as it comes."""
    question, fresh = st.session_state[_ASKED]
    with st.chat_message("user", avatar=":material/person:"):
        st.text(question)
    with st.chat_message("assistant", avatar=":material/bolt:"):
        pieces = _answering(installation.chat.ask(question, user=who.user, session=who.session, fresh=fresh))
        with st.spinner("Answering …" if fresh else "Looking in the cache …"):
            first = next(pieces, None)
        if first is not None:
            st.write_stream(_escaped(first, pieces))


def _answering(pieces: Generator[str, None, Exchange]) -> Iterator[str]:
    """The pieces; with the last one, or when it fails for good, the question waits no longer."""
    try:
        yield from pieces
    except Exception:
        del st.session_state[_ASKED]
        raise
    del st.session_state[_ASKED]


def _escaped(first: str, pieces: Iterator[str]) -> Iterator[str]:
    yield components.answer_text(first)
    for piece in pieces:
        yield components.answer_text(piece)


def _actions(installation: Installation, who: Visitor, exchange: Exchange) -> None:
    provenance = exchange.provenance
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for source in exchange.sources:
            components.source_chip(source)
        if provenance is not None:
            with st.popover("Why did you say that?", icon=":material/help:", type="tertiary", width="content"):
                _why(provenance)
        if exchange.question:
            st.button(
                "Without the cache",
                key=f"again-{exchange.id}",
                icon=":material/refresh:",
                type="tertiary",
                help="Ask the same again; the answer is made anew",
                on_click=partial(put, exchange.question, fresh=True),
            )
        copying.button(exchange.text, key=f"copy-{exchange.id}")
        if exchange.entry_id is not None:
            _thumbs(installation, who, exchange)


def put(question: str, *, fresh: bool = False) -> None:
    """A question that the page answers next; `fresh`: made anew, without the cache."""
    st.session_state[_ASKED] = (question, fresh)


def waits() -> bool:
    """Whether a question is to be answered."""
    return _ASKED in st.session_state


def _thumbs(installation: Installation, who: Visitor, exchange: Exchange) -> None:
    key = f"verdict-{exchange.id}"

    def judged() -> None:
        correct = st.session_state.get(key) == 1
        try:
            installation.chat.judge(exchange, user=who.user, session=who.session, correct=correct)
        except SemcacheError as error:
            st.toast(components.plain(str(error)), icon=":material/error:")
        else:
            rejected = "Thanks. It will not be served again." if exchange.personal else f"Thanks. {_REJECTED}"
            st.toast("Thanks." if correct else rejected, icon=":material/check:")

    default = None if exchange.verdict is None else int(exchange.verdict)
    st.feedback("thumbs", key=key, default=default, disabled=exchange.verdict is not None, on_change=judged)


def _why(provenance: Provenance) -> None:
    """The evidence: what was near, and how long each stage took."""
    st.markdown(f"**{provenance.label}**: {components.plain(provenance.why)}")
    st.markdown(components.plain(provenance.because))
    if provenance.understood_as:
        st.caption(f"understood as: {components.plain(provenance.understood_as)}")
    if provenance.numbers:
        st.table(dict(provenance.numbers), border="horizontal")
    if provenance.neighbours:
        rows = [
            {"similarity": n.similarity, "stored question": n.prompt, "": "served" if n.served else n.note}
            for n in provenance.neighbours[:_MOST_NEIGHBOURS]
        ]
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            column_config={"similarity": st.column_config.NumberColumn(format="%.3f")},
        )
    if provenance.stages:
        st.altair_chart(charts.stages(provenance.stages), width=420)
