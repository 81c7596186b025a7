"""The append-only file of a Redis that ended in the middle of a transaction."""

from __future__ import annotations

import logging
import re
import subprocess
from pathlib import Path

_MULTI = b"*1\r\n$5\r\nMULTI\r\n"
# What redis-check-aof says of a file that ends too early; of a broken one it says other things.
_ENDS_EARLY = re.compile(r"(?:Expected to read|Reached EOF before reading EXEC).*?ok_up_to=(\d+)", re.DOTALL)

_log = logging.getLogger(__name__)


def drop_unfinished_transaction(redis_server: Path, data: Path) -> int:
    """Takes an unfinished transaction off the end of the newest file in `data`; how many bytes. Before Redis starts.

    What a script has written is a transaction there. If a power failure leaves only its beginning, Redis loads the
    file without it, but keeps the beginning; after the next restart that becomes part of the transaction that follows,
    and what was done again meanwhile is done twice (redis/redis#5201; valkey-io/valkey#4342 mends it). A file that is
    broken in another way is left to Redis, which says so.
    """
    newest = max((data / "appendonlydir").glob("*.incr.aof"), key=_number, default=None)
    if newest is None:
        return 0
    early = _ENDS_EARLY.search(_checked(redis_server, newest))
    if not early:
        return 0
    with newest.open("rb+") as file:
        file.seek(end := int(early[1]))
        if file.read(len(_MULTI)) != _MULTI:
            return 0  # a single command: Redis takes it off itself
        dropped = file.seek(0, 2) - end
        file.truncate(end)
    _log.info("took %d bytes of an unfinished transaction off %s", dropped, newest)
    return dropped


def _number(file: Path) -> int:
    return int(file.name.split(".")[-3])


def _checked(redis_server: Path, file: Path) -> str:
    """What redis-check-aof says, which is redis-server under another name; half a second for 64 MB."""
    try:
        done = subprocess.run(
            ["redis-check-aof", file],
            executable=redis_server,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.decode(errors="replace")
