"""Facts read by a language model, off the main path (preview).

Messages are read from a share group (KIP-932): more workers than partitions, each record by itself, in no order. What
the model reads goes back into Kafka as an event behind its message, and the main path applies it: in the log's order,
so that an erasure is never undone, and a replay of the log asks no model again.
"""
