-- Begins the lifetimes of items anew, of those that are there.
-- KEYS: items, created, updated, names, expiry, elements
-- ARGV: id, lifetime in ms, id, lifetime in ms ...
--@include _graph_item

for n = 1, #ARGV, 2 do
  if redis.call('HEXISTS', KEYS[1], ARGV[n]) == 1 then
    set_lifetime(KEYS, ARGV[n], ARGV[n + 1])
  end
end
