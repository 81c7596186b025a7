"""Cache: what is kept and what it rests on, why a question would be served, what it saves."""

from __future__ import annotations

from functools import partial

import streamlit as st

from semcache.cache import Entry, Stats
from semcache_ui import shell, visitor
from semcache_ui.parts import charts, components
from semcache_ui.services import caches, words
from semcache_ui.services.budget import Budget, budget_of
from semcache_ui.services.installation import Installation

SHARED = "Shared"


def page(installation: Installation) -> None:
    """Figures of the chosen cache, and its answers."""
    components.head("Cache", "Answers kept by the meaning of their question. Nothing is shared that rests on a memory.")
    user = _whose()
    stats = installation.caches.stats(user)
    _figures(stats, paid=installation.app.llm.generative)
    components.tabs(
        {
            ":material/list: Answers": lambda: _answers(installation, user),
            ":material/help: Why": lambda: _why(installation, user),
            ":material/speed: Error budget": lambda: _budget(installation, user),
            ":material/savings: Savings": lambda: _savings(installation, stats, user),
        },
        key="cache-tab",
    )


def _whose() -> str | None:
    who = visitor.current()
    own = "Your own" if who.user == visitor.YOU else f"{who.user}'s own"
    chosen = st.segmented_control(
        "Whose answers", [SHARED, own], default=SHARED, required=True, label_visibility="collapsed"
    )
    return who.user if chosen == own else None


def _figures(stats: Stats, *, paid: bool) -> None:
    """`paid`: answers are made by a language model; what the built-in answerer takes is not worth telling."""
    with st.container(horizontal=True):
        st.metric("Answers", f"{stats.entries:,}", border=True)
        st.metric("Hit rate", words.share(stats.hit_rate, digits=1) if stats.lookups else "–", border=True)
        st.metric(
            "Calls saved",
            f"{stats.hits:,}",
            help=f"Answers served again: {stats.hits_exact:,} to the same question, {stats.hits_semantic:,} by meaning",
            border=True,
        )
        if paid:
            st.metric("Tokens saved", f"{stats.tokens_saved:,}", border=True)
            st.metric("Waiting saved", words.took(stats.seconds_saved), border=True)


def _answers(installation: Installation, user: str | None) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            "Filter", placeholder="Words of the question or the answer", icon=":material/filter_alt:"
        )
        order = st.selectbox("Order", caches.ORDERS, width=220)
    with st.spinner("Reading the answers …"):
        listing = installation.caches.find(wanted, order=order, user=user)
    if not listing.entries:
        components.empty(
            "Nothing matches" if wanted else "Nothing is kept yet",
            "Try fewer letters." if wanted else "Ask something in the chat: the answer appears here.",
        )
        return
    listed, opened = st.columns([5, 6], gap="large")
    with listed:
        more = f", {listing.scanned:,} of {listing.stored:,} searched" if listing.scanned < listing.stored else ""
        st.caption(words.count(len(listing.entries), "answer") + more)
        shown = components.paged(listing.entries, key="answers-page", size=components.LIST)
        chosen = components.chosen([(e.entry_id, e.prompt, words.count(e.hits, "hit")) for e in shown], key="answer")
    with opened:
        _opened(installation, chosen, user)


def _opened(installation: Installation, chosen: str | None, user: str | None) -> None:
    entry = installation.caches.get(chosen, user=user) if chosen else None
    if entry is None:
        components.empty("Choose an answer", "to see what it rests on, and to remove it.", ":material/left_click:")
        return
    st.markdown(f"#### {components.plain(entry.prompt)}")
    left = installation.caches.remaining_s(entry)
    facts = [words.count(entry.hits, "hit"), f"kept since {words.moment(entry.created_at)} UTC"]
    facts += [f"last verified {words.moment(entry.verified_at)} UTC"]
    facts += [f"{words.age(left)} left"] if left is not None else ["kept for ever"]
    facts += (
        [f"{words.count(entry.confirmed, 'thumb')} up, {entry.rejected} down"]
        if entry.confirmed or entry.rejected
        else []
    )
    st.caption(" · ".join(facts))
    with st.container(border=True):
        st.markdown(components.answer_text(entry.response))
    _rests_on(installation, entry, user)


def _rests_on(installation: Installation, entry: Entry, user: str | None) -> None:
    sources = installation.caches.sources(entry)
    st.markdown("**Built from**" if sources else "**Built from** nothing that can change")
    for source in sources:
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            state = (
                ":green-badge[:material/check: current]"
                if source.fresh
                else f":red-badge[:material/history: now v{source.current}]"
                if (source.current or 0) > 0
                else ":red-badge[deleted]"
            )
            st.markdown(f"{components.plain(source.document)} v{source.built_from} {state}", width="stretch")
            _remove(installation, f"All built from {source.document}", user, source=source.document)
    for tag in entry.tags:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":violet-badge[:material/sell: {components.plain(tag)}]", width="stretch")
            _remove(installation, f"All tagged {tag}", user, tag=tag)
    _remove(installation, "Remove this answer", user, entry_id=entry.entry_id)


