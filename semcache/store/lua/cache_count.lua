-- Raises a counter of a scope and starts the lifetime of its counters again.
-- KEYS: counters. ARGV: counter, by how much, lifetime in s.
redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[2])
return redis.call('EXPIRE', KEYS[1], ARGV[3])
