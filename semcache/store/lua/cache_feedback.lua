-- Records what a user said about an answer, once for each event; 1 if the entry is there.
-- KEYS: entry, counters. ARGV: field to raise, event id ('' = none).
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[2] ~= '' and redis.call('HSETNX', KEYS[1], 'event:' .. ARGV[2], '1') == 0 then return 1 end
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
return 1
