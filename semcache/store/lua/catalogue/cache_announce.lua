-- Before notes of a scope are made in another slot: the mark by which it is known afterwards whether the scope has been
-- taken out of them meanwhile. KEYS: noted. ARGV: a new mark, its lifetime in ms.
local fresh = redis.call('EXISTS', KEYS[1]) == 0
if redis.call('HSETNX', KEYS[1], '#mark', ARGV[1]) == 1 and fresh then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('HGET', KEYS[1], '#mark')
