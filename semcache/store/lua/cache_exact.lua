-- The entry stored under exactly this question, or nothing: {JSON of {learned, row, size of its group}, its answer}.
-- KEYS: exact, model, sums, repeats. ARGV: entry prefix, asked.
--@include _cache_near
local id = redis.call('HGET', KEYS[1], ARGV[2])
if not id then return false end
local row = near_row(id, '1')
if row[3] then
  return { cjson.encode({ learned(KEYS[2], KEYS[3], KEYS[4], ARGV[2]), row, group_size(row[10]) }), answer(id) }
end
redis.call('HDEL', KEYS[1], ARGV[2])
return false
