"""Fixtures of the language-model tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.llm.server import FakeOpenAi, serving


@pytest.fixture
def api() -> Iterator[FakeOpenAi]:
    with serving() as server:
        yield server
