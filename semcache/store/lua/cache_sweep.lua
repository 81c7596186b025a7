-- Removes entries that have expired, the longest overdue first; returns how many were due.
-- ARGV: entry prefix, now, at most how many.
--@include _cache_entry
local due = redis.call('ZRANGEBYSCORE', expiry, '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
for _, id in ipairs(due) do remove(id) end
count('expired', #due)
return #due
