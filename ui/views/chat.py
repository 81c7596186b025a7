"""Chat: questions and answers, each with where it came from."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from semcache import samples
from semcache_ui import shell, visitor
from semcache_ui.parts import answers, components, editing, welcome
from semcache_ui.services.answering.conversations import Exchange
from semcache_ui.services.installation import Installation
from semcache_ui.visitor import Visitor

EARLIER = 20
# How long an answer that is there already waits to be counted beside the conversation.
_COUNTED_S = 0.3


def page(installation: Installation) -> None:
    """The conversation, and the field for the next question."""
    who = visitor.current()
    if installation.sample.first_run:
        welcome.shown(installation)
        return
    exchanges = installation.chat.history(user=who.user, session=who.session)
    _head(installation, exchanges, may_edit=who.admin)
    health = installation.health.get()
    if health is not None:
        components.troubles(health.troubles)
    for exchange in exchanges[-EARLIER:]:
        answers.shown(installation, who, exchange)
    if asked := st.chat_input("Ask something", key=f"question-{who.session}", max_chars=20_000):
        answers.put(asked)
    if not exchanges and not answers.waits() and (suggested := _suggested(who)):
        answers.put(suggested)
    if answers.waits():
        answers.streamed(installation, who)
        installation.health.renew(_COUNTED_S)
        st.rerun()


def _head(installation: Installation, exchanges: Sequence[Exchange], *, may_edit: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("### Chat", width="stretch")
        llm = installation.app.llm
        answerer = (
            f"answered by **{components.plain(llm.name)}**" if llm.generative else "quoted, without a language model"
        )
        st.caption(answerer, width="content")
        if may_edit and st.button(
            "Edit a document", icon=":material/edit_document:", help="See the cached answers go that were built from it"
        ):
            editing.opened(installation, _last_document(exchanges))
        if st.button("New conversation", icon=":material/add_comment:"):
            visitor.talk_in(visitor.new_session())
            st.rerun()


def _last_document(exchanges: Sequence[Exchange]) -> str | None:
    """The document that the latest answer rests on."""
    sources = (source for exchange in reversed(exchanges) for source in exchange.sources)
    return next((source.id for source in sources if source.kind == "document"), None)


def _suggested(who: Visitor) -> str | None:
    """Something to click for whoever does not know what to ask."""
    components.empty(
        "Ask the help desk",
        "Ask once, then again with a please: the second answer comes from the cache. "
        "Edit the document it rests on, and the cached answer is dropped.",
        icon=":material/forum:",
    )
    story = samples.demo()[0]
    own = [s.personal.question for s in samples.demo() if s.personal.user == who.user]
    return st.pills(
        "Suggestions",
        [story.question, story.paraphrase, story.near_miss.question, *own],
        label_visibility="collapsed",
        key=f"suggested-{who.session}",
    )


shell.run(page)
