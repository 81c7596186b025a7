-- Gives the lease of a swept scope up, unless an answer was stored meanwhile that expires sooner.
-- KEYS: due. ARGV: scope id, when its lease ends, when it is due again ('' = never).
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '-1') ~= tonumber(ARGV[2]) then return 0 end
if ARGV[3] == '' then return redis.call('ZREM', KEYS[1], ARGV[1]) end
return redis.call('ZADD', KEYS[1], 'XX', 'CH', ARGV[3], ARGV[1])
