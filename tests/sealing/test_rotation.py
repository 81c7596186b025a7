"""Rotation: everything comes under the active key, nothing is lost, wherever it is interrupted."""

from __future__ import annotations

import json
import multiprocessing
import random
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from redis import Redis
from typer.testing import CliRunner

from semcache.cli.main import build_app
from semcache.errors import ConfigurationError
from semcache.memory import AgentMemory, NewTurn, TurnWriter
from semcache.memory.writing.reseal import count_turns, reseal
from semcache.store.sealing import UNSEALED, sealed_under
from tests.conftest import Clock
from tests.memory.states import snapshot
from tests.sealing.conftest import everything, former_ring, ring, secret
from tests.sealing.test_memory import ASKED, spoken, tell

OpenMemory = Callable[..., AgentMemory]


def under(redis: Redis, namespace: str) -> set[str | None]:
    """The keys that the stored turns and windows are sealed under."""
    texts = [redis.hget(key, "text") for key in redis.scan_iter(match=f"sc:{{m:{namespace}:*}}:turn:*")]
    for window in redis.scan_iter(match=f"sc:{{m:{namespace}:*}}:window:*"):
        texts += [json.loads(form)["text"].encode() for form in redis.zrange(window, 0, -1)]
    return {sealed_under(text.decode()) for text in texts}


def written(redis: Redis, namespace: str) -> dict[str, object]:
    """What is stored, but for readings: a rotation removes them, and they are made anew when they are asked for."""
    return {key: value for key, value in snapshot(redis, namespace).items() if not key.endswith(":readings")}


@pytest.mark.parametrize("before", [UNSEALED, ring("k1"), former_ring("k1")], ids=["plain", "k1", "format 1"])
def test_everything_comes_under_the_active_key(
    redis: Redis, open_memory: OpenMemory, namespace: str, clock: Clock, before: object
) -> None:
    """After a rotation the memory is byte for byte what it would be had it been written with the new ring at once."""
    new, only_new = ring("k1", "k2"), ring("k2")
    tell(open_memory(new), clock=clock)
    expected = written(redis, namespace)
    wanted = {ask: open_memory(new).recall(ask) for ask in ASKED}
    redis.delete(*redis.scan_iter(match=f"sc:{{m:{namespace}:*", count=1_000))
    tell(open_memory(before), clock=clock)
    assert count_turns(redis, namespace) == 6
    told: list[int] = []
    done = reseal(redis, namespace, new, advance=told.append)
    assert (done.changed, done.kept, done.refused, sum(told)) == (6, 0, 0, 6)
    assert written(redis, namespace) == expected
    assert {ask: open_memory(only_new).recall(ask) for ask in ASKED} == wanted
    stored = [value.decode("latin-1").lower() for value in everything(redis, namespace)]
    assert {word for word in spoken() for value in stored if word in value} == set()


def test_a_rotation_without_a_new_key_moves_format_1_over(
    redis: Redis, open_memory: OpenMemory, namespace: str, clock: Clock
) -> None:
    """Under the key that was active before, everything gets format 2; what is said stays readable all the time."""
    tell(open_memory(ring("k1")), clock=clock)
    expected = written(redis, namespace)
    redis.delete(*redis.scan_iter(match=f"sc:{{m:{namespace}:*", count=1_000))
    tell(open_memory(former_ring("k1")), clock=clock)
    wanted = {ask: open_memory(ring("k1")).recall(ask) for ask in ASKED}
    assert reseal(redis, namespace, ring("k1")).changed == 6
    assert written(redis, namespace) == expected
    assert {ask: open_memory(ring("k1")).recall(ask) for ask in ASKED} == wanted
    assert reseal(redis, namespace, ring("k1")).changed == 0


def test_a_second_run_changes_nothing(redis: Redis, open_memory: OpenMemory, namespace: str, clock: Clock) -> None:
    """What is under the active key is kept as it is, and the lifetime of a window too."""
    tell(open_memory(ring("k1")), clock=clock)
    reseal(redis, namespace, ring("k1", "k2"))
    before = snapshot(redis, namespace)
    done = reseal(redis, namespace, ring("k1", "k2"))
    assert (done.changed, done.kept) == (0, 6)
    assert snapshot(redis, namespace) == before
    windows = list(redis.scan_iter(match=f"sc:{{m:{namespace}:*}}:window:*"))
    assert windows
    assert all(redis.ttl(window) > 0 for window in windows)


