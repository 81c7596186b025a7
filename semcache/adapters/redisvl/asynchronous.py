"""The asynchronous forms of a cache's methods: the same calls, in threads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Self

from semcache.cache.computing.bridge import in_thread


class AsyncForms:
    """`a<name>` of each method `<name>` that talks to Redis."""

    check: Any
    store: Any
    update: Any
    expire: Any
    drop: Any
    clear: Any
    delete: Any
    disconnect: Any

    async def adisconnect(self) -> None:
        """`disconnect`, in a thread."""
        await in_thread(self.disconnect)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.adisconnect()

    async def acheck(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """`check`, in a thread."""
        return await in_thread(partial(self.check, *args, **kwargs))

    async def astore(self, *args: Any, **kwargs: Any) -> str:
        """`store`, in a thread."""
        return await in_thread(partial(self.store, *args, **kwargs))

    async def aupdate(self, key: str, **changes: Any) -> None:
        """`update`, in a thread."""
        await in_thread(partial(self.update, key, **changes))

    async def aexpire(self, key: str, ttl: int | None = None) -> None:
        """`expire`, in a thread."""
        await in_thread(partial(self.expire, key, ttl))

    async def adrop(self, ids: Sequence[str] | None = None, keys: Sequence[str] | None = None) -> None:
        """`drop`, in a thread."""
        await in_thread(partial(self.drop, ids, keys))

    async def aclear(self) -> None:
        """`clear`, in a thread."""
        await in_thread(self.clear)

    async def adelete(self) -> None:
        """`delete`, in a thread."""
        await in_thread(self.delete)
