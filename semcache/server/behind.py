"""Work that an answer does not wait for; who needs what comes of it does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Hashable
from typing import Any

from semcache.errors import SemcacheError

_log = logging.getLogger(__name__)


class Behind:
    """Tasks under way, each with a name for what it writes. Used from the event loop alone."""

    def __init__(self) -> None:
        self._under_way: dict[asyncio.Task[None], Hashable] = {}

    def start(self, name: Hashable, work: Coroutine[Any, Any, object]) -> None:
        """Begins it; an error of ours is logged."""
        task = asyncio.get_running_loop().create_task(_logged(work))
        self._under_way[task] = name
        task.add_done_callback(self._under_way.pop)

    async def over(self, name: Hashable) -> None:
        """Returns when what was begun by this name is done."""
        if tasks := [task for task, its in self._under_way.items() if its == name]:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Returns when all is done."""
        while self._under_way:
            await asyncio.wait(list(self._under_way))


async def _logged(work: Coroutine[Any, Any, object]) -> None:
    try:
        await work
    except SemcacheError as error:
        _log.warning("an answer is not stored: %s", error)
