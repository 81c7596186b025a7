-- Whether a turn's context vector still belongs to the turn before it.
-- KEYS: turn, its session.  ARGV: turn id.
-- Returns {1 if the turn is stored in that session, the turn its context was made with, the turn before, the turn after}.
--@include _session_links
local before, after = links(KEYS[2], ARGV[1])
local known = redis.call('ZSCORE', KEYS[2], ARGV[1]) and 1 or 0
return {known, redis.call('HGET', KEYS[1], 'previous') or '', before, after}
