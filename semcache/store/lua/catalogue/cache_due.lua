-- Leases scopes that are to be swept: no other sweeper is given them before that time. Returns {when the leases end, id,
-- id, ...}.
-- KEYS: due. ARGV: now ('' = Redis'), lease s, at most how many.
--@include _now
local now = time_of(ARGV[1])
local leased = { written(now + tonumber(ARGV[2])) }
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[3])) do
  redis.call('ZADD', KEYS[1], leased[1], id)
  leased[#leased + 1] = id
end
return leased
