-- Keeps what rules read in turns, for those turns that are there.
-- KEYS: readings.  ARGV: prefix of the user's keys, a generation if there is none, then for each turn: id, reading
--   (sealed, if that is on).
-- Returns how many were kept.
local kept = 0
for at = 3, #ARGV, 2 do
  if redis.call('EXISTS', ARGV[1] .. 'turn:' .. ARGV[at]) == 1 then
    redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
    kept = kept + 1
  end
end
if kept > 0 then
  redis.call('HDEL', KEYS[1], 'revision')
  redis.call('HSETNX', KEYS[1], 'generation', ARGV[2])
end
return kept
