-- Puts a turn into a session's window, unless it is older than the window lives; keeps the last `most` turns.
local function push_window(window, at, turn, now, ttl, most)
  if at + ttl <= now then return end
  redis.call('ZADD', window, string.format('%.17g', at), turn)
  redis.call('ZREMRANGEBYRANK', window, 0, -most - 1)
  local last = redis.call('ZRANGE', window, -1, -1, 'WITHSCORES')[2]
  redis.call('EXPIRE', window, math.min(math.ceil(last + ttl - now), 1e11))  -- Redis refuses what is beyond all calendars
end
