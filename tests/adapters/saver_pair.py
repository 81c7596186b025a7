"""A checkpointer beside LangGraph's InMemorySaver: the same calls to both, and all that can be read compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver


def config(thread: str, namespace: str | None = None, checkpoint: str | None = None, **more: Any) -> dict[str, Any]:
    """A config as a graph gives it; `metadata` beside `configurable` if it is among `more`."""
    metadata = more.pop("metadata", None)
    configurable = {"thread_id": thread, **more}
    if namespace is not None:
        configurable["checkpoint_ns"] = namespace
    if checkpoint is not None:
        configurable["checkpoint_id"] = checkpoint
    return {"configurable": configurable} | ({"metadata": metadata} if metadata else {})


@dataclass
class Pair:
    """Both savers, and the checkpoints that were put: (thread, namespace, id)."""

    ours: BaseCheckpointSaver[str]
    reference: InMemorySaver = field(default_factory=InMemorySaver)
    put_: list[tuple[str, str, str]] = field(default_factory=list)

    def put(
        self,
        place: tuple[str, str, str],
        values: dict[str, Any],
        versions: dict[str, Any],
        new: Sequence[str],
        metadata: dict[str, Any],
        *,
        parent: str | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        """Puts a checkpoint; `new` are the channels whose version is new."""
        thread, namespace, id = place
        checkpoint = {
            "v": 4, "ts": "2026-11-29T00:00:00+00:00", "id": id, "channel_values": values,
            "channel_versions": versions, "versions_seen": {}, "updated_channels": None,
        }  # fmt: skip
        results = [
            saver.put(
                config(thread, namespace, parent, **(more or {})), checkpoint, metadata, {c: versions[c] for c in new}
            )
            for saver in (self.ours, self.reference)
        ]
        assert results[0] == results[1]
        if place not in self.put_:
            self.put_.append(place)

    def put_writes(
        self, place: tuple[str, str, str], writes: Sequence[tuple[str, Any]], task: str, path: str = ""
    ) -> None:
        for saver in (self.ours, self.reference):
            saver.put_writes(config(*place), writes, task, path)

    def delete_thread(self, thread: str) -> None:
        for saver in (self.ours, self.reference):
            saver.delete_thread(thread)

    def compare(self, filters: Sequence[dict[str, Any] | None] = (None,)) -> None:
        """Everything that can be read is equal."""
        for place in self.put_:
            assert self.ours.get_tuple(config(*place)) == self.reference.get_tuple(config(*place))
        for thread, namespace in sorted({(thread, namespace) for thread, namespace, _ in self.put_}):
            self._compare_namespace(thread, namespace, filters)
        for thread in sorted({thread for thread, _, _ in self.put_}):
            self._compare_lists(config(thread), filters)
        self._compare_lists(None, filters)

    def _compare_namespace(self, thread: str, namespace: str, filters: Sequence[dict[str, Any] | None]) -> None:
        where = config(thread, namespace)
        assert self.ours.get_tuple(where) == self.reference.get_tuple(where)
        ids = [id for t, n, id in self.put_ if (t, n) == (thread, namespace)]
        for given in filters:
            for before in (None, *(config(thread, namespace, id) for id in ids[-2:])):
                for limit in (None, 0, 1, 2):
                    options: Any = {"filter": given, "before": before, "limit": limit}
                    assert list(self.ours.list(where, **options)) == list(self.reference.list(where, **options))

    def _compare_lists(self, where: dict[str, Any] | None, filters: Sequence[dict[str, Any] | None]) -> None:
        """Across namespaces and threads only the order within each is given; the number is, with a limit too."""
        for given in filters:
            ours: Any = list(self.ours.list(where, filter=given))
            reference: Any = list(self.reference.list(where, filter=given))
            assert _grouped(ours) == _grouped(reference)
            assert [t.config["configurable"]["checkpoint_id"] for t in ours] == sorted(
                (t.config["configurable"]["checkpoint_id"] for t in reference), reverse=True
            )
            assert len(list(self.ours.list(where, filter=given, limit=2))) == min(2, len(reference))


def _grouped(tuples: Sequence[CheckpointTuple]) -> dict[tuple[str, str], list[CheckpointTuple]]:
    grouped: dict[tuple[str, str], list[CheckpointTuple]] = {}
    for found in tuples:
        of = found.config["configurable"]
        grouped.setdefault((of["thread_id"], of["checkpoint_ns"]), []).append(found)
    assert not [place for place, count in Counter(_ids(tuples)).items() if count > 1]
    return grouped


def _ids(tuples: Sequence[CheckpointTuple]) -> list[tuple[str, str, str]]:
    return [
        (of["thread_id"], of["checkpoint_ns"], of["checkpoint_id"]) for of in (t.config["configurable"] for t in tuples)
    ]
