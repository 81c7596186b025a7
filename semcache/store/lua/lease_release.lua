-- Gives a lease up if it is still ours; 1 if it was. KEYS: lease. ARGV: token, ms for which a mark says it was held.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) == 0 then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], '', 'PX', ARGV[2])
return 1
