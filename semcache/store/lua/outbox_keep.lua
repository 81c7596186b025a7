-- Keeps an event until Kafka has it, unless too much waits already.
-- KEYS: outbox, outbox counters. ARGV: event id, event, most bytes. Returns the stream id, or '' if it is full.
local held = tonumber(redis.call('HGET', KEYS[2], 'bytes') or '0')
if held + #ARGV[2] > tonumber(ARGV[3]) then
  redis.call('HINCRBY', KEYS[2], 'refused', 1)
  return ''
end
redis.call('HSET', KEYS[2], 'bytes', held + #ARGV[2])
return redis.call('XADD', KEYS[1], '*', 'id', ARGV[1], 'event', ARGV[2])
