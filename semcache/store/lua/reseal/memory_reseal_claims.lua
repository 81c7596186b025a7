-- Puts a sealed form in the place of a turn's claims, if they are still what was read.
-- KEYS: claims.  ARGV: turn id, claims as read, claims.  Returns 1 if they were replaced, else 0.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
