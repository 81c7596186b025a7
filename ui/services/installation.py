"""One installation as the app uses it: its parts, built once for all browser sessions."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from semcache.app import App, open_app
from semcache.audit import AuditTrail
from semcache.embed import Embedder
from semcache.errors import SemcacheError
from semcache.settings import Settings
from semcache_ingest.courier import open_courier
from semcache_ingest.publish import EventPublisher
from semcache_ui.services.answering.chat import Chat
from semcache_ui.services.answering.conversations import Conversations
from semcache_ui.services.caches import Caches
from semcache_ui.services.documents import Documents
from semcache_ui.services.hitrates import HitRates
from semcache_ui.services.kafka.stream import DeadLetters, Stream
from semcache_ui.services.memories import Memories
from semcache_ui.services.sample import Sample
from semcache_ui.services.watching.health import Health, look
from semcache_ui.services.watching.history import History
from semcache_ui.services.watching.refreshed import Refreshed

HEALTH_TTL_S = 2.0
DEAD_LETTERS_TTL_S = 5.0
CONFIRM_S = 10.0
"""How long a person waits for Kafka to take a change."""


@dataclass
class Installation:
    """Everything the pages need. `publisher` is None without Kafka: then changes take effect at once."""

    settings: Settings
    app: App
    publisher: EventPublisher | None
    closing: ExitStack

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations()

    @cached_property
    def chat(self) -> Chat:
        return Chat(self.app, self.conversations, self.deliver if self.publisher else None)

    @cached_property
    def documents(self) -> Documents:
        return Documents(self.app, self.deliver if self.publisher else None)

    @cached_property
    def caches(self) -> Caches:
        return Caches(self.app)

    @cached_property
    def hit_rates(self) -> HitRates:
        return HitRates(self.app)

    @cached_property
    def memories(self) -> Memories:
        return Memories(self.app, self.conversations, self.deliver if self.publisher else None)

    @cached_property
    def audit(self) -> AuditTrail:
        return AuditTrail(self.app.redis, self.settings.namespace)

    @cached_property
    def sample(self) -> Sample:
        return Sample(self.app, self.chat, self.publisher)

    @cached_property
    def stream(self) -> Stream | None:
        """None without Kafka."""
        return Stream(self.app, self.publisher) if self.publisher else None

    @cached_property
    def dead_letters(self) -> Refreshed[DeadLetters] | None:
        """The dead letters, read in the background; None without Kafka."""
        return Refreshed(self.stream.letters, ttl_s=DEAD_LETTERS_TTL_S) if self.stream else None

    @cached_property
    def history(self) -> History:
        return History()

    @cached_property
    def health(self) -> Refreshed[Health]:
        """How everything is; each look joins the history."""
        return Refreshed(lambda: self.history.add(look(self.app)), ttl_s=HEALTH_TTL_S)

    def deliver(self, event: Mapping[str, Any]) -> None:
        """Sends an event and returns when Kafka has it; raises KafkaUnavailable."""
        if self.publisher is not None:
            self.publisher.publish(event, confirm_s=CONFIRM_S)

    def warm_up(self) -> None:
        """Loads the embedding model in the background, so that the first question does not wait for it."""
        threading.Thread(target=self._warm, daemon=True).start()

    def close(self) -> None:
        """Closes what it opened; what was said and Kafka has not taken by then waits in Redis."""
        self.health.close()
        if self.dead_letters:
            self.dead_letters.close()
        with contextlib.suppress(SemcacheError):
            self.closing.close()

    def _warm(self) -> None:
        with contextlib.suppress(SemcacheError):  # the first question tells what is wrong
            self.app.embedder.embed(["warm"])


def open_installation(settings: Settings, *, embedder: Embedder | None = None) -> Installation:
    """Builds everything; the caller closes it. `embedder`: one that is loaded already, for the model of the settings.

    Raises:
        RedisUnavailable: Redis does not answer.
    """
    with ExitStack() as opening:
        courier = opening.enter_context(open_courier(settings)) if settings.kafka.bootstrap_servers else None
        publish = courier.take if courier else None
        app = opening.enter_context(open_app(settings, embedder=embedder, publish=publish))
        return Installation(settings, app, courier.publisher if courier else None, opening.pop_all())
