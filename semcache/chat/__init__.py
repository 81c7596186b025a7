"""The read path, from a question to its answer."""

from semcache.chat.answer import Answer, OutcomeKind
from semcache.chat.engine import ChatEngine
from semcache.chat.turns import Publish

__all__ = ["Answer", "ChatEngine", "OutcomeKind", "Publish"]
