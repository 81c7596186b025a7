"""The comparison with other caches measures what it says, at a small size, with those that are installed here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))  # its scripts import each other by name
from peers import compare, rows


def test_what_is_installed_is_compared_and_the_rest_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Every near copy is a hit, no stranger is; who cannot be had is said to be left out."""
    found = compare(300, ["semcache", "GPTCache (SQLite, faiss)"], None)
    ours = found["semcache"]
    assert ours["right"] == 1.0
    assert ours["stored"] == 300
    assert min(ours["hit_ms"], ours["miss_ms"], ours["store_ms"]) > 0
    assert 2_000 < ours["bytes_per_entry"] < 8_000
    assert "GPTCache (SQLite, faiss) is left out" in capsys.readouterr().err
    assert any(line.startswith("| 300 | semcache |") for line in rows({300: found}))
