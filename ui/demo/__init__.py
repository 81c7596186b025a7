"""The demonstration: what it runs on and its steps."""
