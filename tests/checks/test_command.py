"""`semcache doctor --check-data` and `--diff`: exit code, table and JSON."""

from __future__ import annotations

import base64
import json

import pytest
from typer.testing import CliRunner

from semcache.cli.main import build_app
from semcache.errors import InvalidInput
from semcache.memory.writing.reseal import reseal
from semcache.store import keys
from tests.checks.conftest import Installation
from tests.sealing.conftest import ring, secret


@pytest.fixture(autouse=True)
def _here(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMCACHE_REDIS_URL", redis_url)


def doctor(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(build_app("doctor"), ["doctor", *arguments])
    if isinstance(done.exception, InvalidInput):
        raise done.exception
    return done.exit_code, done.stdout


def test_check_data(installation: Installation) -> None:
    """Exit 0 and nothing to report while all is well; exit 1, the key and what mends it after damage."""
    only = ("--check-data", "--namespace", installation.namespace)
    assert doctor(*only) == (0, "the data is whole\n")
    posting = keys.TURN_STEM.build(namespace=installation.namespace, user="ann", stem="stray")
    installation.redis.zadd(posting, {"nobody": 1.0})
    code, shown = doctor(*only, "--json")
    said = json.loads(shown)
    assert code == 1
    assert said["whole"] is False
    assert said["findings"] == [{"key": posting, "wrong": "there is no turn nobody", "mend": f"ZREM {posting} nobody"}]
    code, shown = doctor(*only)
    assert code == 1
    assert "there is no turn nobody" in " ".join(shown.split())


def test_diff(installation: Installation) -> None:
    """Exit 0 if both namespaces hold the same, exit 1 and the differing kinds and keys if not."""
    other = Installation(installation.redis, f"{installation.namespace}y")
    other.fill()
    names = (installation.namespace, other.namespace)
    assert doctor("--diff", *names)[0] == 0
    other.knowledge.upsert("faq", "Returns take 30 days.", version=4)
    code, shown = doctor("--diff", *names, "--json")
    said = json.loads(shown)
    assert (code, said["equal"]) == (1, False)
    assert "document versions" in {difference["kind"] for difference in said["differences"]}
    assert "other value" in " ".join(doctor("--diff", *names)[1].split())
    other.remove()


def test_check_data_under_sealing(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where sealing is on, turns that nobody sealed are findings, and the rotation mends them."""
    monkeypatch.setenv("SEMCACHE_SEAL_ACTIVE", "k1")
    monkeypatch.setenv("SEMCACHE_SEAL_KEYS", json.dumps({"k1": base64.b64encode(secret("k1")).decode()}))
    monkeypatch.setenv("SEMCACHE_SEAL_WORDS", base64.b64encode(secret("words")).decode())
    only = ("--check-data", "--namespace", installation.namespace, "--json")
    code, shown = doctor(*only)
    assert code == 1
    assert {finding["mend"] for finding in json.loads(shown)["findings"]} == {"`semcache seal rotate`"}
    reseal(installation.redis, installation.namespace, ring("k1"))
    assert doctor(*only)[0] == 0


@pytest.mark.parametrize("wrong", [("--check-data", "--diff", "a", "b"), ("--namespace", "a")])
def test_options_that_do_not_go_together(wrong: tuple[str, ...]) -> None:
    """What would be ignored is refused."""
    with pytest.raises(InvalidInput):
        doctor(*wrong)
