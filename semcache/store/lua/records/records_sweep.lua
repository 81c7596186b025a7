-- Removes what records that have expired leave behind, so many at most; returns how many it looked at.
-- One whose lifetime has begun anew is noted with its new end.
-- KEYS: vectors, ends, then the record of each id. ARGV: the ids, escaped
for at, id in ipairs(ARGV) do
  local ends = redis.call('PEXPIRETIME', KEYS[at + 2])
  if ends == -2 then
    redis.call('VREM', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
  else
    redis.call('ZADD', KEYS[2], ends == -1 and '+inf' or ends, id)
  end
end
return #ARGV
