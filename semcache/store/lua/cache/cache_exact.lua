-- The entry stored under exactly this question, or nothing: {JSON of {learned, changed documents, row, size of its group},
-- id, its answer, now}.
-- KEYS: exact, model, sums, repeats, versions of the documents (on a cluster, where they are in another slot, none).
-- ARGV: entry prefix, asked, now ('' = Redis').
--@include _cache_near
--@include _now
local row, size = same_row(KEYS[1], ARGV[2])
if not row then return false end
local changed = {}
note_changed(changed, KEYS[5], row)
local known = { learned(KEYS[2], KEYS[3], KEYS[4], ARGV[2]), changed, row, size }
return { cjson.encode(known), row[1], answer(row[1]), written(time_of(ARGV[3])) }
