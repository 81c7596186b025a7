"""Kafka as the ingestor sees it: clients, topics and offsets."""
