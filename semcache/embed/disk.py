"""Vectors on disk, for the next run: SQLite, keyed by the digest of a text; no text stays in it."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from semcache.embed.cached import Vector
from semcache.errors import InvalidInput

_AT_ONCE = 500  # placeholders of one statement: SQLite takes 999 or more


class DiskVectors:
    """Vectors by their space (fingerprint and kind) and text in `<folder>/vectors.sqlite`; see SharedVectors.

    Threads and processes may share it.

    Raises:
        InvalidInput: the folder cannot be written, or the file in it is something else.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(folder / "vectors.sqlite", check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = OFF")  # what is lost is computed again
            self._db.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
        except (OSError, sqlite3.Error) as error:
            raise InvalidInput(f"vectors cannot be kept in {folder}: {error}. Name another folder") from error

    def get(self, texts: Sequence[str], *, space: str) -> list[Vector | None]:
        keys = [_key(space, text) for text in texts]
        found: dict[bytes, bytes] = {}
        with self._lock:
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                found.update(self._db.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some))
        return [np.frombuffer(found[key], np.float32) if key in found else None for key in keys]

    def put(self, vectors: Sequence[tuple[str, Vector]], *, space: str) -> None:
        rows = [(_key(space, text), np.asarray(vector, np.float32).tobytes()) for text, vector in vectors]
        with self._lock:
            self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            self._db.commit()

    def close(self) -> None:
        with self._lock:
            self._db.close()


def _key(space: str, text: str) -> bytes:
    return hashlib.blake2b(f"{space}\0{text}".encode(), digest_size=16).digest()
