"""Pure functions of text."""

from semcache.text.tokens import fingerprint, normal_form, sentences, stems, token_count, tokens, verbatim

__all__ = ["fingerprint", "normal_form", "sentences", "stems", "token_count", "tokens", "verbatim"]
