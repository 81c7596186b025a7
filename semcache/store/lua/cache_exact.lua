-- The entry stored under exactly this question, as {id, field, ...}, or nothing.
-- KEYS: exact. ARGV: entry prefix, asked, fields to return.
local id = redis.call('HGET', KEYS[1], ARGV[2])
if not id then return false end
if redis.call('EXISTS', ARGV[1] .. id) == 0 then
  redis.call('HDEL', KEYS[1], ARGV[2])
  return false
end
local row = redis.call('HMGET', ARGV[1] .. id, unpack(ARGV, 3))
table.insert(row, 1, id)
return row
