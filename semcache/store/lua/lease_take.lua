-- Takes a lease of which a mark is left, unless somebody was faster; 1 if it is ours. KEYS: lease. ARGV: token, ms it lives.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= '' and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
