-- Stores an item, in place of the one of its name, with its vectors; or removes it (stored form '').
-- KEYS: items, created, updated, names, expiry, elements, vectors
-- ARGV: id, stored form, lifetime in ms ('' = for ever), attributes, then a blob for each vector
--@include _graph_item

local id = ARGV[1]
if ARGV[2] == '' then
  drop_item(KEYS, id)
  return 0
end
local time = redis.call('TIME')
local now = time[1] .. '.' .. string.format('%06d', tonumber(time[2]))
drop_vectors(KEYS, id)
redis.call('HSET', KEYS[1], id, ARGV[2])
redis.call('ZADD', KEYS[2], 'NX', now, id)
redis.call('ZADD', KEYS[3], now, id)
redis.call('ZADD', KEYS[4], 0, id)
set_lifetime(KEYS, id, ARGV[3])
for n = 5, #ARGV do
  redis.call('VADD', KEYS[7], 'FP32', ARGV[n], id .. '#' .. (n - 5), 'NOQUANT', 'SETATTR', ARGV[4])
end
if #ARGV > 4 then
  redis.call('HSET', KEYS[6], id, KEYS[7] .. '|' .. (#ARGV - 4))
end
return 1
