"""Recall: turns that may answer are fetched, and ranked (pure)."""
