"""How turns are laid out in Redis: keys, terms, passages, sealing, and reading them back."""