def _remove(installation: Installation, label: str, user: str | None, **which: str) -> None:
    def remove() -> None:
        removed = installation.caches.remove(user=user, **which)
        visitor.note(installation, "removed answers", ", ".join(which.values()), words.count(removed, "answer"))
        st.toast(f"{words.count(removed, 'answer')} removed", icon=":material/delete:")

    if user is None and not visitor.current().admin:
        return
    key = "-".join(["remove", *which, *which.values()])
    with st.popover(components.plain(label), icon=":material/delete:", type="tertiary", width="content"):
        st.caption("The next question that it would have answered is answered anew.")
        st.button("Remove", key=key, type="primary", icon=":material/delete:", on_click=partial(shell.told, remove))


def _why(installation: Installation, user: str | None) -> None:
    prompt = st.text_input("Question", placeholder="Would this be served?", icon=":material/search:", key="why")
    if not prompt.strip():
        components.empty("Ask without asking", "What a question would get now, and why. It counts nothing.")
        return
    with st.spinner("Looking …"):
        explained = installation.caches.explain(prompt, user=user)
    if explained.served:
        st.markdown(f":green-badge[:material/bolt: would be served] &nbsp;{components.plain(explained.detail)}")
        st.caption(f"confidence {words.share(explained.confidence, digits=1)}")
    else:
        st.markdown(f":orange-badge[:material/search: would miss] &nbsp;{components.plain(explained.detail)}")
    if explained.candidates:
        st.dataframe(
            [
                {
                    "similarity": c.similarity,
                    "stored question": c.prompt,
                    "what speaks against it": "" if c.entry_id == explained.served else c.note,
                }
                for c in explained.candidates
            ],
            hide_index=True,
            column_config={"similarity": st.column_config.ProgressColumn(min_value=0, max_value=1, format="%.3f")},
        )


def _budget(installation: Installation, user: str | None) -> None:
    """How far the learning is, and what the budget, or another one, lets through."""
    with st.spinner("Reading the decisions …"):
        budget = budget_of(installation.app, user)
    status = budget.status
    label = ":green-badge[:material/check: serving]" if status.serving else ":orange-badge[:material/school: learning]"
    said = status.summary.removeprefix("serving: ").removeprefix("learning: ")
    st.markdown(f"{label} &nbsp;{components.plain(said)}")
    if budget.model is None:
        st.progress(budget.progress, f"{status.labels:,} of {status.labels_needed:,} answers compared")
        st.caption(
            "Each answer that is computed is compared with those of its neighbours. From these comparisons the cache "
            "learns which similar questions share an answer, and serves as much as the budget allows."
        )
        return
    with st.container(horizontal=True):
        st.metric("Budget", words.share(budget.max_error_rate, digits=1), border=True)
        st.metric("Estimated error", words.share(status.now.error, digits=2) if status.now else "–", border=True)
        st.metric("Share served", words.share(status.now.share) if status.now else "–", border=True)
        st.metric(
            "Compared", f"{status.labels:,}", help=f"the judge itself errs in {status.judge_error:.1%}", border=True
        )
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**What a budget lets through**")
        st.altair_chart(charts.budget_curve(budget.curve, budget.max_error_rate))
    with right:
        st.markdown("**Do the odds come true?**")
        if budget.bins:
            st.altair_chart(charts.reliability(budget.bins))
        st.caption("Ten groups of compared answers, by the error expected of them, with 95 % intervals.")
    _other_budget(installation, budget)


@st.fragment
@shell.shielded
def _other_budget(installation: Installation, budget: Budget) -> None:
    """A slider that simulates, and a button that applies."""
    with st.container(border=True):
        chosen = st.slider(
            "What if the budget were …", 0.1, 20.0, round(budget.max_error_rate * 100, 1), 0.1, format="%.1f %%"
        )
        region = budget.would_give(chosen / 100)
        if region is None or not region.serves:
            st.markdown("Nothing would be served by meaning: even the surest answers may be wrong more often.")
        else:
            st.markdown(
                f"**{words.share(region.share)}** of the questions that have a neighbour would be served, "
                f"**{words.share(region.error, digits=2)}** of them wrong by estimate."
            )
        if visitor.current().admin and st.button(
            "Apply", icon=":material/check:", disabled=chosen / 100 == budget.max_error_rate
        ):
            installation.app.allow(chosen / 100)
            visitor.note(installation, "changed the error budget", words.share(chosen / 100, digits=1))
            st.toast("Applied in this app. SEMCACHE_CACHE_MAX_ERROR_RATE makes it last.", icon=":material/check:")
            st.rerun()


def _savings(installation: Installation, stats: Stats, user: str | None) -> None:
    with st.spinner("Reading the answers …"):
        best = caches.leaderboard(installation.caches.find(user=user).entries)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Questions that save most**")
        if not best:
            st.caption("No answer has been served twice yet.")
        else:
            st.dataframe(
                [
                    {
                        "question": e.prompt,
                        "hits": e.hits,
                        "tokens": caches.saved_tokens(e),
                        "seconds": caches.saved_s(e),
                    }
                    for e in best
                ],
                hide_index=True,
                column_config={"seconds": st.column_config.NumberColumn(format="%.1f")},
            )
    with right:
        st.markdown("**Why questions missed**")
        if stats.misses:
            st.altair_chart(charts.bars(caches.misses(stats), "misses"))
        else:
            st.caption("None has missed yet.")
    if user is None:
        st.markdown("**Hit rate since the app is open**")
        rates = [r for r in installation.history.rates() if r.hit_rate is not None]
        if rates:
            st.altair_chart(charts.hit_rate(rates))
        else:
            st.caption("Nobody has asked since.")


shell.run(page)
