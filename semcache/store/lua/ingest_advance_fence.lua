-- Moves one of several fences of a partition; refuses if it is behind where all of them were, or beyond where they go.
-- They are moved one after the other: a crash leaves some ahead, and the repeated batch catches up with them.
-- KEYS: ingest fence. ARGV: field, least offset before ('' = none), offset now. Returns 1, or 0 if refused.
local at = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '-1')
if at < (tonumber(ARGV[2]) or -1) or at > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
