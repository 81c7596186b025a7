-- Keeps what a language model read in a turn, if the turn is there.
-- KEYS: turn, claims, telling, readings.  ARGV: turn id, claims as JSON (sealed, if that is on), whether there are any (0/1).
-- Returns 1 if they were written, 0 if they were there, -1 if there is no such turn.
local at = redis.call('HGET', KEYS[1], 'at')
if not at then return -1 end
if redis.call('HGET', KEYS[2], ARGV[1]) == ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HDEL', KEYS[4], 'revision')
if ARGV[3] == '1' then redis.call('ZADD', KEYS[3], at, ARGV[1]) end
return 1
