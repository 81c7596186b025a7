"""From a record to what it changes: decoding, and one handler for each kind of event."""
