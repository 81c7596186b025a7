-- Notes the time of an erasure; an earlier one does not replace a later one.
-- KEYS: erased.  ARGV: time, s.  Returns the time that counts.
local before = redis.call('GET', KEYS[1])
if before and tonumber(before) >= tonumber(ARGV[1]) then return before end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
