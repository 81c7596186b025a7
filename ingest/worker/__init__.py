"""The worker: polls, prepares and writes batches, commits what is applied, gives partitions up in time."""
