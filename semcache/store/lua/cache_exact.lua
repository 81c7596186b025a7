-- The entry stored under exactly this question, as a JSON row (see _cache_near), or nothing.
-- KEYS: exact. ARGV: entry prefix, asked.
--@include _cache_near
local id = redis.call('HGET', KEYS[1], ARGV[2])
if not id then return false end
local row = near_row(ARGV[1] .. id, id, '1')
if row[3] then return cjson.encode(row) end
redis.call('HDEL', KEYS[1], ARGV[2])
return false
