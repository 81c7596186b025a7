"""The learning of a scope: lessons, fits and verdicts, their state in Redis, and the judges of answers."""

from semcache.cache.learning.learner import Draw, Learner, When, draw_of

__all__ = ["Draw", "Learner", "When", "draw_of"]
