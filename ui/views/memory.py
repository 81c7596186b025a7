"""Memory: what is known of the user, now and then, how it is recalled, and letting go of it."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from datetime import time as day_end
from functools import partial

import streamlit as st

from semcache.chat.facts import former_sentence, sentence
from semcache.memory import Recollection, Turn
from semcache.memory.facts.types import Fact
from semcache.memory.writing.forget import Receipt
from semcache_ui import shell, visitor
from semcache_ui.parts import charts, components, conversing
from semcache_ui.services import words
from semcache_ui.services.installation import Installation
from semcache_ui.services.memories import Memory, Session

_RECEIPT = "erasure-receipt"
_TURNS = 20
_MOST_IN_TIMELINE = 40


def page(installation: Installation) -> None:
    """The visitor's own memory, and nobody else's."""
    user = visitor.current().user
    told, whose = ("you have", "your") if user == visitor.YOU else (f"{components.plain(user)} has", "their")
    components.head("Memory", f"What {told} told. Only {whose} own answers are built from it.")
    _receipt(user)
    with st.spinner("Reading the memory …"):
        memory = installation.memories.look(user)
    if not memory.size.turns:
        components.empty(
            "Nothing is remembered", "What is said in the chat is remembered here.", ":material/psychology:"
        )
        return
    now = time.time()
    with st.container(horizontal=True):
        st.metric("Facts that hold", f"{len(memory.current(now)):,}", border=True)
        st.metric("Turns", f"{memory.size.turns:,}", border=True)
        st.metric("Conversations", f"{memory.size.sessions:,}", border=True)
        if memory.size.pinned:
            st.metric("Pinned", f"{memory.size.pinned:,}", border=True)
    components.tabs(
        {
            ":material/fact_check: Facts": lambda: _facts(installation, memory, user, now),
            ":material/manage_search: Recall": lambda: _recall(installation, user),
            ":material/forum: Conversations": lambda: _sessions(installation, memory, user),
            ":material/label: Entities": lambda: _named(installation, user),
            ":material/shield_person: Your data": lambda: _own(installation, memory, user),
        },
        key="memory-tab",
    )


def _facts(installation: Installation, memory: Memory, user: str, now: float) -> None:
    if not memory.facts:
        components.empty("No facts yet", "Say something about yourself in the chat, like “I live in Utrecht”.")
        return
    at = _as_of(memory, now)
    current = memory.current(at)
    then = "hold today" if at == now else f"held on {words.day(at)}"
    st.caption(f"{words.count(len(current), 'fact')} {then}. The timeline shows what replaced what.")
    left, right = st.columns([5, 6], gap="large")
    with left:
        shown = components.paged(current, key="facts-page", size=components.LIST)
        chosen = components.chosen(
            [(fact.id, sentence(fact), f"told {words.day(memory.first_told(fact))}") for fact in shown], key="fact"
        )
        fact = next((fact for fact in memory.facts if fact.id == chosen), None)
        if fact is not None:
            _provenance(installation, memory, fact, user)
    with right:
        latest = sorted(memory.facts, key=lambda fact: fact.told_at)[-_MOST_IN_TIMELINE:]
        if len(latest) < len(memory.facts):
            st.caption(f"The latest {len(latest)} of {len(memory.facts):,} facts, past and present.")
        st.altair_chart(charts.timeline(latest, now=now, at=at))


def _as_of(memory: Memory, now: float) -> float:
    """The end of the day that the slider says; now on the last one."""
    first, last = _day(memory.size.first), _day(now)
    if first >= last:
        return now
    day = st.slider("As of", first, last, last, format="D MMM YYYY", key="as-of")
    return now if day == last else datetime.combine(day, day_end.max, UTC).timestamp()


def _provenance(installation: Installation, memory: Memory, fact: Fact, user: str) -> None:
    before = next((other for other in memory.facts if other.id == fact.supersedes), None)
    if before is not None:
        st.caption(f"Before: {components.plain(before.value)}")
    for turn in installation.memories.told_in(user, fact):
        with st.container(border=True, gap="xxsmall"):
            st.text(turn.text)
            st.caption(f"said {words.moment(turn.at)} UTC")


def _recall(installation: Installation, user: str) -> None:
    query = st.text_input("What should be recalled?", icon=":material/search:", placeholder="What is my dog called?")
    if not query.strip():
        components.empty("Ask the memory", "The turns that an answer would rest on, and why each was found.")
        return
    with st.spinner("Recalling …"):
        found = installation.memories.recall(user, query)
    if not found.telling:
        components.empty("Nothing comes to mind", "Nothing that was told has anything to do with that.")
    for place, recollection in enumerate(found.telling, 1):
        _recollection(place, recollection)
    if found.others:
        with st.expander(f"{words.count(len(found.others), 'question or answer', 'questions and answers')} near it"):
            st.caption("They tell nothing themselves: answers are not built from them.")
            for place, recollection in enumerate(found.others, len(found.telling) + 1):
                _recollection(place, recollection)


def _recollection(place: int, recollection: Recollection) -> None:
    with st.container(border=True, gap="xsmall"):
        turn = recollection.turn
        st.text(turn.text)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f"**{place}.** {components.plain(turn.name)}, {words.moment(turn.at)} UTC · "
                f"score {recollection.score:.3f}",
                width="stretch",
            )
            with st.popover("Why", icon=":material/help:", type="tertiary", width="content"):
                st.altair_chart(charts.recollection(recollection.parts), width=380)
        if fact := recollection.fact:
            st.caption(f":material/label: {components.plain(_in_a_sentence(fact))}")


def _in_a_sentence(fact: Fact) -> str:
    """A fact as its user is told it, and until when it held."""
    if fact.valid_to is None:
        return sentence(fact)
    return f"{former_sentence(fact).removesuffix('.')}, until {words.moment(fact.valid_to)} UTC."


def _sessions(installation: Installation, memory: Memory, user: str) -> None:
    listed, opened = st.columns([5, 6], gap="large")
    with listed:
        offset = components.page_of(memory.size.sessions, key="sessions-page", size=components.LIST)
        shown = installation.memories.sessions(user, offset=offset, most=components.LIST)
        chosen = components.chosen(
            [(s.id, s.title, f"{words.count(s.turns, 'turn')}, the last {words.day(s.last)}") for s in shown],
            key="memory-session",
        )
    with opened:
        session = next((s for s in shown if s.id == chosen), None)
        if session is not None:
            _session(installation, memory, session, user)


def _session(installation: Installation, memory: Memory, session: Session, user: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(f"**{components.plain(words.shortened(session.title, 60))}**", width="stretch")
        if st.button("Open in chat", icon=":material/forum:"):
            visitor.talk_in(session.id)
            st.switch_page("views/chat.py")
        if st.button("", key="forget-session", icon=":material/delete:", type="tertiary", help="Forget it"):
            conversing.deletion(installation, user, session.id, session.title)
    offset = components.page_of(session.turns, key=f"turns-{session.id}", size=_TURNS)
    for turn in installation.memories.turns(user, session.id, offset=offset, most=_TURNS):
        _turn(installation, turn, user, pinned=turn.id in memory.pinned)


def _turn(installation: Installation, turn: Turn, user: str, *, pinned: bool) -> None:
    def pin() -> None:
        installation.memories.pin(user, turn.id, keep=not pinned)

    def forget() -> None:
        done = installation.memories.forget(user, turn.id)
        visitor.note(installation, "forgot a turn", user)
        st.toast("It is pinned, and stays." if done.pinned else "Forgotten", icon=":material/delete:")

    with st.container(horizontal=True, vertical_alignment="top", gap="small", wrap=False):
        mark = ":material/keep: " if pinned else ""
        with st.container(gap="xxsmall", width="stretch"):
            st.caption(f"{mark}**{components.plain(turn.name)}** &nbsp;{words.moment(turn.at)} UTC")
            st.text(turn.text)
        with st.popover("", icon=":material/more_vert:", type="tertiary", width="content", help="Pin or forget"):
            label, icon = ("Unpin", ":material/keep_off:") if pinned else ("Pin", ":material/keep:")
            st.button(label, key=f"pin-{turn.id}", icon=icon, on_click=partial(shell.told, pin))
            key = f"forget-{turn.id}"
            st.button("Forget", key=key, icon=":material/delete:", on_click=partial(shell.told, forget))


def _named(installation: Installation, user: str) -> None:
    with st.spinner("Gathering names …"):
        entities = installation.memories.entities(user)
    if not entities:
        components.empty("No entities yet", "People, places, dates and things that are named appear here.")
        return
    shown = installation.memories.named(user, components.paged(entities, key="names-page"))
    st.dataframe(
        [
            {
                "name": n.name,
                "what": n.kind,
                "also": ", ".join(n.aliases),
                "turns": n.turns,
                "last": words.day(n.last.at) if n.last else "",
                "said": n.last.text if n.last else "",
            }
            for n in shown
        ],
        hide_index=True,
        column_config={
            "what": st.column_config.TextColumn(width=80),
            "also": st.column_config.TextColumn(width=90),
            "turns": st.column_config.NumberColumn(width=50),
            "last": st.column_config.TextColumn(width=90),
            "said": st.column_config.TextColumn(width="large"),
        },
    )


def _own(installation: Installation, memory: Memory, user: str) -> None:
    st.markdown("**Take it along**")
    st.download_button(
        "Export as JSON", partial(installation.memories.export, user), f"{user}.json", icon=":material/download:"
    )
    st.markdown("**Erase everything**")
    st.caption(
        f"All {words.count(memory.size.turns, 'turn')}, pinned ones too, their facts, and every cached answer that was "
        "built from them. Kafka is told, so that no replay brings it back. This cannot be undone."
    )
    typed = st.text_input("Type the user's name to confirm", key="confirm-erase", placeholder=user)
    if st.button("Erase", icon=":material/delete_forever:", type="primary", disabled=typed != user):
        with st.spinner("Erasing …"):
            st.session_state[_RECEIPT] = receipt = installation.memories.erase(user)
            visitor.note(installation, "erased a user", user, f"{receipt.total} removed")
        st.rerun()


def _receipt(user: str) -> None:
    """What the last erasure removed, for whom it was done."""
    receipt = st.session_state.get(_RECEIPT)
    if not isinstance(receipt, Receipt) or receipt.user != user:
        return
    parts = [words.count(receipt.turns, "turn"), f"{words.count(receipt.window_turns, 'turn')} of running sessions"]
    parts += [words.count(count, what.removesuffix("s")) for what, count in receipt.derived.items()]
    when = f"{datetime.fromtimestamp(receipt.at, UTC):%d %b %Y, %H:%M:%S} UTC"
    st.success(f"**Erased.** {components.plain(', '.join(parts))} removed, {when}.", icon=":material/receipt_long:")


def _day(at: float) -> date:
    """The day in UTC."""
    return datetime.fromtimestamp(at, UTC).date()


shell.run(page)
