"""Which of two changes of a document is the newer one: cases, neighbours that must stay right, and laws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.knowledge import Delete, Upsert
from semcache.knowledge.order import MAX_AXES, VERSION, Decision, History, Place, Verdict, decide
from semcache.knowledge.plan import Stored, plan

T = 1_764_000_000_000
LOG = "shop.articles:0"


def at(offset: int, axis: str = "", *numbers: int, ms: int | None = None, log: str = LOG, **more: object) -> Place:
    return replace(Place(log, offset, T + offset, axis, numbers, source_ms=ms), **more)  # type: ignore[arg-type]


def after(*changes: tuple[Place, str]) -> History:
    """The history of a document to which those changes came, in that order."""
    history = History()
    for place, content in changes:
        history = decide(history, 0, place, content).history
    return history


def verdict(place: Place, content: str, *before: tuple[Place, str]) -> Verdict:
    return decide(after(*before), 0, place, content).verdict


APPLIED, STALE, DUPLICATE, CONFLICT = Verdict.APPLIED, Verdict.STALE, Verdict.DUPLICATE, Verdict.CONFLICT

CASES: dict[str, tuple[Verdict, Place, str, Sequence[tuple[Place, str]]]] = {
    # only the log
    "later offset, same time": (APPLIED, at(1000), "b", [(at(999), "a")]),
    "later offset, earlier record time": (APPLIED, at(5, log_ms=T - 120_000), "b", [(at(4), "a")]),
    "same offset again": (DUPLICATE, at(5), "a", [(at(5), "a")]),
    "earlier offset again": (STALE, at(4), "a", [(at(4), "a"), (at(5), "b")]),
    "the same text later in the log": (DUPLICATE, at(6), "a", [(at(5), "a")]),
    "the text of before, later in the log": (APPLIED, at(6), "a", [(at(4), "a"), (at(5), "b")]),
    "low offset of a topic made anew": (APPLIED, at(0, log_ms=T + 90_000), "b", [(at(7), "a")]),
    "low offset of a slow producer, read again": (
        STALE,
        at(4, log_ms=T + 120_000),
        "a",
        [(at(4, log_ms=T + 120_000), "a"), (at(5), "b")],
    ),
    "other partition, later time": (APPLIED, at(1, log="shop.articles:1", log_ms=T + 50), "b", [(at(9), "a")]),
    "other partition, earlier time": (STALE, at(99, log="shop.articles:1", log_ms=T), "b", [(at(9), "a")]),
    # versions of the owner
    "next version": (APPLIED, at(6, VERSION, 8), "b", [(at(5, VERSION, 7), "a")]),
    "older version later in the log": (STALE, at(6, VERSION, 6), "b", [(at(5, VERSION, 7), "a")]),
    "next version in another partition with an earlier time": (
        APPLIED,
        at(1, VERSION, 8, log="other:3", log_ms=T - 9),
        "b",
        [(at(5, VERSION, 7), "a")],
    ),
    "version again with its text": (DUPLICATE, at(6, VERSION, 7), "a", [(at(5, VERSION, 7), "a")]),
    "version again with another text": (CONFLICT, at(6, VERSION, 7), "b", [(at(5, VERSION, 7), "a")]),
    "version after an edit without one": (APPLIED, at(7, VERSION, 8), "c", [(at(5, VERSION, 7), "a"), (at(6), "b")]),
    "version again after an edit without one": (
        DUPLICATE,
        at(7, VERSION, 7),
        "a",
        [(at(5, VERSION, 7), "a"), (at(6), "b")],
    ),
    "edit without a version": (APPLIED, at(6), "b", [(at(5, VERSION, 7), "a")]),
    # places in a database's log
    "higher place": (APPLIED, at(6, "lsn", 60, ms=T), "b", [(at(5, "lsn", 50, ms=T), "a")]),
    "higher place in the same millisecond of another partition": (
        APPLIED,
        at(1, "lsn", 60, ms=T, log="x:1"),
        "b",
        [(at(5, "lsn", 50, ms=T), "a")],
    ),
    "higher place by a clock that went back": (
        APPLIED,
        at(6, "lsn", 60, ms=T - 5),
        "b",
        [(at(5, "lsn", 50, ms=T), "a")],
    ),
    "the same change twice": (DUPLICATE, at(6, "lsn", 50, ms=T), "a", [(at(5, "lsn", 50, ms=T), "a")]),
    "two changes sent again": (
        STALE,
        at(7, "lsn", 50, ms=T),
        "a",
        [(at(5, "lsn", 50, ms=T), "a"), (at(6, "lsn", 60, ms=T), "b")],
    ),
    "one place for several changes of a transaction": (
        APPLIED,
        at(6, "scn", 50, ms=T),
        "b",
        [(at(5, "scn", 50, ms=T), "a")],
    ),
    "numbers fell, later by log and clock": (
        APPLIED,
        at(6, "binlog b@", 3, 700, ms=T + 60),
        "b",
        [(at(5, "binlog b@", 120, 500, ms=T), "a")],
    ),
    "numbers fell at the same time": (STALE, at(6, "lsn", 3, ms=T), "b", [(at(5, "lsn", 50, ms=T), "a")]),
    "numbers fell, no time known": (STALE, at(6, "lsn", 3), "b", [(at(5, "lsn", 50), "a")]),
    "numbers fell in another partition": (
        STALE,
        at(6, "lsn", 3, ms=T + 60, log="x:1"),
        "b",
        [(at(5, "lsn", 50, ms=T), "a")],
    ),
    "what the old server sent, after the fall": (
        STALE,
        at(7, "lsn", 55, ms=T + 30),
        "c",
        [(at(5, "lsn", 50, ms=T), "a"), (at(6, "lsn", 3, ms=T + 60), "b")],
    ),
    "what the new server sends, after the fall": (
        APPLIED,
        at(7, "lsn", 4, ms=T + 90),
        "c",
        [(at(5, "lsn", 50, ms=T), "a"), (at(6, "lsn", 3, ms=T + 60), "b")],
    ),
    "another server, later": (
        APPLIED,
        at(6, "binlog b@2", 1, 4, ms=T + 60),
        "b",
        [(at(5, "binlog b@1", 120, 500, ms=T), "a")],
    ),
    "another server, earlier by its clock": (
        STALE,
        at(6, "binlog b@2", 999, 4, ms=T - 60),
        "b",
        [(at(5, "binlog b@1", 120, 500, ms=T), "a")],
    ),
    "epoch raised by hand": (APPLIED, at(6, "lsn", 3, ms=T, epoch=1), "b", [(at(5, "lsn", 50, ms=T), "a")]),
    "epoch of before": (STALE, at(6, "lsn", 99, ms=T), "b", [(at(5, "lsn", 50, ms=T, epoch=1), "a")]),
    # snapshots
    "snapshot row read late": (STALE, at(6, ms=T - 60, snapshot=True), "a", [(at(5, "lsn", 50, ms=T), "b")]),
    "snapshot row read now": (APPLIED, at(6, ms=T + 60, snapshot=True), "a", [(at(5, "lsn", 50, ms=T), "b")]),
    "change after a snapshot row": (APPLIED, at(6, "lsn", 50, ms=T + 9), "b", [(at(5, ms=T, snapshot=True), "a")]),
    "change after a snapshot row that was sent late": (
        APPLIED,
        at(6, "lsn", 50, ms=T - 9),
        "b",
        [(at(5, ms=T, snapshot=True), "a")],
    ),
    "change of before the snapshot row, sent again": (
        DUPLICATE,
        at(7, "lsn", 50, ms=T - 9),
        "b",
        [(at(5, "lsn", 50, ms=T - 9), "b"), (at(6, ms=T, snapshot=True), "a")],
    ),
    "numbers after none": (APPLIED, at(6, "lsn", 50), "b", [(at(5), "a")]),
}


@pytest.mark.parametrize("name", CASES)
def test_newer_change_is_told_from_an_older_one(name: str) -> None:
    """Each way in which one change can follow another."""
    right, place, content, before = CASES[name]
    assert verdict(place, content, *before) is right


def test_fall_of_the_numbers_is_told_once_of_each_document() -> None:
    """The change with which the numbers fall says so, those after it do not."""
    history = after((at(5, "lsn", 50, ms=T), "a"))
    first = decide(history, 1, at(6, "lsn", 3, ms=T + 60), "b")
    assert (first.verdict, first.fell) == (APPLIED, True)
    assert not decide(first.history, 2, at(7, "lsn", 4, ms=T + 61), "c").fell


def test_document_written_past_the_log_keeps_its_number() -> None:
    """The version of a document that no log has touched counts like an owner's: only a higher one is newer."""
    decided = [decide(History(), 7, at(5, VERSION, number), "b").verdict for number in (6, 7, 8)]
    assert decided == [STALE, DUPLICATE, APPLIED]


