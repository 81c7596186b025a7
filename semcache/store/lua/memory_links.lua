-- Whether a turn's context vector still belongs to the turn before it.
-- KEYS: turn, its session.  ARGV: turn id.
-- Returns {1 if the turn is stored, the turn its context was made with, the turn before, the turn after}.
--@include _session_links
local before, after = links(KEYS[2], ARGV[1])
local known = redis.call('EXISTS', KEYS[1])
return {known, redis.call('HGET', KEYS[1], 'previous') or '', before, after}
