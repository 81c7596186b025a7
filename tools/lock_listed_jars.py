"""Writes SHA-256 and size beside the coordinates of a list of jars. Nothing is resolved beyond what the list names.

Run it after a change of a coordinate: .venv/bin/python tools/lock_listed_jars.py tests/cdc/jars/*.txt
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path

from semcache.devstack.java.jars import open_maven, resolve


def main(lists: list[str]) -> None:
    with tempfile.TemporaryDirectory() as cache:
        context = open_maven(Path(cache))
        for path in map(Path, lists):
            lines = path.read_text().splitlines()
            comments = [line for line in lines if line.startswith("#")]
            wanted = sorted(line.split()[0] for line in lines if line and not line.startswith("#"))
            pinned = [_pinned(coordinates, resolve(context, *coordinates.split(":"))) for coordinates in wanted]
            path.write_text("\n".join([*comments, *pinned]) + "\n")


def _pinned(coordinates: str, jar: Path) -> str:
    content = jar.read_bytes()
    return f"{coordinates} {hashlib.sha256(content).hexdigest()} {len(content)}"


if __name__ == "__main__":
    main(sys.argv[1:])
