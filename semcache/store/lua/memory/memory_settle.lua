-- Replaces a turn's context vector, if the turn before it is the one the vector was made with.
-- KEYS: turn, its session.  ARGV: turn id, turn before ('' none), field of the vectors, bytes of one vector, context
--   vector ('' none: the turn's own takes its place).
-- Returns 1 if it was replaced, 0 if the turn is not in that session or follows another one by now.
--@include _session_links
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) or links(KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'previous', ARGV[2])
local own = string.sub(redis.call('HGET', KEYS[1], ARGV[3]) or '', 1, ARGV[4])
if own ~= '' then redis.call('HSET', KEYS[1], ARGV[3], own .. (ARGV[5] == '' and own or ARGV[5])) end
return 1
