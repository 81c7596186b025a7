-- Notes what came of a second opinion: 'upheld', or '' if there was none, so that somebody else gets it.
-- KEYS: entry. ARGV: outcome.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[1] == '' then return redis.call('HDEL', KEYS[1], 'reviewed') end
return redis.call('HSET', KEYS[1], ARGV[1], '1')
