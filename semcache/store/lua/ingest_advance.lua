-- Moves the offset of a partition from one value to the next; refuses if it is not where it was.
-- KEYS: ingest offsets. ARGV: field, offset before ('' = none), offset now. Returns 1, or 0 if refused.
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
