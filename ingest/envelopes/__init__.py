"""Envelopes: in which wrappings events may arrive. `unwrap` is pure: a record and the rules in, fields out."""

from semcache_ingest.envelopes.mapping import TableRule, table_rules
from semcache_ingest.envelopes.unwrap import Rules, Unwrapped, unwrap

__all__ = ["Rules", "TableRule", "Unwrapped", "table_rules", "unwrap"]
