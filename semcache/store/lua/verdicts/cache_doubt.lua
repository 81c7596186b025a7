-- What speaks against an answer that is to be served to a person: {1 if this person has rejected it, 1 if it waits for
-- a second opinion, which is the caller's to get from now on}; nothing if the entry is gone.
-- KEYS: entry. ARGV: person.
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local known = redis.call('HMGET', KEYS[1], 'rejected', 'doubts', 'by:' .. ARGV[1])
local waits = tonumber(known[1] or '0') == 0 and tonumber(known[2] or '0') > 0 and redis.call('HSETNX', KEYS[1], 'reviewed', '1') == 1
return { known[3] == 'rejected' and 1 or 0, waits and 1 or 0 }
