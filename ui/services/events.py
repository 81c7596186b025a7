"""The events that people cause in the app, as they go to Kafka."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

Event = dict[str, Any]


def feedback(namespace: str, entry_id: str, *, correct: bool, user: str) -> Event:
    """A verdict on a served answer."""
    return _event("feedback", namespace, entry=entry_id, correct=correct, user=user)


def document_upserted(namespace: str, document: str, *, title: str, text: str) -> Event:
    """A document's new text. It has no version: numbering is for the document's owner, who may be another system."""
    return _event("document_upserted", namespace, document=document, title=title, text=text)


def document_deleted(namespace: str, document: str) -> Event:
    """A document is gone."""
    return _event("document_deleted", namespace, document=document)


def user_erased(namespace: str, user: str) -> Event:
    """Everything about a user must go."""
    return _event("user_erased", namespace, user=user)


def of(type: str, **fields: Any) -> Event:
    """An event of any type, happening now."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"type": type, "id": f"ui-{uuid.uuid4().hex}", "at": now, **fields}


def _event(type: str, namespace: str, **fields: Any) -> Event:
    return of(type, namespace=namespace, **fields)
