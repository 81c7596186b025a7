"""Which items and namespaces a search means: filters and conditions of LangGraph's stores, as functions of values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langgraph.store.base import MatchCondition

_ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def passes(value: Mapping[str, Any], filter: Mapping[str, Any] | None) -> bool:
    """Whether an item's value has what a filter asks for; raises ValueError for an operator that there is not."""
    return all(_agrees(value.get(name), wanted) for name, wanted in (filter or {}).items())


def _agrees(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        if any(str(name).startswith("$") for name in wanted):
            return all(_compared(value, operation, operand) for operation, operand in wanted.items())
        return isinstance(value, Mapping) and passes(value, wanted)
    if isinstance(wanted, list | tuple):
        return (
            isinstance(value, list | tuple)
            and len(value) == len(wanted)
            and all(_agrees(mine, theirs) for mine, theirs in zip(value, wanted, strict=True))
        )
    return bool(value == wanted)


def _compared(value: Any, operation: str, operand: Any) -> bool:
    if operation == "$eq":
        return bool(value == operand)
    if operation == "$ne":
        return bool(value != operand)
    if operation not in _ORDERS:
        raise ValueError(f"Unsupported operator: {operation}; there are $eq, $ne, {', '.join(_ORDERS)}")
    if value is None:
        return False  # what is missing is neither more nor less
    return _ORDERS[operation](float(value), float(operand))


def matches(namespace: Sequence[str], conditions: Sequence[MatchCondition] | None) -> bool:
    """Whether a namespace begins or ends as each condition says; `*` stands for any label."""
    return all(_begins(*_from_that_end(namespace, condition)) for condition in conditions or ())


def _from_that_end(namespace: Sequence[str], condition: MatchCondition) -> tuple[Sequence[str], Sequence[str]]:
    if condition.match_type == "prefix":
        return namespace, condition.path
    if condition.match_type == "suffix":
        return namespace[::-1], condition.path[::-1]
    raise ValueError(f"Unsupported match type: {condition.match_type}")


def _begins(labels: Sequence[str], path: Sequence[str]) -> bool:
    return len(labels) >= len(path) and all(wanted in ("*", label) for label, wanted in zip(labels, path, strict=False))
