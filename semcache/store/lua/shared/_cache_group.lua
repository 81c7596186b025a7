-- Answer groups: a hash for each, with its entry ids as fields beside #agreed and #labels, its record of labels.
-- It lives as long as its entries: Redis' own TTL is that of the longest-lived one. An entry that has not joined another's
-- group is in one of its own, which has its id; there is no hash before somebody joins it or something is learned of it.
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

-- Whether a group is there; its hash is made if it is one entry's own so far.
local function group_open(group)
  if not is_fresh(group_prefix .. group) then return true end
  local opener = ARGV[1] .. group
  if is_fresh(opener) or redis.call('HEXISTS', opener, 'group') == 1 then return false end
  group_add(group, group)
  return true
end

local function group_size(group)
  local key = group_prefix .. group
  return redis.call('HLEN', key) - redis.call('HEXISTS', key, '#agreed') - redis.call('HEXISTS', key, '#labels')
end

-- Takes an entry out; the last one takes the group with it.
local function group_remove(group, id)
  if is_fresh(group_prefix .. group) then return end
  redis.call('HDEL', group_prefix .. group, id)
  if group_size(group) <= 0 then redis.call('DEL', group_prefix .. group) end
end
