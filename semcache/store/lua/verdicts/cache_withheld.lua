-- A hit whose answer was not served after all becomes a miss, unless the scope is gone; the entry loses the hit.
-- KEYS: entry, counters. ARGV: what it was counted as, as JSON (counter -> by how much), the miss's counter, lifetime of
-- counters and learning s.
--@include _cache_lifetime
if is_fresh(KEYS[2]) then return end
for name, by in pairs(cjson.decode(ARGV[1])) do redis.call('HINCRBYFLOAT', KEYS[2], name, -by) end
redis.call('HINCRBY', KEYS[2], ARGV[2], 1)
renew(KEYS[2], ARGV[3])
if not is_fresh(KEYS[1]) then redis.call('HINCRBY', KEYS[1], 'hits', -1) end
