"""Pieces that pages are made of: badges, chips, empty and error states."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import streamlit as st

from semcache_ui.services import words
from semcache_ui.services.answering.conversations import Source
from semcache_ui.services.answering.provenance import Provenance

T = TypeVar("T")

_BADGES = {
    "hit": (":material/bolt:", "green"),
    "miss": (":material/search:", "orange"),
    "uncacheable": (":material/block:", "gray"),
    "fresh": (":material/refresh:", "blue"),
}
_CHIP_CHARS = 38
PAGE = 25
LIST = 12
"""So many are on one page of a table, and of a list."""
_LIST_CHARS = 110
_SIGNS = re.compile(r"[!-/:-@\[-`{-~]")
_FOUND_LATER = re.compile(r"[:@]|\bwww(?=\.)|[-<>~=](?=[-<>~=])", re.IGNORECASE)


def badge_line(provenance: Provenance) -> None:
    """Hit or miss, and why, in one line; figures in the next."""
    icon, colour = _BADGES[provenance.kind]
    own = " :violet-badge[:material/lock: only yours]" if provenance.personal else ""
    with st.container(gap="xxsmall"):
        st.markdown(f":{colour}-badge[{icon} {provenance.label}]{own} &nbsp;{plain(provenance.why)}")
        if provenance.facts:
            st.caption(plain(" · ".join(provenance.facts)))


def source_chip(source: Source) -> None:
    """A chip that opens the passage."""
    icon = ":material/description:" if source.kind == "document" else ":material/psychology:"
    version = f" v{source.version}" if source.version else ""
    with st.popover(plain(words.shortened(source.title, _CHIP_CHARS)) + version, icon=icon, width="content"):
        st.markdown(f"**{plain(source.title)}**")
        st.caption(plain(f"{source.kind} {source.id}{f', version {source.version}' if source.version else ''}"))
        st.text(source.text)


def head(title: str, text: str) -> None:
    """The top of a page: what it is, and what it is for."""
    st.markdown(f"### {title}")
    st.caption(text)


def tabs(parts: Mapping[str, Callable[[], None]], *, key: str) -> None:
    """Tabs of which only the open one is rendered: each of the others would cost its look at Redis at every rerun."""
    for tab, part in zip(st.tabs(list(parts), key=key, on_change="rerun"), parts.values(), strict=True):
        with tab:
            if tab.open:
                part()
            else:
                st.skeleton(height=240)  # what is seen from a click until the tab is there


def chosen(items: Sequence[tuple[str, str, str]], *, key: str) -> str | None:
    """A list of (id, text, caption) in which one is chosen, at first the first; its id, None of an empty list.

    Texts are shown whole, and mean only themselves.
    """
    if not items:
        return None
    texts = {id: plain(words.shortened(text, _LIST_CHARS)) for id, text, _ in items}
    return st.radio(
        "Open",
        list(texts),
        format_func=texts.__getitem__,
        captions=[plain(caption) for _, _, caption in items],
        # Another list is another choice: its first one is open.
        key=f"{key}-{hash(tuple(texts))}",
        label_visibility="collapsed",
    )


def page_of(total: int, *, key: str, size: int = PAGE) -> int:
    """Where the page that is open begins, with the control to turn pages where there are several."""
    pages = max(1, -(-total // size))
    return 0 if pages == 1 else (st.pagination(pages, key=key) - 1) * size


def paged(items: Sequence[T], *, key: str, size: int = PAGE) -> Sequence[T]:
    """One page of the items."""
    start = page_of(len(items), key=key, size=size)
    return items[start : start + size]


def server_down(name: str, trouble: str) -> None:
    """A server does not answer: what to do."""
    st.error(f"**{name} does not answer.** {plain(trouble)}", icon=":material/cloud_off:")
    st.code("semcache up", language="bash")
    st.caption("starts Redis and Kafka on this machine; what is stored in them is kept.")
    _again(name)


def problem(title: str, text: str, *, again: bool = False) -> None:
    """Something the visitor can mend or try again."""
    st.error(f"**{title}.** {plain(text)}", icon=":material/error:")
    if again:
        _again(title)


def troubles(said: Sequence[str]) -> None:
    """What is wrong while the page still works."""
    for text in said:
        st.warning(plain(text), icon=":material/warning:")


def empty(title: str, text: str, icon: str = ":material/inbox:") -> None:
    """Nothing is here yet, and how that changes."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"#### {icon} {title}", width="content")
        st.caption(text, width="content")


def plain(text: str) -> str:
    """A name, a title, a message of somebody's inside our own Markdown: it means only itself, on one line.

    Every sign is written as a character reference, which Markdown does not read as syntax. A word joiner (U+2060),
    which nobody sees, breaks what Streamlit finds in the text afterwards: addresses, emoji, icons, arrows. What may be
    long or have lines belongs in `st.text`.
    """
    broken = _FOUND_LATER.sub(lambda found: f"{found[0]}\u2060", " ".join(text.split()))
    return _SIGNS.sub(lambda sign: f"&#{ord(sign[0])};", broken)


def answer_text(text: str) -> str:
    """An answer's Markdown without what an answer has no need of: pictures from elsewhere, formulas made of prices."""
    return text.replace("$", "\\$").replace("~", "\\~").replace("![", "!\\[")


def _again(about: str) -> None:
    if st.button("Try again", key=f"again-{about}", icon=":material/refresh:"):
        st.rerun()
