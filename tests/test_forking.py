"""Forked children: they answer at once, whatever the threads of their parent were doing at that moment."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable

import numpy as np
import pytest

from semcache import forking
from semcache.embed import CachedEmbedder
from semcache.embed.onnx import ModelFiles, OnnxEmbedder
from semcache.forking import leaf_lock, reset_in_child
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


def in_child(work: Callable[[], None], *, timeout_s: float = 30.0) -> None:
    """Runs `work` in a forked child; fails if it fails there, or hangs."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    ended: list[int] = []

    def reaped() -> bool:
        done, status = os.waitpid(pid, os.WNOHANG)
        ended.extend([status] if done else [])
        return bool(ended)

    try:
        wait_until("the child has ended", reaped, timeout_s=timeout_s)
    except AssertionError:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        raise
    assert os.waitstatus_to_exitcode(ended[0]) == 0


def test_a_child_embeds_a_batch_after_its_parent_did(embedder: CachedEmbedder) -> None:
    """The parent's pool has no threads in the child; the vectors are the same there."""
    model = embedder.inner
    texts = [f"text number {n}" for n in range(8)]
    before = model.embed(texts)

    def work() -> None:
        assert np.array_equal(model.embed(texts), before)

    in_child(work)


def test_a_child_does_not_wait_for_a_model_that_its_parent_loads(embedder: CachedEmbedder) -> None:
    """A fork while another thread reads the model: the child reads it for itself."""
    assert isinstance(embedder.inner, OnnxEmbedder)
    read, parent = embedder.inner._read, os.getpid()
    loading, go_on = threading.Event(), threading.Event()

    def slowly() -> ModelFiles:
        loading.set()
        if os.getpid() == parent:
            go_on.wait(60)
        return read()

    model = OnnxEmbedder(embedder.inner._recipe, slowly)
    loader = threading.Thread(target=model.load)
    loader.start()
    try:
        loading.wait(60)
        in_child(lambda: model.embed(["one", "two"]))
    finally:
        go_on.set()
        loader.join()


def test_no_fork_catches_a_leaf_lock_while_it_is_held() -> None:
    """Forks while threads take and release it without pause: it is free in every child."""
    lock, stop = leaf_lock(), threading.Event()

    def busy() -> None:
        while not stop.is_set():
            with lock:
                pass

    def work() -> None:
        assert lock.acquire(timeout=5)

    threads = [threading.Thread(target=busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            in_child(work)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_what_is_reset_in_children_may_be_forgotten() -> None:
    """The reset of an object is known while the object lives, and keeps nothing alive."""

    class Counter:
        def __init__(self) -> None:
            self.resets = 0
            reset_in_child(self.reset)

        def reset(self) -> None:
            self.resets += 1

    counter = Counter()

    known = forking._RESETS[-1]

    def work() -> None:
        inherited = known()
        assert inherited is not None
        assert inherited.__self__.resets == 1

    in_child(work)
    assert counter.resets == 0
    del counter
    gc.collect()
    assert known() is None
