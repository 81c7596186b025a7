"""Whom the answer to a question serves: everyone, its asker, this moment, or one conversation."""

from semcache.questions.classes import SHARE_ABOVE, classify
from semcache.questions.remembering import remembered
from semcache.text.questions import Classified, QuestionClass

__all__ = ["SHARE_ABOVE", "Classified", "QuestionClass", "classify", "remembered"]
