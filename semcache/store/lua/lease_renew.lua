-- Prolongs a lease that is still ours; 1 if it was. KEYS: lease. ARGV: token, lifetime in ms.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
