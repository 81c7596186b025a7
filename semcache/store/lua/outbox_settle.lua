-- Removes events that Kafka has; those that somebody else has removed are left out.
-- KEYS: outbox, outbox counters. ARGV: stream ids. Returns how many it removed.
local freed, removed = 0, 0
for _, id in ipairs(ARGV) do
  local found = redis.call('XRANGE', KEYS[1], id, id)
  if found[1] then
    freed = freed + #found[1][2][4]
    removed = removed + redis.call('XDEL', KEYS[1], id)
  end
end
if freed > 0 then redis.call('HINCRBY', KEYS[2], 'bytes', -freed) end
return removed
