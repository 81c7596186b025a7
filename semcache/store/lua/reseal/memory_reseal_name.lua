-- Replaces the name of a session, only if it is still what was read. KEYS: names. ARGV: session, stored form, new form.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
