"""Instructions of one look-up, of the client and of Redis, counted by valgrind: repeatable where times are not.

    python benchmarks/instructions.py [--lookups N] [--source CHECKOUT] [--json]

`valgrind` has to be installed (apt-get install valgrind). A program and the Redis that it asks both run under
callgrind, which counts while N look-ups of one kind are made, and what is counted and learned behind them. `exact`:
the very same questions; `semantic`: in other dress, served by the rule of a scope that has learned nothing; `get`: a
bare GET of redis-py; `script`: the least that an exact look-up can be, one script that returns three fields of an
entry, nothing checked or counted. All answers have a source. Vectors are given: the model is not counted. `--source`:
the library of another checkout, to compare with.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import redis
from numpy.typing import NDArray

from semcache.cache import CacheOptions, SemanticCache
from semcache.cache.inputs import question
from semcache.devstack.ports import free_port
from semcache.devstack.redis import find_redis
from semcache.store import keys
from semcache.store.connect import connect

KINDS = ("get", "script", "exact", "semantic")
# Each is asked twice: the third time, another question's answer is not served again.
_STORED = 60
_WARM = 50
# What gathers for a while gathers for so many times as long: a counted program runs some hundred times slower.
_SLOWER = 500
_ANSWER = "An answer of ordinary length. " * 8
_TOTALS = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)


class Given:
    """A vector for each text; other dress does not change it."""

    dim = 384
    fingerprint = "given~1~mean~fp32"

    def __init__(self) -> None:
        self._known: dict[str, NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str], *, kind: str = "symmetric") -> NDArray[np.float32]:
        return np.stack([self._vector(text.rstrip("?")) for text in texts])

    def _vector(self, text: str) -> NDArray[np.float32]:
        if text not in self._known:
            vector = np.random.default_rng(list(text.encode())).normal(size=self.dim)
            self._known[text] = (vector / np.linalg.norm(vector)).astype(np.float32)
        return self._known[text]


def bare_exact(client: redis.Redis, cache: SemanticCache) -> Callable[[str], object]:
    """The least that an exact look-up can be: one script, which follows the question's fingerprint to an entry and
    returns three of its fields; nothing is checked, read or counted.
    """
    sha = client.script_load(
        "local id = redis.call('HGET', KEYS[1], ARGV[1]) "
        "return id and redis.call('HMGET', ARGV[2] .. id, 'response', 'expires', 'sources')"
    )
    exact = keys.CACHE_EXACT.build(scope=cache.scope.id)
    prefix = keys.CACHE_ENTRY.build(scope=cache.scope.id, entry="")
    return lambda text: client.evalsha(sha, 1, exact, question(text).fingerprint, prefix)


def serve(url: str) -> None:
    """The counted program: fills a cache, then makes as many look-ups as a line of its input says (`exact 500`)."""
    client = connect(url, timeout_s=600)
    options = CacheOptions(draw=lambda asked, repeats: 1.0)
    cache = SemanticCache(client, embedder=Given(), namespace="counted", ttl=86_400, options=options)
    counts = cache._runtime.counts
    if hasattr(counts, "_linger_s"):
        counts._linger_s *= _SLOWER
    stored = [f"How do I change thing number {n} in my account?" for n in range(_STORED)]
    for n, prompt in enumerate(stored):
        cache.store(prompt, _ANSWER, sources={f"doc-{n}": 1})
    client.set("bench:get", _ANSWER)
    script = bare_exact(client, cache)
    calls: dict[str, Callable[[int], object]] = {
        "get": lambda n: client.get("bench:get"),
        "script": lambda n: script(stored[n % _STORED]),
        "exact": lambda n: cache.lookup(stored[n % _STORED]),
        "semantic": lambda n: cache.lookup(stored[n % _STORED].rstrip("?")),
    }
    print("filled", flush=True)
    for line in sys.stdin:
        kind, count = line.split()
        client.delete(keys.CACHE_REPEATS.build(scope=cache.scope.id))
        hits = sum(bool(calls[kind](n)) for n in range(int(count)))
        cache._runtime.flush()
        print(f"{hits} hits", flush=True)


class Counted:
    """A program that runs under callgrind, which does not count at first."""

    def __init__(self, program: Sequence[str | Path], folder: Path, **popen: object) -> None:
        self._out = folder / f"{Path(program[0]).name}.out"
        valgrind = ["valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no"]
        valgrind.append(f"--callgrind-out-file={self._out}")
        self.process = subprocess.Popen([*valgrind, *program], **popen)  # type: ignore[call-overload]

    def counting(self, on: bool) -> None:
        self._control("-i", "on" if on else "off")

    def dumped(self) -> int:
        """Instructions since the last time."""
        self._control("-d")
        newest = max(self._out.parent.glob(f"{self._out.name}.*"), key=lambda path: int(path.suffix[1:]))
        return int(_TOTALS.findall(newest.read_text())[-1])

    def _control(self, *command: str) -> None:
        subprocess.run(["callgrind_control", *command, str(self.process.pid)], check=True, capture_output=True)


@contextmanager
def counted_redis(folder: Path) -> Iterator[tuple[str, Counted]]:
    """A server under callgrind and its URL."""
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    command: list[str | Path] = [
        find_redis().path,
        "--port",
        str(port),
        "--dir",
        str(folder),
        "--save",
        "",
        "--hz",
        "1",
    ]
    server = Counted(command, folder, stdout=subprocess.DEVNULL)
    try:
        _wait(url)
        yield url, server
    finally:
        server.process.kill()


def _wait(url: str) -> None:
    """Until the server answers: under callgrind it takes its time."""
    pause = threading.Event()
    for _ in range(600):
        try:
            with redis.Redis.from_url(url) as client:
                client.ping()
        except redis.ConnectionError:
            pause.wait(0.1)
        else:
            return
    raise SystemExit("Redis does not start under valgrind")


def measure(lookups: int, source: Path, kinds: Sequence[str]) -> dict[str, dict[str, int]]:
    """Thousands of instructions of one look-up of each kind."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(source)}
    with tempfile.TemporaryDirectory() as name, counted_redis(folder := Path(name)) as (url, server):
        program = [sys.executable, __file__, "--inside", url]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1, "env": environment}
        client = Counted(program, folder, **pipes)
        try:
            _said(client.process, "filled")
            return {kind: _each(client, server, kind, lookups) for kind in kinds}
        finally:
            client.process.kill()


