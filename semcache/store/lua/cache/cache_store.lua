-- Puts an entry in place of the one under the same question, then makes room; returns how many were evicted, or -1:
-- nothing was stored, notes that would lead to it have to be made first.
-- KEYS: vectors, expiry, use, exact, counters, then the source and tag sets it belongs to.
-- ARGV: entry prefix, id, asked, vector ('': found by the same question only), now ('' = Redis'), lifetime s (0 = for
-- ever), grace ms, half-life of use s, cap (0 = none), lifetime of the counters s, its documents as JSON if the notes that lead to it lie
-- in another slot (else ''), field, value, ... of the entry's hash.
--@include _cache_entry
--@include _cache_noted
--@include _now
local id, asked, vector, now, ttl_s = ARGV[2], ARGV[3], ARGV[4], time_of(ARGV[5]), tonumber(ARGV[6])
local grace_ms, used, cap, idle_s = tonumber(ARGV[7]), now / tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10]
local key, ttl_ms = entry_prefix .. id, math.ceil(ttl_s * 1000)
local outlived_ms = ttl_ms > 0 and ttl_ms + grace_ms or 0
-- A bound on what one call removes: it holds up every other client meanwhile.
local at_once = 16

-- Half of Redis' default, in two thirds of its time: of 20,000 real questions a search finds .9955 of the true ten nearest
-- instead of .9975.
local build_effort = 100

local noted = string.gsub(entry_prefix, 'entry:$', 'noted')
if not is_noted(noted, ARGV[11], ttl_ms > 0 and now + ttl_s or 0, ttl_ms, outlived_ms) then return -1 end

-- First what may be refused: a vector of another dimension leaves the former answer where it is.
local fresh = { [vectors] = is_fresh(vectors) }
if vector ~= '' then redis.call('VADD', vectors, 'FP32', vector, id, 'NOQUANT', 'EF', build_effort) end

local old = redis.call('HGET', exact, asked)
if old and remove(old) then count('replaced', 1) end
local expired = 0
for _, due in ipairs(redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, at_once)) do
  if remove(due) then expired = expired + 1 end
end
count('expired', expired)

for _, shared in ipairs({ expiry, use, exact, unpack(KEYS, 6) }) do fresh[shared] = is_fresh(shared) end
redis.call('HSET', key, 'created', written(now), 'expires', ttl_ms > 0 and written(now + ttl_s) or '0', unpack(ARGV, 12))
redis.call('ZADD', use, written(used), id)
if ttl_ms > 0 then
  redis.call('PEXPIRE', key, outlived_ms)
  redis.call('ZADD', expiry, written(now + ttl_s), id)
  redis.call('HSETEX', exact, 'PX', ttl_ms, 'FIELDS', 1, asked, id)
else
  redis.call('HSET', exact, asked, id)
end
for i = 6, #KEYS do redis.call('SADD', KEYS[i], id) end
for shared, new in pairs(fresh) do outlive(shared, new, outlived_ms) end
redis.call('HINCRBY', counters, 'stored', 1)

local evicted = 0
while cap > 0 and evicted < at_once and redis.call('ZCARD', use) > cap do
  local least = redis.call('ZRANGE', use, 0, 1)
  if remove(least[1] == id and least[2] or least[1]) then evicted = evicted + 1 end
end
count('evicted', evicted)
renew(counters, idle_s)
return evicted
