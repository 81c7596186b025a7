-- Counts a hit: what was saved, what was learned, and, if the entry is still there, its use and its lifetime.
-- KEYS: use, counters, expiry, exact, rows, sums, words, repeats. ARGV: entry prefix, id, now, counter, use of this hit
-- (log2 scale), 1 to restart its lifetime, grace ms, tokens, cost and seconds saved, row of the decision ('' = nothing is
-- learned), sums to add and words of the question as JSON, asked, lifetime of counters and learning s.
-- Nothing is learned of an entry that is gone, and nothing counted in a scope that is.
--@include _cache_group
--@include _cache_lesson
local id, now, mine, grace_ms = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5]), tonumber(ARGV[7])
local key, tokens, cost, seconds, row = ARGV[1] .. id, ARGV[8], ARGV[9], ARGV[10], ARGV[11]

if is_fresh(KEYS[2]) then return end
redis.call('HINCRBY', KEYS[2], ARGV[4], 1)
if tonumber(tokens) > 0 then redis.call('HINCRBY', KEYS[2], 'tokens_saved', tokens) end
if tonumber(cost) > 0 then redis.call('HINCRBYFLOAT', KEYS[2], 'cost_saved', cost) end
if tonumber(seconds) > 0 then redis.call('HINCRBYFLOAT', KEYS[2], 'seconds_saved', seconds) end


local known = redis.call('HMGET', key, 'expires', 'ttl', 'asked')
if not known[1] then return renew(key, ARGV[15]) end
if row ~= '' then
  note_row(KEYS[5], row)
  add_sums(KEYS[6], cjson.decode(ARGV[12]))
  count_words(KEYS[7], cjson.decode(ARGV[13]))
  count_repeat(KEYS[8], ARGV[14])
end
renew(key, ARGV[15])
redis.call('HINCRBY', key, 'hits', 1)
redis.call('HSET', key, 'verified', ARGV[3])  -- its sources were found unchanged, and the decision fell for it
if row ~= '' then redis.call('HSET', key, 'last', row) end  -- what a verdict of the user, which names the entry, is about
-- Use decays exponentially. Kept as the log2 of the sum of 2^(time / half-life), scores never need ageing.
local before = tonumber(redis.call('ZSCORE', KEYS[1], id) or mine)
local high, low = math.max(before, mine), math.min(before, mine)
redis.call('ZADD', KEYS[1], string.format('%.17g', high + math.log(1 + 2 ^ (low - high)) / math.log(2)), id)

local expires, ttl_s = tonumber(known[1]), tonumber(known[2] or 0)
if ARGV[6] ~= '1' or ttl_s <= 0 or (expires > 0 and expires <= now) then return end
local until_s = string.format('%.17g', now + ttl_s)
local ttl_ms = math.ceil(ttl_s * 1000)
redis.call('HSET', key, 'expires', until_s)
redis.call('PEXPIRE', key, ttl_ms + grace_ms)
redis.call('ZADD', KEYS[3], until_s, id)
if redis.call('HGET', KEYS[4], known[3]) == id then
  redis.call('HSETEX', KEYS[4], 'PX', ttl_ms, 'FIELDS', 1, known[3], id)
end
local pointers = redis.call('HMGET', key, 'indexes', 'group')
local vectors = string.gsub(ARGV[1], 'entry:$', 'vectors')
for _, shared in ipairs({ vectors, KEYS[1], KEYS[3], KEYS[4], unpack(cjson.decode(pointers[1] or '[]')) }) do
  redis.call('PEXPIRE', shared, ttl_ms + grace_ms, 'GT')
end
if pointers[2] then group_add(pointers[2], id) end