def test_a_window_is_whole_between_two_keys(open_memory: OpenMemory, clock: Clock) -> None:
    """A turn noted under the former key and written under the new one is one turn to who reads the window."""
    former, later = open_memory(ring("k1")), open_memory(ring("k1", "k2"))
    former.note("s", "user", "I live in Lyon.", at=clock.now, event_id="e")
    later.append("s", "user", "I live in Lyon.", at=clock.now, event_id="e")
    assert [turn.text for turn in later.window("s")] == ["I live in Lyon."]


def test_what_cannot_be_opened_stays_and_is_named(
    redis: Redis, open_memory: OpenMemory, namespace: str, clock: Clock
) -> None:
    """Turns under a key that is not in the ring are left as they are; the others are sealed."""
    open_memory(ring("lost")).append("s", "user", "Old news.", at=clock.now)
    open_memory(ring("k1"), user="bob").append("s", "user", "News.", at=clock.now)
    done = reseal(redis, namespace, ring("k1", "k2"))
    assert (done.changed, done.refused) == (1, 2)  # a turn and its window
    assert "'lost'" in done.why[0]
    assert under(redis, namespace) == {"lost", "k2"}
    with pytest.raises(ConfigurationError, match="active"):
        reseal(redis, namespace, ring("k1", active=""))


class Turning:
    """An embedder that gives each text a vector of its own at once: what is tested here is the text."""

    dim, fingerprint = 8, "turning~1"

    def embed(self, texts: list[str], *, kind: str = "symmetric") -> np.ndarray:  # type: ignore[type-arg]
        return np.array([np.random.default_rng(abs(hash(text))).normal(size=8) for text in texts], np.float32)


def test_killed_at_any_point_nothing_is_lost(redis: Redis, redis_url: str, namespace: str, clock: Clock) -> None:
    """kill -9 in the middle, many times, while turns are written: every turn can be read, under the new key."""
    writer = TurnWriter(redis, Turning(), sealer=ring("k1"), clock=clock)  # type: ignore[arg-type]
    turns = [
        NewTurn(f"u{n % 3}", "s", "user", f"note number {n} about {n % 17}", clock.now + n, f"e{n}", namespace)
        for n in range(1_500)
    ]
    writer.append(turns)
    later = TurnWriter(redis, Turning(), sealer=ring("k1", "k2"), clock=clock)  # type: ignore[arg-type]
    chance, killed = random.Random(7), 0
    for n in range(25):
        process = multiprocessing.get_context("fork").Process(target=rotate, args=(redis_url, namespace))
        process.start()
        threading.Event().wait(chance.uniform(0.01, 0.08))
        later.append([NewTurn("u0", "s", "user", f"late {n}", clock.now + 5_000 + n, f"l{n}", namespace)])
        process.kill()
        process.join()
        killed += process.exitcode != 0
        if process.exitcode == 0:
            break
    reseal(redis, namespace, ring("k1", "k2"))
    assert killed >= 2
    assert under(redis, namespace) == {"k2"}
    assert read_back(redis, namespace) == {t.text for t in turns} | {f"late {i}" for i in range(n + 1)}


def rotate(redis_url: str, namespace: str) -> None:
    """What is killed; on a connection of its own."""
    reseal(Redis.from_url(redis_url), namespace, ring("k1", "k2"))


def read_back(redis: Redis, namespace: str) -> set[str]:
    sealer = ring("k2")
    return {
        sealer.open(redis.hget(key, "text").decode(), f"{key.decode()}#text")
        for key in redis.scan_iter(match=f"sc:{{m:{namespace}:*}}:turn:*", count=1_000)
    }


def test_the_commands(
    redis: Redis, redis_url: str, namespace: str, open_memory: OpenMemory, clock: Clock,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    """`keygen` prints lines that work as settings; with them `rotate` seals what was stored before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMCACHE_REDIS_URL", redis_url)
    monkeypatch.setenv("SEMCACHE_NAMESPACE", namespace)
    app, runner = build_app("seal"), CliRunner()
    tell(open_memory(UNSEALED), clock=clock)
    made = runner.invoke(app, ["seal", "keygen", "--id", "k9"])
    assert made.exit_code == 0
    (tmp_path / "semcache.toml").write_text(made.stdout)
    rotated = runner.invoke(app, ["seal", "rotate", "--json"])
    assert json.loads(rotated.stdout) == {"active": "k9", "sealed": 6, "kept": 0, "refused": 0, "why": []}
    assert under(redis, namespace) == {"k9"}
    again = runner.invoke(app, ["seal", "keygen", "--json"])
    assert set(json.loads(again.stdout)) == {"active", "key"}  # the words stay
    assert secret("x").hex() not in again.stdout
