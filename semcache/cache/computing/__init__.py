"""Answers computed once, however many ask at the same time: by callers in threads and in an event loop."""

from semcache.cache.computing.once import Compute, Computing, Function, Outcome, Pieces, remembered, unstored

__all__ = ["Compute", "Computing", "Function", "Outcome", "Pieces", "remembered", "unstored"]
