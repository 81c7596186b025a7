-- Records what a user said about an answer; 1 if the entry is there. KEYS: entry, counters. ARGV: field to raise.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
return 1
