-- Notes that a scope has a new answer: in the catalogue, among the dependants of the documents it was built from, and
-- when it is to be swept. Each note lives as long as the longest-lived answer that needs it, and a key as its longest note.
-- KEYS: scopes, due, dependants of each document. ARGV: scope id, its items as JSON, lifetime in ms of the scope
-- and of the dependants (0 = for ever), of the answer in s (0 = for ever), now ('' = Redis').
--@include _cache_lifetime
--@include _now
local id, scope_ms, dependant_ms, ttl_s = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local function note(key, value, note_ms)
  local fresh = is_fresh(key)
  local known = redis.call('HPTTL', key, 'FIELDS', 1, id)
  local left_ms = known and known[1] or -2  -- -1: for ever, -2: it is not there
  redis.call('HSET', key, id, value)  -- which takes its lifetime away
  if left_ms ~= -1 and note_ms > 0 then
    redis.call('HPEXPIRE', key, math.max(left_ms, note_ms), 'FIELDS', 1, id)
  end
  outlive(key, fresh, note_ms)
end

note(KEYS[1], ARGV[2], scope_ms)
for i = 3, #KEYS do note(KEYS[i], '1', dependant_ms) end
if ttl_s > 0 then
  local fresh = is_fresh(KEYS[2])
  redis.call('ZADD', KEYS[2], 'LT', written(time_of(ARGV[6]) + ttl_s), id)
  outlive(KEYS[2], fresh, scope_ms)
end
return redis.status_reply('OK')
