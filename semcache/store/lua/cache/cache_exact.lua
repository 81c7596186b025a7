-- The entry stored under exactly this question, or nothing: {id, now, version of the model, changed documents as JSON ('' =
-- none), its fields: those of _cache_near, then those of its answer}. Whoever asks serves it, as a rule: no more is fetched.
-- KEYS: exact, versions of the documents (on a cluster, where they are in another slot, none). ARGV: asked, now ('' =
-- Redis').
--@include _now
--@include _cache_changed
local id = redis.call('HGET', KEYS[1], ARGV[1])
if not id then return false end
local scope = string.sub(KEYS[1], 1, -6)  -- without 'exact'
local row = redis.call(
  'HMGET', scope .. 'entry:' .. id, 'expires', 'rejected', 'context', 'tags', 'prompt', 'created', 'sources', 'group',
  'response', 'format', 'tokens', 'cost', 'compute_s', 'metadata'
)
if not row[5] then
  redis.call('HDEL', KEYS[1], ARGV[1])
  return false
end
local changed = {}
note_changed(changed, KEYS[2], row[7])
local documents = next(changed) and cjson.encode(changed) or ''
return { id, written(time_of(ARGV[2])), redis.call('HGET', scope .. 'model', 'version'), documents, row }