def test_axes_are_bounded() -> None:
    """A source that changes its name with every row does not grow a document's record."""
    history = after(*((at(number, f"binlog b@{number}", 1, ms=T + number), str(number)) for number in range(50)))
    assert len(history.axes) == MAX_AXES


def test_versions_grow_whatever_numbers_the_source_has() -> None:
    """A document's version only grows, and is the owner's where that is higher; a bare delete keeps it."""
    stored = Stored(7, after((at(5, VERSION, 7), "a")).encoded)
    changes = [
        Upsert("d", "Text.", version=9, place=at(6, VERSION, 9)),
        Upsert("d", "Text.", place=at(6)),
        Upsert("d", "Text.", place=at(6, "lsn", 1)),
        Delete("d", version=12, place=at(6, VERSION, 12)),
        Delete("d", place=at(6)),
    ]
    assert [plan(change, stored, "model").version for change in changes] == [9, 8, 8, -12, -7]


AXES = st.sampled_from(["", VERSION, "lsn", "binlog b@1", "binlog b@2"])
CHANGES = st.builds(
    lambda axis, number, ms, log_ms, snapshot, content: (axis, number, ms, log_ms, snapshot, content),
    AXES,
    st.integers(1, 6),
    st.none() | st.integers(0, 6),
    st.integers(0, 6),
    st.booleans(),
    st.sampled_from("abc"),
)


