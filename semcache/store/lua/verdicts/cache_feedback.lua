-- Records what was said about an answer, once for each event and once for each person: nothing if the entry is gone,
-- else {1 if it is to be learned, row of the decision that served it last, its group, record of the group (agreed,
-- labels)}.
-- Of one person, "rejected" is a doubt. Two who doubt an answer, or three if a second opinion was for it, withdraw it.
-- A decision is judged once: the row is given to the first verdict after it alone.
-- KEYS: entry, counters. ARGV: entry prefix, field to raise, event id ('' = none), person ('' = whoever may decide).
--@include _cache_group
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local said, person = ARGV[2], ARGV[4]
-- A bound on what is kept of one answer's judges.
local most_persons = 256

local function raise(field)
  redis.call('HINCRBY', KEYS[1], field, 1)
end

-- Notes the verdict of a person; true if it decides something.
local function taken()
  local field = 'by:' .. person
  local before = redis.call('HGET', KEYS[1], field)
  if before == said then return false end
  if not before then
    if redis.call('HLEN', KEYS[1]) > most_persons then return false end
  elseif before == 'rejected' then
    redis.call('HINCRBY', KEYS[1], 'doubts', -1)
  end
  redis.call('HSET', KEYS[1], field, said)
  if said == 'confirmed' then raise('confirmed') return true end
  raise('doubts')
  local known = redis.call('HMGET', KEYS[1], 'doubts', 'upheld')
  if tonumber(known[1]) < (known[2] and 3 or 2) then return false end
  raise('rejected')
  return true
end

local news = ARGV[3] == '' or redis.call('HSETNX', KEYS[1], 'event:' .. ARGV[3], '1') == 1
if news then
  if person == '' then raise(said) else news = taken() end
end
if news and not is_fresh(KEYS[2]) then redis.call('HINCRBY', KEYS[2], said, 1) end
local last = redis.call('HMGET', KEYS[1], 'last', 'group')
if news then redis.call('HDEL', KEYS[1], 'last') end
local group = last[2] or string.sub(KEYS[1], #ARGV[1] + 1)
local record = redis.call('HMGET', group_prefix .. group, '#agreed', '#labels')
return { news and 1 or 0, last[1] or '', group, record[1] or '0', record[2] or '0' }
