"""Stacks of a test's own: each in a folder of its own, none left running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from semcache.devstack import stack
from semcache.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings with a data directory of the test's own; what was started on it is stopped afterwards."""
    own = load_settings(data_dir=tmp_path / "data")
    yield own
    stack.down(own)
