-- Changes fields of a record that is there; 1 if it is.
-- KEYS: record. ARGV: field, value, ...
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
