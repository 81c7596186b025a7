-- The notes of a scope have been made in another slot: it says so itself, unless it was taken out of them meanwhile.
-- KEYS: noted. ARGV: mark, lifetime of the answer s (0 = for ever), lifetime in ms of the scope's note and of the
-- documents' (0 = for ever), now ('' = Redis'), documents... Returns 1, or 0 if they have to be made again.
--@include _cache_note
--@include _now
if redis.call('HGET', KEYS[1], '#mark') ~= ARGV[1] then return 0 end
local ttl_s, scope_ms, dependant_ms = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local due = tonumber(redis.call('HGET', KEYS[1], '#due') or 'inf')
if ttl_s > 0 then due = math.min(due, time_of(ARGV[5]) + ttl_s) end
note(KEYS[1], '#due', due == math.huge and 'inf' or written(due), scope_ms)
for i = 6, #ARGV do note(KEYS[1], 'd:' .. ARGV[i], '1', dependant_ms) end
return 1
