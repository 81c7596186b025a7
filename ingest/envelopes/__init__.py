"""Envelopes: in which wrappings an event may arrive. `unwrap` is pure: a record and the rules in, fields out."""

from ingest.envelopes.mapping import TableRule, table_rules
from ingest.envelopes.unwrap import Rules, unwrap

__all__ = ["Rules", "TableRule", "table_rules", "unwrap"]
