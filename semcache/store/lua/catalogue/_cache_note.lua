--@include _cache_lifetime
-- Notes an id in a hash for note_ms at least, 0 = for ever: a note lives as long as the longest-lived answer that needs
-- it, and its key as the longest note.
local function note(key, id, value, note_ms)
  local fresh = is_fresh(key)
  local known = redis.call('HPTTL', key, 'FIELDS', 1, id)
  local left_ms = known and known[1] or -2  -- -1: for ever, -2: it is not there
  redis.call('HSET', key, id, value)  -- which takes its lifetime away
  if left_ms ~= -1 and note_ms > 0 then
    redis.call('HPEXPIRE', key, math.max(left_ms, note_ms), 'FIELDS', 1, id)
  end
  outlive(key, fresh, note_ms)
end
