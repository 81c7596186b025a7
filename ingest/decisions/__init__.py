"""What the caches decide: published to Kafka, counted by event time in Redis, and shown.

Each partition of the topic has its counts and its offset in one slot of Redis, and one script changes both: whatever is
killed, a record counts once.
"""
