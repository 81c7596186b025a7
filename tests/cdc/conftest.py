"""The play is given once a session; every test looks at what it has left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cdc.play import Held, play
from tests.cdc.table import Results, write


@pytest.fixture(scope="session")
def held(kafka: str, redis_url: str) -> Held:
    """What the knowledge base held after each phase."""
    return play(kafka, redis_url)


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest) -> Iterator[Results]:
    """Collects what each test saw; after a whole run the tables in the docs are written from it."""
    collected = Results()
    yield collected
    if collected.complete:
        write(collected)
