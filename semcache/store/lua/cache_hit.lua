-- Serves an entry: counts the hit and returns what is served of it; nothing if it is gone, rejected or expired by now.
-- KEYS: entry, use, counters, expiry, exact. ARGV: id, now, counter, use of this hit (log2 scale), 1 to restart its
-- lifetime, grace ms.
local id, now, mine = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4])
local known = redis.call('HMGET', KEYS[1], 'expires', 'rejected', 'ttl', 'asked', 'tokens', 'cost', 'compute_s')
local expires = tonumber(known[1])
if not expires or known[2] ~= '0' or (expires > 0 and expires <= now) then return false end

redis.call('HINCRBY', KEYS[1], 'hits', 1)
-- Use decays exponentially. Kept as the log2 of the sum of 2^(time / half-life), scores never need ageing.
local before = tonumber(redis.call('ZSCORE', KEYS[2], id) or mine)
local high, low = math.max(before, mine), math.min(before, mine)
redis.call('ZADD', KEYS[2], string.format('%.17g', high + math.log(1 + 2 ^ (low - high)) / math.log(2)), id)

redis.call('HINCRBY', KEYS[3], ARGV[3], 1)
if tonumber(known[5] or 0) > 0 then redis.call('HINCRBY', KEYS[3], 'tokens_saved', known[5]) end
if known[6] and known[6] ~= '' then redis.call('HINCRBYFLOAT', KEYS[3], 'cost_saved', known[6]) end
if known[7] and known[7] ~= '' then redis.call('HINCRBYFLOAT', KEYS[3], 'seconds_saved', known[7]) end

local ttl_s = tonumber(known[3] or 0)
if ARGV[5] == '1' and ttl_s > 0 then
  local until_s = string.format('%.17g', now + ttl_s)
  local ttl_ms = math.ceil(ttl_s * 1000)
  redis.call('HSET', KEYS[1], 'expires', until_s)
  redis.call('PEXPIRE', KEYS[1], ttl_ms + tonumber(ARGV[6]))
  redis.call('ZADD', KEYS[4], until_s, id)
  if redis.call('HGET', KEYS[5], known[4]) == id then
    redis.call('HSETEX', KEYS[5], 'PX', ttl_ms, 'FIELDS', 1, known[4], id)
  end
  for _, index in ipairs(cjson.decode(redis.call('HGET', KEYS[1], 'indexes') or '[]')) do
    redis.call('PEXPIRE', index, ttl_ms + tonumber(ARGV[6]), 'GT')
  end
end
return redis.call('HMGET', KEYS[1], 'response', 'format', 'tokens', 'cost', 'compute_s', 'metadata')
