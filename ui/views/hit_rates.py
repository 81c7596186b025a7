"""Hit rates: what the cache would have served of a log, and how much of it wrong."""

from __future__ import annotations

from typing import Any

import streamlit as st

from semcache.evals.measure import Plan
from semcache.evals.policies import BUDGET
from semcache.evals.reading.columns import Columns
from semcache.evals.reading.opening import PACKED, SUFFIXES
from semcache.evals.replay import Prices
from semcache.evals.report import words as said
from semcache_ui import shell, visitor
from semcache_ui.parts import charts, components
from semcache_ui.services import words
from semcache_ui.services.hitrates import MOST_REQUESTS, TRAFFIC, Report
from semcache_ui.services.installation import Installation
from semcache_ui.services.jobs import Job
from semcache_ui.views import live

QUESTIONS, TRAFFIC_OF_SAMPLE, OWN = (
    "Sample questions, each once",
    f"Sample traffic, {TRAFFIC:,} requests",
    "Your own log",
)
_POLL_S = 0.4


def page(installation: Installation) -> None:
    """What to measure; then how it goes; then the report."""
    components.head(
        "Hit rates",
        "Replays a log through an empty cache: how much would have been served, and how much of that wrong. "
        "Nothing of it stays in Redis.",
    )
    live.section(installation)
    user = visitor.current().user
    _form(installation, user)
    job = installation.hit_rates.job(user)
    if job is None:
        components.empty("No report yet", "Take the sample, or a log of your own with questions and answers.")
    elif job.status.state == "running":
        _running(job)
    elif job.status.result is not None:
        _report(job.status.result)
    elif job.status.state == "failed":
        components.problem("It could not be measured", job.status.error)
    else:
        components.empty("Cancelled", "Nothing of it is left.", ":material/cancel:")


def _form(installation: Installation, user: str) -> None:
    with st.container(border=True):
        source = st.segmented_control(
            "Log", [TRAFFIC_OF_SAMPLE, QUESTIONS, OWN], default=TRAFFIC_OF_SAMPLE, required=True
        )
        uploaded = None
        if source == OWN:
            uploaded = st.file_uploader(
                "CSV, TSV, JSON, JSON lines, Parquet or Excel; plain, gzip, Zstandard or zip", type=[*SUFFIXES, *PACKED]
            )
            st.caption(
                "Columns are found by their names: a question (`prompt`, `text`, `query`, `question`) and the id of "
                "its answer (`answer_id`, `category`, `intent`, `label`) or the answer itself (`response`, `answer`)."
            )
        budget = st.slider(
            "Wrong answers accepted among those served", 0.5, 20.0, 2.0, 0.5, format="%.1f %%", help="the error budget"
        )
        plan, limit, columns = _more(budget / 100)
        if st.button(
            "Measure", type="primary", icon=":material/play_arrow:", disabled=source == OWN and uploaded is None
        ):
            if uploaded is not None:
                installation.hit_rates.start_file(
                    user, plan, name=uploaded.name, content=uploaded.getvalue(), limit=limit, columns=columns
                )
            else:
                installation.hit_rates.start_sample(user, plan, traffic=source == TRAFFIC_OF_SAMPLE)


def _more(budget: float) -> tuple[Plan, int, Columns]:
    with st.expander("More"):
        left, right = st.columns(2)
        threshold = left.number_input("Static similarity threshold instead (0 = none)", 0.0, 1.0, 0.0, 0.01)
        limit = right.number_input("At most so many requests", 10, MOST_REQUESTS, 10_000, 1_000)
        price_in = left.number_input("US$ a million input tokens", 0.0, value=0.15)
        price_out = right.number_input("US$ a million output tokens", 0.0, value=0.60)
        seconds = left.number_input("Seconds an LLM call takes", 0.0, value=1.5)
        prompt = right.text_input("Question column", placeholder="found by its name")
        answer_id = left.text_input("Answer id column", placeholder="found by its name")
        response = right.text_input("Answer column", placeholder="found by its name")
    policy = f"static:{threshold:g}" if threshold else BUDGET
    columns = Columns(prompt or None, answer_id or None, response or None)
    return Plan(budget, policy, Prices(price_in, price_out, seconds)), int(limit), columns


@st.fragment(run_every=_POLL_S)
@shell.shielded
def _running(job: Job[Report]) -> None:
    status = job.status
    if status.state != "running":
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(status.share, f"{status.step or 'starting'} … {status.done:,} of {status.total:,}")
        if st.button("Cancel", icon=":material/cancel:"):
            job.cancel()


def _report(report: Report) -> None:
    data = report.data
    st.markdown(f"#### {components.plain(report.title)}")
    st.markdown(components.plain(said.lead(data)))
    with st.container(horizontal=True):
        st.metric("Requests", f"{data['requests']:,}", border=True)
        st.metric("Hit rate", words.share(data["hit_rate"], digits=1), border=True)
        st.metric("Wrong among judged hits", said.wrong_share(data), help=said.judged(data), border=True)
        st.metric("Calls saved", f"{data['saved']['calls']:,.0f}", border=True)
        st.metric("Money saved", f"${data['saved']['usd']:,.4f}", border=True)
    st.caption(
        f"{said.judged(data)} Budget {words.share(data['max_error_rate'], digits=1)}. "
        f"{words.count(data['shadow_calls'], 'would-be hit')} answered anew, to check. {_speed(data)}"
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Precision against hit rate**")
        if any(row["wrong_hit_rate"] is not None for row in (data, *data["curve"])):
            st.altair_chart(charts.trade_off(data["curve"], data["comparison"][0], data["max_error_rate"]))
            st.caption("Diamond: this policy. Grey: static thresholds, chosen in hindsight. Dashed: the budget.")
        else:
            st.caption("No hit could be judged, so there is no precision to show.")
    with right:
        st.markdown("**Hit rate along the stream**")
        st.altair_chart(charts.growth(data["growth"]))
    st.dataframe([_row(r) for r in data["comparison"]], hide_index=True)
    for remark in said.remarks(data):
        st.caption(components.plain(remark))
    for kind in ("wrong", "right"):
        if found := data["examples"][kind]:
            with st.expander(f"{len(found)} hits that were {kind}, side by side"):
                st.dataframe(found, hide_index=True)
    with st.container(horizontal=True):
        st.download_button("Report (ZIP)", report.archive(), "hit-rate.zip", icon=":material/download:")
        st.download_button("Figures (JSON)", report.json(), "hit-rate.json", icon=":material/data_object:")


def _speed(data: dict[str, Any] | Any) -> str:
    hit, miss = data["latency_ms"]["hit"], data["latency_ms"]["miss"]
    return f"A hit takes {hit['p50']:.1f} ms (p99 {hit['p99']:.1f}), a miss {miss['p50']:.1f} ms before the call."


def _row(row: dict[str, Any]) -> dict[str, object]:
    return {
        "policy": row["policy"],
        "threshold": row["threshold"],
        "hit rate": words.share(row["hit_rate"], digits=1),
        "wrong among judged hits": said.wrong_share(row),
        "95 % interval": said.interval(row["wrong_hit_interval"]) if row["judged_hits"] else "",
    }


shell.run(page)
