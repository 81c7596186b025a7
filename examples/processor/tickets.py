"""Two processors: one enriches messages, one drops documents, and dead-letters what it cannot judge."""

from __future__ import annotations

import re

from semcache.errors import Quarantine
from semcache.settings import Settings
from semcache_ingest.events import DocumentUpserted, Event, MessageEvent
from semcache_ingest.processors.chain import Processor, from_settings

SUBJECTS = {"1": "billing", "2": "delivery", "3": "repair"}
"""By the first digit of a ticket number; yours would come from a table that is loaded once."""
_TICKET = re.compile(r"\bT-(\d)\d{3}\b")


def tag(event: Event) -> Event:
    """Appends the subjects of the tickets that a message names."""
    if not isinstance(event, MessageEvent):
        return event
    subjects = sorted({SUBJECTS[digit] for digit in _TICKET.findall(event.text) if digit in SUBJECTS})
    return event.model_copy(update={"text": f"{event.text} [{', '.join(subjects)}]"}) if subjects else event


@from_settings
def no_drafts(settings: Settings) -> Processor:
    """Drops drafts of documents in this installation's namespace; other namespaces keep theirs."""

    def judged(event: Event) -> Event | None:
        if not isinstance(event, DocumentUpserted) or event.namespace != settings.namespace:
            return event
        status = (event.metadata or {}).get("status", "published")
        if status not in ("draft", "published"):
            raise Quarantine(f"metadata.status is {status!r}, neither draft nor published", error_class="policy")
        return None if status == "draft" else event

    return judged
