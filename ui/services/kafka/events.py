"""The events that people cause in the app, as they go to Kafka."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from semcache.events import DocumentDeleted, DocumentUpserted, FeedbackGiven, UserErased

Event = dict[str, Any]


def feedback(namespace: str, entry_id: str, *, correct: bool, user: str) -> Event:
    """A verdict on a served answer."""
    return _sent(
        FeedbackGiven.model_construct(
            type="feedback", namespace=namespace, entry=entry_id, correct=correct, user=user, **_now()
        )
    )


def document_upserted(namespace: str, document: str, *, title: str, text: str) -> Event:
    """A document's new text. It has no version: numbering is for the document's owner, who may be another system."""
    return _sent(
        DocumentUpserted.model_construct(
            type="document_upserted", namespace=namespace, document=document, title=title, text=text, **_now()
        )
    )


def document_deleted(namespace: str, document: str) -> Event:
    """A document is gone."""
    return _sent(
        DocumentDeleted.model_construct(type="document_deleted", namespace=namespace, document=document, **_now())
    )


def user_erased(namespace: str, user: str) -> Event:
    """Everything about a user must go."""
    return _sent(UserErased.model_construct(type="user_erased", namespace=namespace, user=user, **_now()))


def of(type: str, **fields: Any) -> Event:
    """An event of any type, happening now, unchecked: for people who write their own."""
    now = _now()
    return {"type": type, "id": now["id"], "at": now["at"].isoformat().replace("+00:00", "Z"), **fields}


def _now() -> dict[str, Any]:
    return {"id": f"ui-{uuid.uuid4().hex}", "at": datetime.now(UTC)}


def _sent(event: BaseModel) -> Event:
    """Its fields; whoever publishes them checks them."""
    return event.model_dump(mode="json", exclude_none=True)
