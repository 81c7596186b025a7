"""Kafka to Redis: the ingestor."""
