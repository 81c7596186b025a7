"""How the servers are, what the cache has done, and how far the ingestor is behind: what the sidebar shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from semcache.app import App
from semcache.cache import Stats
from semcache.errors import SemcacheError
from semcache.store.connect import guarded
from semcache.store.outbox import Outbox, OutboxStatus
from semcache_ingest.status import GroupStatus, group_status

State = Literal["up", "down", "off"]
WAITING_S = 5.0
"""From so long on the app says that what was said waits."""
LAGGING_RECORDS = 50
"""From so many records on the app says that memory is behind."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server. `trouble` says what is wrong and how to mend it; empty while all is well."""

    name: str
    state: State
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """A look at everything. `stats`: the shared cache's; `ingest`: None while Kafka is down or not used.

    `waiting`: what was said and is not in Kafka yet.
    """

    redis: Server
    kafka: Server
    stats: Stats | None = None
    ingest: GroupStatus | None = None
    waiting: OutboxStatus = field(default_factory=OutboxStatus)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong, in words."""
        said = [server.trouble for server in (self.redis, self.kafka) if server.trouble]
        if self.waiting.events and self.waiting.oldest_s > WAITING_S:
            said.append(
                f"{self.waiting.events:,} turns of the chat wait in Redis until Kafka takes them: "
                "long-term memory learns them then."
            )
        if self.stalled:
            said.append(
                "No ingestor is running: what is said and changed waits in Kafka. `semcache-ingest run` works it off."
            )
        elif self.lag >= LAGGING_RECORDS:
            said.append(f"The ingestor is {self.lag:,} events behind: memory learns what was said a little later.")
        return tuple(said)

    @property
    def lag(self) -> int:
        """Events not yet applied."""
        return self.ingest.lag if self.ingest else 0

    @property
    def stalled(self) -> bool:
        """Whether Kafka is there and nobody reads it."""
        return self.ingest is not None and self.ingest.workers == 0


def look(app: App) -> Health:
    """Everything at once; never raises: what fails is what it tells."""
    redis, stats = _redis(app)
    kafka, ingest = _kafka(app)
    return Health(redis, kafka, stats, ingest, _waiting(app))


def _waiting(app: App) -> OutboxStatus:
    settings = app.settings
    try:
        return Outbox(app.redis, namespace=settings.namespace, max_bytes=settings.kafka.outbox_max_bytes).status()
    except SemcacheError:
        return OutboxStatus()  # that Redis is down is told by then


def _redis(app: App) -> tuple[Server, Stats | None]:
    try:
        with guarded():
            app.redis.ping()
        return Server("Redis", "up"), app.engine.cache().stats()
    except SemcacheError as error:
        return Server("Redis", "down", f"{error}. `semcache up` starts a Redis on this machine."), None


def _kafka(app: App) -> tuple[Server, GroupStatus | None]:
    if not app.settings.kafka.bootstrap_servers:
        return Server("Kafka", "off"), None
    try:
        return Server("Kafka", "up"), group_status(app.settings)
    except SemcacheError as error:
        return Server("Kafka", "down", str(error)), None
