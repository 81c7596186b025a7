"""Asking and being answered: conversations, and where an answer came from."""