def log_of(changes: Sequence[tuple[str, int, int | None, int, bool, str]]) -> list[tuple[Place, str]]:
    return [
        (
            Place(
                LOG,
                offset,
                T + log_ms,
                axis,
                (number,) if axis else (),
                source_ms=None if ms is None or axis == VERSION else T + ms,
                snapshot=snapshot,
            ),
            content,
        )
        for offset, (axis, number, ms, log_ms, snapshot, content) in enumerate(changes)
    ]


@hypothesis.settings(deadline=None)
@given(st.lists(CHANGES, max_size=12), st.integers(0, 12))
def test_log_read_again_changes_nothing(changes: list[tuple[str, int, int | None, int, bool, str]], start: int) -> None:
    """From wherever a partition is read again, up to its end or once more: the same document at the end."""
    log = [(replace(place, log_ms=T), content) for place, content in log_of(changes)]
    once = after(*log)
    assert after(*log, *log[start:]) == once


@hypothesis.settings(deadline=None)
@given(st.lists(CHANGES, max_size=12))
def test_history_survives_being_written_down(changes: list[tuple[str, int, int | None, int, bool, str]]) -> None:
    """What is written to Redis is read as what it was."""
    history = after(*log_of(changes))
    assert History.parse(history.encoded) == history


@hypothesis.settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abc")), min_size=1, max_size=12))
def test_last_of_one_log_without_numbers_wins(changes: list[tuple[int, str]]) -> None:
    """Whatever the clocks of its producers say."""
    history = after(*((Place(LOG, offset, T + ms), content) for offset, (ms, content) in enumerate(changes)))
    assert history.content == changes[-1][1]


@hypothesis.settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from("abc")), min_size=1, max_size=12), st.randoms())
def test_highest_version_wins_in_any_order(changes: list[tuple[int, str]], random: object) -> None:
    """Versions of an owner come out the same however they arrive."""
    by_version = dict(changes)
    arrivals = list(by_version.items())
    random.shuffle(arrivals)  # type: ignore[attr-defined]
    history = after(*((at(offset, VERSION, version), content) for offset, (version, content) in enumerate(arrivals)))
    assert history.content == by_version[max(by_version)]


@hypothesis.settings(deadline=None)
@given(st.lists(CHANGES, max_size=8), CHANGES)
def test_what_is_not_applied_leaves_no_trace(
    changes: list[tuple[str, int, int | None, int, bool, str]], last: tuple[str, int, int | None, int, bool, str]
) -> None:
    """A change that is stale, double or in conflict changes nothing that is remembered."""
    *before, (place, content) = log_of([*changes, last])
    history = after(*before)
    decided: Decision = decide(history, 0, place, content)
    assert (decided.history == history) or decided.verdict is APPLIED
