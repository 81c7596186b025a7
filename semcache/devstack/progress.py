"""What a start reports while it runs: steps and downloads. The command line draws it; by default it is silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """Receives what happens during a start."""

    def step(self, message: str) -> None:
        """Something that takes a while begins."""
        ...

    def download(self, name: str, total_bytes: int) -> AbstractContextManager[Callable[[int], None]]:
        """A download begins; the callable takes the number of bytes that arrived since the last call."""
        ...


class Silent:
    """Reports nothing."""

    def step(self, message: str) -> None:
        pass

    @contextmanager
    def download(self, name: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
        yield lambda arrived: None
