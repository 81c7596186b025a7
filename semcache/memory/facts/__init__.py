"""What users have said about themselves, as claims with the time over which each holds."""
