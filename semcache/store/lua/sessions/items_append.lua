-- Appends items to a session, those with an id that is there already left out; returns the time of it, ms.
-- KEYS: items, ids, sessions
-- ARGV: name of the session, lifetime in ms ('' = for ever), then id ('' = none) and stored form of each item

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
for n = 3, #ARGV, 2 do
  if ARGV[n] == '' or redis.call('SADD', KEYS[2], ARGV[n]) == 1 then
    redis.call('RPUSH', KEYS[1], ARGV[n + 1])
  end
end
redis.call('ZADD', KEYS[3], now, ARGV[1])
for _, key in ipairs({KEYS[1], KEYS[2]}) do
  if ARGV[2] == '' then redis.call('PERSIST', key) else redis.call('PEXPIRE', key, ARGV[2]) end
end
return now
