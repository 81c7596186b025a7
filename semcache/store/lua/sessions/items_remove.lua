-- Removes the item at an index of a session, from the end if negative, and returns it; nil if there is none.
-- KEYS: items. ARGV: index, a text that is no item
local item = redis.call('LINDEX', KEYS[1], ARGV[1])
if item then
  redis.call('LSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('LREM', KEYS[1], 1, ARGV[2])
end
return item
