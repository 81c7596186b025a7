-- Starts the lifetime of an entry anew, unless it has ended.
-- KEYS: vectors, expiry, use, exact. ARGV: entry prefix, id, now, grace ms.
--@include _cache_group
local id, now, grace_ms = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local key = ARGV[1] .. id
local known = redis.call('HMGET', key, 'expires', 'ttl', 'asked', 'indexes', 'group')
if not known[1] then return end
local expires, ttl_s = tonumber(known[1]), tonumber(known[2] or 0)
if ttl_s <= 0 or (expires > 0 and expires <= now) then return end

local until_s = string.format('%.17g', now + ttl_s)
local ttl_ms = math.ceil(ttl_s * 1000)
redis.call('HSET', key, 'expires', until_s)
redis.call('PEXPIRE', key, ttl_ms + grace_ms)
redis.call('ZADD', KEYS[2], until_s, id)
if redis.call('HGET', KEYS[4], known[3]) == id then
  redis.call('HSETEX', KEYS[4], 'PX', ttl_ms, 'FIELDS', 1, known[3], id)
end
for _, shared in ipairs({ KEYS[1], KEYS[2], KEYS[3], KEYS[4], unpack(cjson.decode(known[4] or '[]')) }) do
  redis.call('PEXPIRE', shared, ttl_ms + grace_ms, 'GT')
end
local group = known[5] or id
if known[5] or not is_fresh(group_prefix .. group) then group_add(group, id) end
