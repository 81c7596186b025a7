-- Records what a user said about an answer, once for each event: nothing if the entry is gone, else {1 if it is news,
-- row of the decision that served it last, its group, record of the group (agreed, labels)}.
-- KEYS: entry, counters. ARGV: entry prefix, field to raise, event id ('' = none).
--@include _cache_group
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local news = ARGV[3] == '' or redis.call('HSETNX', KEYS[1], 'event:' .. ARGV[3], '1') == 1
if news then
  redis.call('HINCRBY', KEYS[1], ARGV[2], 1)
  if not is_fresh(KEYS[2]) then redis.call('HINCRBY', KEYS[2], ARGV[2], 1) end
end
local last = redis.call('HMGET', KEYS[1], 'last', 'group')
local record = last[2] and redis.call('HMGET', group_prefix .. last[2], '#agreed', '#labels') or { false, false }
return { news and 1 or 0, last[1] or '', last[2] or '', record[1] or '0', record[2] or '0' }
