-- Replaces a turn's context vector, if the turn before it is the one the vector was made with.
-- KEYS: turn, its session.  ARGV: turn id, turn before ('' none), field of the vector, vector ('' none).
-- Returns 1 if it was replaced, 0 if the turn is gone or follows another one by now.
--@include _session_links
if redis.call('EXISTS', KEYS[1]) == 0 or links(KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'previous', ARGV[2])
if ARGV[4] == '' then
  redis.call('HDEL', KEYS[1], ARGV[3])
else
  redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
end
return 1
