"""Dead letters: writing them, reading them, and replaying them once the mistake is fixed."""
