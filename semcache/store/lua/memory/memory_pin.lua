-- Pins a turn that exists.
-- KEYS: turn, pinned.  ARGV: turn id.  Returns 1 if it exists.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('SADD', KEYS[2], ARGV[1])
return 1
