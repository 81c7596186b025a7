"""Stream: what Kafka does, what could not be applied and why, and events by hand."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from semcache.errors import SemcacheError
from semcache_ingest.deadletters.letters import Letter, Wanted
from semcache_ingest.status import GroupStatus
from semcache_ui import shell, visitor
from semcache_ui.parts import charts, components
from semcache_ui.services import words
from semcache_ui.services.installation import Installation
from semcache_ui.services.kafka import stream
from semcache_ui.services.kafka.stream import DeadLetters, Stream
from semcache_ui.services.watching.health import Health

_REFRESH_S = 2.0
_REPLAYED = "replayed"
_LONGEST_READ_S = 20.0
_MOST_RECORDS = 1_000


def page(installation: Installation) -> None:
    """Three views of the way from Kafka into Redis; records hold what anybody said, so two of them are for admins."""
    components.head(
        "Stream", "Everything that is said and changed goes through Kafka; the ingestor applies it to Redis."
    )
    if not visitor.current().admin:
        _topics(installation)
        return
    topics, letters, by_hand, trail = st.tabs(
        [
            ":material/stream: Topics",
            ":material/mark_email_unread: Dead letters",
            ":material/send: By hand",
            ":material/policy: Audit trail",
        ]
    )
    kafka = installation.stream
    with topics:
        _topics(installation)
    with letters:
        _letters(installation, kafka) if kafka else _without_kafka()
    with by_hand:
        _by_hand(installation, kafka) if kafka else _without_kafka()
    with trail:
        _trail(installation)


def _without_kafka() -> None:
    components.empty(
        "Without Kafka",
        "This installation writes to Redis directly. Set SEMCACHE_KAFKA_BOOTSTRAP_SERVERS, or run `semcache up`.",
        ":material/bolt:",
    )


def _topics(installation: Installation) -> None:
    kafka = installation.stream
    if kafka is None:
        _without_kafka()
        return
    _live(installation)
    if not visitor.current().admin:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Measure end to end", icon=":material/timer:"):
            _probe(kafka)
        st.caption("from an event's way into Kafka to its effect in Redis", width="content")


def _probe(kafka: Stream) -> None:
    try:
        with st.spinner("An event is on its way …"):
            seconds = kafka.probe()
    except SemcacheError as error:
        st.toast(components.plain(str(error)), icon=":material/error:")
    else:
        st.metric("End to end", words.took(seconds), width="content")


@st.fragment(run_every=_REFRESH_S)
@shell.shielded
def _live(installation: Installation) -> None:
    """Lag and rates, as last seen."""
    health = installation.health.wait(0.15)
    if health is None:
        st.skeleton(height=240)
        return
    if health.ingest is None:
        components.server_down("Kafka", health.kafka.trouble)
        return
    _figures(installation, health, health.ingest)
    rates = installation.history.rates()
    if len(rates) > 1:
        st.altair_chart(charts.throughput(rates[-200:]))
    st.dataframe(
        [
            {
                "topic": p.topic,
                "partition": p.partition,
                "lag": p.lag,
                "end": p.end,
                "committed": p.committed,
                "records": p.end - p.beginning,
            }
            for p in health.ingest.partitions
        ],
        hide_index=True,
    )


def _figures(installation: Installation, health: Health, ingest: GroupStatus) -> None:
    rates = installation.history.rates()
    last = rates[-1] if rates else None
    with st.container(horizontal=True):
        st.metric("Lag", words.count(ingest.lag, "event"), border=True)
        st.metric("Produced", _per_second(last.produced_per_s if last else None), border=True)
        st.metric("Applied", _per_second(last.applied_per_s if last else None), border=True)
        st.metric("Ingestors", ingest.workers, border=True)
        st.metric("Dead letters", f"{sum(ingest.dead_letters.values()):,}", border=True)
    components.troubles(health.troubles)


def _per_second(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}/s"


@st.fragment(run_every=_REFRESH_S)
@shell.shielded
def _letters(installation: Installation, kafka: Stream) -> None:
    """What could not be applied, as last seen; a new letter appears by itself."""
    if installation.dead_letters is None:
        return
    with st.spinner("Reading the dead letters …"):
        kept = installation.dead_letters.wait(_LONGEST_READ_S)
    if kept is None:
        st.skeleton(height=120)
        return
    if kept.trouble:
        components.problem("The dead letters cannot be read", kept.trouble, again=True)
        return
    if not kept.count:
        components.empty("No dead letters", "Every record could be applied.", ":material/check_circle:")
        return
    st.markdown(f"**{words.count(kept.count, 'dead letter')}**, by what is wrong with them")
    kinds = list(kept.kinds)
    chosen = components.chosen(
        [
            (
                str(n),
                str(k["cause"]),
                f"{words.count(int(str(k['count'])), 'letter')}, {k['error_class']}, {k['topic']}",
            )
            for n, k in enumerate(kinds)
        ],
        key="kind",
    )
    if chosen is not None:
        _kind(installation, kafka, kept, kinds[int(chosen)])


def _kind(installation: Installation, kafka: Stream, kept: DeadLetters, kind: Mapping[str, object]) -> None:
    alike = [letter for letter in kept.newest if letter.kind == (kind["topic"], kind["error_class"], kind["cause"])]
    wanted = Wanted(source_topic=str(kind["topic"]) or None, error_class=str(kind["error_class"]))
    with st.container(horizontal=True, vertical_alignment="center"):
        label = f"Replay all of class {kind['error_class']} from {kind['topic']}"
        if st.button(components.plain(label), icon=":material/replay:"):
            st.session_state[_REPLAYED] = _replay(installation, kafka, wanted)
        st.caption(
            "Once what they stumbled over is mended. They stay listed until their retention ends.", width="content"
        )
    if replayed := st.session_state.get(_REPLAYED):
        st.success(components.plain(replayed), icon=":material/check:")
    for letter in components.paged(alike, key="letters-page", size=10):
        _letter(letter)


def _letter(letter: Letter) -> None:
    title = f"{letter.failed_at:%d %b %Y, %H:%M:%S} · {words.shortened(letter.cause, 80)}"
    with st.expander(components.plain(title), icon=":material/mail:"):
        st.caption(
            components.plain(
                f"{letter.position}, from {letter.source_position or letter.source_topic or 'nobody knows where'}; "
                f"failed {words.count(letter.attempts, 'time')}, replayed {words.count(letter.replays, 'time')}"
            )
        )
        st.markdown(f"**Cause** &nbsp;{components.plain(letter.cause)}")
        value = stream.text_of(letter.record.value)
        st.code(words.cut(value, 20_000), language="json", wrap_lines=True)
        if st.button(
            "Mend by hand", key=f"mend-{letter.position}", icon=":material/build:", help="Opens it under By hand"
        ):
            st.session_state["by-hand"] = value
            st.toast("It is under By hand now: mend it there and send it.", icon=":material/build:")


def _replay(installation: Installation, kafka: Stream, wanted: Wanted) -> str:
    """Replays, and says what came of it; '' if it failed, which is told beside the page."""
    try:
        with st.spinner("Replaying …"):
            done = kafka.replay(wanted)
            detail = f"class {wanted.error_class}, {words.count(done.replayed, 'letter')}"
            visitor.note(installation, "replayed dead letters", wanted.source_topic or "all topics", detail)
    except SemcacheError as error:
        st.toast(components.plain(str(error)), icon=":material/error:")
        return ""
    stayed = "".join(f"; {words.count(number, 'letter')} stayed: {why}" for why, number in done.skipped.items())
    return f"{words.count(done.replayed, 'letter')} replayed{stayed}."


def _by_hand(installation: Installation, kafka: Stream) -> None:
    kinds = list(stream.TEMPLATES)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox("Type", kinds, width=260)
        if st.button("Fill in an example", icon=":material/draft:"):
            st.session_state["by-hand"] = stream.template(kind)
    st.session_state.setdefault("by-hand", stream.template(kinds[0]))
    text = st.text_area("Event", key="by-hand", height=280)
    if st.button("Send to Kafka", type="primary", icon=":material/send:"):
        try:
            with st.spinner("Sending …"):
                sent = kafka.produce(text)
                visitor.note(installation, "sent an event by hand", sent)
        except SemcacheError as error:
            st.error(components.plain(str(error)), icon=":material/error:")
        else:
            st.success(f"Kafka has it: `{sent}`.", icon=":material/check:")


def _trail(installation: Installation) -> None:
    """Who did what that others feel."""
    st.caption("Erasures, changes, replays, and whoever acted as another user; `semcache audit` shows the same.")
    records = list(installation.audit.newest(_MOST_RECORDS))
    if not records:
        components.empty("Nothing yet", "Whoever erases, changes or replays something is listed here.")
        return
    shown = components.paged(records, key="audit-page", size=50)
    st.dataframe(
        [
            {
                "when (UTC)": words.moment(record.at),
                "who": record.actor,
                "did what": record.action,
                "to": record.target,
                "": record.detail,
                "through": record.via,
            }
            for record in shown
        ],
        hide_index=True,
    )


shell.run(page)
