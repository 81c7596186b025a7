"""Of many who ask the same at once, in threads, event loops and processes, one asks the service."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from contextlib import ExitStack

from semcache.cache.flight import Flights, take_off
from semcache.errors import ConfigurationError, RedisUnavailable
from semcache.store.lease import Lease

_log = logging.getLogger(__name__)


class Turn:
    """The right to ask. `end()` gives it up, once; so does whoever forgets it.

    `first`: nobody has asked the same in the last `MARKED_S` seconds, in whichever process.
    """

    def __init__(self, held: ExitStack, *, first: bool) -> None:
        self.first = first
        self.end = weakref.finalize(self, held.close)


class Turns:
    """The turns of one kind of request in this process, and, by leases, in all. `wait_s`: the longest wait for one."""

    def __init__(self, lease_of: Callable[[str], Lease], *, wait_s: float) -> None:
        self._lease_of = lease_of
        self._wait_s = wait_s
        self._flights = Flights()

    def take(self, digest: str) -> Turn | None:
        """A turn, after all processes before; None once another of this process is over, or lasts too long."""
        flight, leading = self._flights.join(digest)
        if not leading:
            self._flights.wait(flight, self._wait_s)
            return None
        with ExitStack() as held:
            held.callback(self._flights.land, digest, flight)
            lease = self._lease_of(digest)
            if taken := self._taken(lease):
                held.enter_context(lease.kept())
            return Turn(held.pop_all(), first=taken and lease.undisturbed)

    def _taken(self, lease: Lease) -> bool:
        """Whether the lease is ours; without one, because of an outage or a slow process, we ask all the same."""
        try:
            return take_off(lease, wait_s=self._wait_s)
        except (RedisUnavailable, ConfigurationError) as error:
            _log.warning("asked without a lease, others may ask too: %s", error)
            return False