def _each(client: Counted, server: Counted, kind: str, lookups: int) -> dict[str, int]:
    print(f"counting {kind}", file=sys.stderr, flush=True)
    _ask(client.process, kind, _WARM)  # so that the first times are not counted
    for program in (client, server):
        program.counting(True)
    _ask(client.process, kind, lookups)
    for program in (client, server):
        program.counting(False)
    each = {"client": round(client.dumped() / lookups / 1000), "redis": round(server.dumped() / lookups / 1000)}
    print(f"{kind}: {each}", file=sys.stderr, flush=True)
    return each


def _ask(program: subprocess.Popen[str], kind: str, count: int) -> None:
    assert program.stdin is not None
    program.stdin.write(f"{kind} {count}\n")
    _said(program, f"{count} hits")


def _said(program: subprocess.Popen[str], expected: str) -> None:
    assert program.stdout is not None
    line = program.stdout.readline().strip()
    if line != expected:
        raise SystemExit(f"the counted program says {line!r} in place of {expected!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lookups", type=int, default=2 * _STORED, help="at most so many")
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--source", type=Path, default=Path(__file__).parent.parent, help="the library to count")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        serve(options.inside)
        return
    if shutil.which("callgrind_control") is None:
        parser.error("valgrind is not installed (apt-get install valgrind)")
    if not 1 <= options.lookups <= 2 * _STORED:
        parser.error(f"lookups are 1 to {2 * _STORED}")
    measured = measure(options.lookups, options.source.resolve(), options.kind)
    if options.json:
        print(json.dumps(measured, indent=2))
        return
    print("| thousands of instructions | client | Redis |\n| --- | --- | --- |")
    for kind, each in measured.items():
        print(f"| {kind} | {each['client']:,} | {each['redis']:,} |")


if __name__ == "__main__":
    main()
