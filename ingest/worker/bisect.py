"""Finding the items that make a group fail, by halving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Failed:
    """Why an item alone fails."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Done(Generic[Result]):
    """What an item gave."""

    result: Result


def apply_or_bisect(
    items: Sequence[Item],
    apply: Callable[[Sequence[Item]], Sequence[Result]],
    *,
    fatal: tuple[type[Exception], ...] = (),
) -> list[Done[Result] | Failed]:
    """Applies all items at once; if that fails, each half by itself, in order, down to the single items that fail.

    `apply` has to bear being repeated on items that it has applied before. For k bad items among n it is called
    O(k log n) times. Errors of the kinds in `fatal` are not about the items: they are raised.
    """
    if not items:
        return []
    try:
        return [Done(result) for result in apply(items)]
    except fatal:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a record provokes, the others must not suffer
        if len(items) == 1:
            return [Failed(error)]
    middle = len(items) // 2
    return [
        *apply_or_bisect(items[:middle], apply, fatal=fatal),
        *apply_or_bisect(items[middle:], apply, fatal=fatal),
    ]
