-- Serves an entry: counts the hit and returns what is served of it; nothing if it is gone, rejected or expired by now.
-- KEYS: use, counters, expiry, exact, rows, sums, words, repeats. ARGV: entry prefix, id, now, counter, use of this hit
-- (log2 scale), 1 to restart its lifetime, grace ms, row of the decision ('' = nothing is learned), sums to add and words
-- of the question as JSON, asked.
--@include _cache_group
--@include _cache_lesson
local id, now, mine, grace_ms = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5]), tonumber(ARGV[7])
local key = ARGV[1] .. id
local known = redis.call('HMGET', key, 'expires', 'rejected', 'ttl', 'asked', 'tokens', 'cost', 'compute_s')
local expires = tonumber(known[1])
if not expires or known[2] ~= '0' or (expires > 0 and expires <= now) then return false end

redis.call('HINCRBY', key, 'hits', 1)
redis.call('HSET', key, 'verified', ARGV[3])  -- its sources were found unchanged, and the decision fell for it
-- Use decays exponentially. Kept as the log2 of the sum of 2^(time / half-life), scores never need ageing.
local before = tonumber(redis.call('ZSCORE', KEYS[1], id) or mine)
local high, low = math.max(before, mine), math.min(before, mine)
redis.call('ZADD', KEYS[1], string.format('%.17g', high + math.log(1 + 2 ^ (low - high)) / math.log(2)), id)

redis.call('HINCRBY', KEYS[2], ARGV[4], 1)
if tonumber(known[5] or 0) > 0 then redis.call('HINCRBY', KEYS[2], 'tokens_saved', known[5]) end
if known[6] and known[6] ~= '' then redis.call('HINCRBYFLOAT', KEYS[2], 'cost_saved', known[6]) end
if known[7] and known[7] ~= '' then redis.call('HINCRBYFLOAT', KEYS[2], 'seconds_saved', known[7]) end

if ARGV[8] ~= '' then
  note_row(KEYS[5], ARGV[8])
  add_sums(KEYS[6], cjson.decode(ARGV[9]))
  count_words(KEYS[7], cjson.decode(ARGV[10]))
  count_repeat(KEYS[8], ARGV[11])
  redis.call('HSET', key, 'last', ARGV[8])  -- what a verdict of the user, which names the entry only, is about
end

local ttl_s = tonumber(known[3] or 0)
if ARGV[6] == '1' and ttl_s > 0 then
  local until_s = string.format('%.17g', now + ttl_s)
  local ttl_ms = math.ceil(ttl_s * 1000)
  redis.call('HSET', key, 'expires', until_s)
  redis.call('PEXPIRE', key, ttl_ms + grace_ms)
  redis.call('ZADD', KEYS[3], until_s, id)
  if redis.call('HGET', KEYS[4], known[4]) == id then
    redis.call('HSETEX', KEYS[4], 'PX', ttl_ms, 'FIELDS', 1, known[4], id)
  end
  local pointers = redis.call('HMGET', key, 'indexes', 'group')
  for _, index in ipairs(cjson.decode(pointers[1] or '[]')) do
    redis.call('PEXPIRE', index, ttl_ms + grace_ms, 'GT')
  end
  if pointers[2] then group_add(pointers[2], id) end
end
return redis.call('HMGET', key, 'response', 'format', 'tokens', 'cost', 'compute_s', 'metadata')
