-- Puts an entry in place of the one under the same question, then makes room; returns how many were evicted.
-- KEYS: vectors, expiry, use, exact, counters, then the source and tag sets it belongs to.
-- ARGV: entry prefix, id, asked, vector ('': found by the same question only), now, expires (0 = never),
-- ttl ms (0 = never), grace ms, use, cap (0 = none), field, value, ... of the entry's hash.
--@include _cache_entry
local id, asked, vector, now, expires = ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local ttl_ms, grace_ms, used, cap = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9], tonumber(ARGV[10])
local key = entry_prefix .. id
-- A bound on what one call removes: it holds up every other client meanwhile.
local at_once = 16

local old = redis.call('HGET', exact, asked)
if old and remove(old) then count('replaced', 1) end
local expired = 0
for _, due in ipairs(redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, at_once)) do
  if remove(due) then expired = expired + 1 end
end
count('expired', expired)

if vector ~= '' then redis.call('VADD', vectors, 'FP32', vector, id, 'NOQUANT') end
redis.call('HSET', key, unpack(ARGV, 11))
redis.call('ZADD', use, used, id)
if ttl_ms > 0 then
  redis.call('PEXPIRE', key, ttl_ms + grace_ms)
  redis.call('ZADD', expiry, expires, id)
  redis.call('HSETEX', exact, 'PX', ttl_ms, 'FIELDS', 1, asked, id)
else
  redis.call('HSET', exact, asked, id)
end
group_add(redis.call('HGET', key, 'group'), id)
for i = 6, #KEYS do
  local fresh = redis.call('EXISTS', KEYS[i]) == 0
  redis.call('SADD', KEYS[i], id)
  if ttl_ms == 0 then
    redis.call('PERSIST', KEYS[i])
  elseif fresh then
    redis.call('PEXPIRE', KEYS[i], ttl_ms + grace_ms)
  else
    redis.call('PEXPIRE', KEYS[i], ttl_ms + grace_ms, 'GT')
  end
end
count('stored', 1)

local evicted = 0
while cap > 0 and evicted < at_once and redis.call('ZCARD', use) > cap do
  local least = redis.call('ZRANGE', use, 0, 1)
  if remove(least[1] == id and least[2] or least[1]) then evicted = evicted + 1 end
end
count('evicted', evicted)
return evicted
