-- Counts what was looked up: misses; hits and what they saved, unless the scope is gone; the use of each entry that is
-- still there.
-- KEYS: use, counters. ARGV: entry prefix, lifetime of counters and learning s, misses and hits as JSON (counter -> by how
-- much), then of each entry: id, hits, time of the last one, use (log2 scale).
--@include _cache_lifetime
local gone = is_fresh(KEYS[2])

local function raise(counters)
  for name, by in pairs(counters) do redis.call('HINCRBYFLOAT', KEYS[2], name, by) end
end

raise(cjson.decode(ARGV[3]))
if gone or #ARGV == 4 then return redis.call('EXPIRE', KEYS[2], ARGV[2]) end
raise(cjson.decode(ARGV[4]))
renew(KEYS[2], ARGV[2])

for at = 5, #ARGV, 4 do
  local id, mine = ARGV[at], tonumber(ARGV[at + 3])
  local key = ARGV[1] .. id
  if not is_fresh(key) then
    redis.call('HINCRBY', key, 'hits', ARGV[at + 1])
    redis.call('HSET', key, 'verified', ARGV[at + 2])  -- its sources were found unchanged, and the decision fell for it
    -- Use decays exponentially. Kept as the log2 of the sum of 2^(time / half-life), scores never need ageing.
    local before = tonumber(redis.call('ZSCORE', KEYS[1], id) or mine)
    local high, low = math.max(before, mine), math.min(before, mine)
    redis.call('ZADD', KEYS[1], string.format('%.17g', high + math.log(1 + 2 ^ (low - high)) / math.log(2)), id)
  end
end
