-- Notes that a scope has a new answer: in the catalogue, among the dependants of the documents it was built from, and
-- when it is to be swept. Each note lives as long as the longest-lived answer that needs it.
-- KEYS: scopes, due, dependants of each document. ARGV: scope id, its items as JSON, lifetime of the notes in ms (0 = for
-- ever), lifetime of the answer in s (0 = for ever), now ('' = Redis').
--@include _now
local id, note_ms, ttl_s = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4])

local function note(key, value)
  local known = redis.call('HPTTL', key, 'FIELDS', 1, id)
  local left_ms = known and known[1] or -2  -- -1: for ever, -2: it is not there
  redis.call('HSET', key, id, value)  -- which takes its lifetime away
  if left_ms ~= -1 and note_ms > 0 then
    redis.call('HPEXPIRE', key, math.max(left_ms, note_ms), 'FIELDS', 1, id)
  end
end

note(KEYS[1], ARGV[2])
for i = 3, #KEYS do note(KEYS[i], '1') end
if ttl_s > 0 then redis.call('ZADD', KEYS[2], 'LT', written(time_of(ARGV[5]) + ttl_s), id) end
return redis.status_reply('OK')
