"""What goes to Kafka and what has come of it."""
