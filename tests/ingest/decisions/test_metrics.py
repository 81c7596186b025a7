"""The metrics of what was decided: their labels are bounded, whatever the topic holds."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from semcache_ingest.decisions.counting import Policy, tally
from semcache_ingest.metrics import OTHERS, DecisionMetrics
from tests.ingest.decisions.records import START, decided, record

tenants = st.lists(st.text(st.characters(codec="utf-8"), max_size=5), max_size=60)


def by_label(asked: list[str], most: int, label: int = 0, **given: str) -> Counter[str]:
    """The look-ups of these tenants as the metric counts them, by one of its labels."""
    metrics = DecisionMetrics(tenants=most)
    records = [record(decided(START, tenant=tenant, **given), at) for at, tenant in enumerate(asked)]
    for batch in (records[:20], records[20:]):
        metrics.counted(tally(batch, 0.0, Policy()), 0.001)
    found: Counter[str] = Counter()
    for labels, counter in metrics.lookups._metrics.items():
        found[labels[label]] += int(counter._value.get())
    return found


@given(tenants, st.integers(0, 5))
def test_tenants_beyond_the_most_share_one_label(asked: list[str], most: int) -> None:
    """The first ones keep their names and their counts, look-ups without a tenant theirs; nothing is lost."""
    first = [tenant for tenant in dict.fromkeys(asked) if tenant not in ("", OTHERS)][:most]
    found = by_label(asked, most)
    assert found.total() == len(asked)
    assert len(found) <= most + 2
    for tenant in ("", *first):
        assert found[tenant] == asked.count(tenant)


def test_a_reason_that_no_cache_gives_has_no_label_of_its_own() -> None:
    """Anybody who writes to the topic could make a new series with every record otherwise."""
    reasons = [by_label(["a"], 3, label=2, outcome="miss", reason=reason) for reason in ("guard", "made up")]
    assert reasons == [{"guard": 1}, {OTHERS: 1}]
