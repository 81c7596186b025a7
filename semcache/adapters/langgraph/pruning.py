"""Which checkpoints a thread can do without: pure decisions on its chain of parents.

A delta channel (LangGraph's `DeltaChannel`) stores its whole value only now and then; in between it is made from the
writes behind earlier checkpoints. A checkpoint's metadata names those of its channels that are in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from semcache.adapters.langgraph.records import Place

DELTA_COUNTERS = "counters_since_delta_snapshot"


@dataclass(frozen=True, slots=True)
class Link:
    """A checkpoint in its chain: its parent, the channels whose value is stored, and those made from earlier writes."""

    parent: str
    stored: frozenset[str]
    pending: frozenset[str]


def needed(links: Mapping[Place, Link], kept: Iterable[Place]) -> set[Place]:
    """The checkpoints to keep so that the state of each of `kept` can be made: these, and ancestors of some."""
    needs: set[Place] = set()
    for place in kept:
        needs |= {place, *_ancestors(links, place)}
    return needs


def _ancestors(links: Mapping[Place, Link], place: Place) -> Iterable[Place]:
    """The ancestors down to where each pending channel has a stored value."""
    missing = links[place].pending - links[place].stored
    parent = Place(place.namespace, links[place].parent)
    while missing and parent in links:
        yield parent
        missing = missing - links[parent].stored
        parent = Place(place.namespace, links[parent].parent)


def latest(places: Iterable[Place]) -> set[Place]:
    """The newest checkpoint of each namespace."""
    newest: dict[str, str] = {}
    for namespace, checkpoint in places:
        newest[namespace] = max(newest.get(namespace, ""), checkpoint)
    return {Place(namespace, checkpoint) for namespace, checkpoint in newest.items()}
