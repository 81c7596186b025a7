"""The example of a third party's processors, installed and found by its entry points."""

from __future__ import annotations

import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from semcache.errors import Quarantine
from semcache_ingest.events import MessageEvent
from semcache_ingest.records import Outcome
from tests.ingest.producing import message, upsert
from tests.ingest.test_processors import decoded, settings

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "processor"


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The package in a folder of its own on the path, as an installer leaves it: nothing is downloaded."""
    folder = tmp_path_factory.mktemp("example")
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    shutil.copy(EXAMPLE / "tickets.py", folder)
    about = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = [
        f"[{group}]\n" + "".join(f"{n} = {v}\n" for n, v in named.items())
        for group, named in project["entry-points"].items()
    ]
    (about / "entry_points.txt").write_text("\n".join(points))
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))


def test_messages_are_enriched() -> None:
    """The subjects of the tickets that a message names are appended; other messages are left alone."""
    chain = settings(processors=["ticket-tags"])
    passed = decoded(chain, message(0, text="T-1042 and T-3001 are still open."))
    assert isinstance(passed, MessageEvent)
    assert passed.text == "T-1042 and T-3001 are still open. [billing, repair]"
    other = decoded(chain, message(0, text="Nothing open."))
    assert isinstance(other, MessageEvent)
    assert other.text == "Nothing open."


def test_drafts_are_dropped_and_what_is_neither_is_quarantined() -> None:
    """A draft is dropped, a published document passes, an unknown status is dead-lettered under the class `policy`."""
    chain = settings(processors=["no-drafts"])
    assert decoded(chain, upsert("d", 1, "Text.", metadata={"status": "draft"})) is Outcome.DROPPED
    assert not isinstance(decoded(chain, upsert("d", 1, "Text.")), Outcome)
    with pytest.raises(Quarantine, match="neither draft nor published") as caught:
        decoded(chain, upsert("d", 1, "Text.", metadata={"status": "?"}))
    assert caught.value.error_class == "policy"
