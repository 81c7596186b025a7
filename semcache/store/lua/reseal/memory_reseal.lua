-- Puts a sealed form in the place of a turn's text, if it is still the text that was read.
-- KEYS: turn, then for each stem whose name changes: its posting, the new one, what earlier versions counted of it.
-- ARGV: id, text as read, text, speaker as read, speaker ('' none), stems ('' as they are).
-- Returns 1 if it was replaced, 0 if the turn is gone or has changed meanwhile.
local id = ARGV[1]
local known = redis.call('HMGET', KEYS[1], 'text', 'speaker')
if known[1] ~= ARGV[2] or (known[2] or '') ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], 'text', ARGV[3])
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'speaker', ARGV[5]) end
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'stems', ARGV[6]) end
for i = 2, #KEYS, 3 do
  local weight = redis.call('ZSCORE', KEYS[i], id)
  if weight then
    redis.call('ZREM', KEYS[i], id)
    redis.call('ZADD', KEYS[i + 1], weight, id)
  end
  redis.call('DEL', KEYS[i + 2])
end
return 1
