"""The learning of a scope: lessons, fits and verdicts, their state in Redis, and the judges of answers."""

from semcache.cache.learning.learner import Draw, Learning, When, draw_of, give_feedback, lesson_of, neighbours_of

__all__ = ["Draw", "Learning", "When", "draw_of", "give_feedback", "lesson_of", "neighbours_of"]
