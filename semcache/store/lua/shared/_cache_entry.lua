-- What every script that removes entries of a cache scope shares.
-- KEYS: vectors, expiry, use, exact, counters. ARGV[1]: what an entry's key begins with.
--@include _cache_group
local vectors, expiry, use, exact, counters = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local entry_prefix = ARGV[1]

-- Removes an entry and all that points to it; true if anything was there.
local function remove(id)
  local key = entry_prefix .. id
  local known = redis.call('HMGET', key, 'asked', 'indexes', 'group')
  if known[1] and redis.call('HGET', exact, known[1]) == id then
    redis.call('HDEL', exact, known[1])
  end
  for _, index in ipairs(cjson.decode(known[2] or '[]')) do
    redis.call('SREM', index, id)
  end
  group_remove(known[3] or id, id)
  local vector = redis.call('VREM', vectors, id)
  redis.call('ZREM', expiry, id)
  redis.call('ZREM', use, id)
  return redis.call('DEL', key) + vector > 0
end

-- Nothing is counted where the statistics have ended: the next answer that is stored begins them anew.
local function count(counter, n)
  if n > 0 and not is_fresh(counters) then redis.call('HINCRBY', counters, counter, n) end
end
