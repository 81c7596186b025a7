-- Removes items that have expired, so many at most; returns how many.
-- KEYS: items, created, updated, names, expiry, elements
-- ARGV: how many at most
--@include _graph_item

local due = redis.call('ZRANGE', KEYS[5], '-inf', now_ms(), 'BYSCORE', 'LIMIT', 0, ARGV[1])
for _, id in ipairs(due) do
  drop_item(KEYS, id)
end
return #due
