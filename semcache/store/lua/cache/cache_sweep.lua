-- Removes entries that have expired, the longest overdue first; returns {how many were due, when the next one is ('' =
-- none expires)}.
-- ARGV: entry prefix, now ('' = Redis'), at most how many.
--@include _cache_entry
--@include _now
local due = redis.call('ZRANGEBYSCORE', expiry, '-inf', time_of(ARGV[2]), 'LIMIT', 0, ARGV[3])
for _, id in ipairs(due) do remove(id) end
count('expired', #due)
local next_due = redis.call('ZRANGE', expiry, 0, 0, 'WITHSCORES')[2]
local noted = string.gsub(entry_prefix, 'entry:$', 'noted')
redis.call('HSETEX', noted, 'FXX', 'KEEPTTL', 'FIELDS', 1, '#due', next_due or 'inf')
return { #due, next_due or '' }
