-- Answer groups: a hash for each, with its entry ids as fields beside #agreed and #labels, its record of labels.
-- It lives as long as its entries: Redis' own TTL is that of the longest-lived one.
--@include _cache_lifetime
local group_prefix = string.gsub(ARGV[1], 'entry:$', 'group:')

-- Adds an entry, whose key has its lifetime already.
local function group_add(group, id)
  local key = group_prefix .. group
  local ttl_ms = redis.call('PTTL', ARGV[1] .. id)
  local fresh = is_fresh(key)
  redis.call('HSET', key, id, 1)
  outlive(key, fresh, math.max(ttl_ms, 0))
end

local function group_size(group)
  local key = group_prefix .. group
  return redis.call('HLEN', key) - redis.call('HEXISTS', key, '#agreed') - redis.call('HEXISTS', key, '#labels')
end

-- Takes an entry out; the last one takes the group with it.
local function group_remove(group, id)
  redis.call('HDEL', group_prefix .. group, id)
  if group_size(group) <= 0 then redis.call('DEL', group_prefix .. group) end
end
