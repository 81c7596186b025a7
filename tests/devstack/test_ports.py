"""Ports of the loopback interface."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from semcache.devstack import ports


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        yield int(server.getsockname()[1])


def test_a_port_that_is_listened_on_is_not_free(taken: int) -> None:
    """It is taken, accepts connections, and its process is found."""
    assert not ports.is_free(taken)
    assert ports.accepts(taken)
    listener = ports.listener(taken)
    assert listener is not None
    assert listener.pid == os.getpid()


def test_a_port_that_is_taken_on_all_interfaces_is_not_free() -> None:
    """A server on 0.0.0.0 takes the port of the loopback interface too."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_the_first_free_port_of_the_preferred_is_taken(taken: int) -> None:
    """A taken one is passed over, and so is one that is not given; with none left any free port serves."""
    free = ports.free_port()
    assert ports.is_free(free)
    assert not ports.accepts(free)
    assert ports.first_free(None, taken, free) == free
    assert ports.first_free(taken) not in (taken, 0)
