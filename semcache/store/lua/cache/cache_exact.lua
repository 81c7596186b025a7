-- The entry stored under exactly this question, or nothing: {JSON of {learned, changed documents, row, size of its group},
-- its answer, now}.
-- KEYS: exact, model, sums, repeats, versions of the documents (on a cluster, where they are in another slot, none).
-- ARGV: entry prefix, asked, now ('' = Redis').
--@include _cache_near
--@include _now
local id = redis.call('HGET', KEYS[1], ARGV[2])
if not id then return false end
local row = near_row(id, '1')
if row[3] then
  local changed = {}
  note_changed(changed, KEYS[5], row)
  local known = { learned(KEYS[2], KEYS[3], KEYS[4], ARGV[2]), changed, row, group_size(row[10]) }
  return { cjson.encode(known), answer(id), written(time_of(ARGV[3])) }
end
redis.call('HDEL', KEYS[1], ARGV[2])
return false
