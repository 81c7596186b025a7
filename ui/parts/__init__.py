"""Pieces that several pages show: answers, lists of conversations, dialogs, charts."""
