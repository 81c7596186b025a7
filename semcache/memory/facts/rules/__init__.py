"""Claims read from what a user says, by rules, offline (pure): `extract` is what is called from outside."""
