-- Puts a sealed form in the place of a turn's text, if it is still the text that was read.
-- KEYS: turn, then for each stem whose name changes: its posting, the new one, its session stem, the new one.
-- ARGV: id, session, text as read, text, speaker as read, speaker ('' none), stems ('' as they are), then how often the
--   turn has each of those stems.
-- Returns 1 if it was replaced, 0 if the turn is gone or has changed meanwhile.
local id, session = ARGV[1], ARGV[2]
local known = redis.call('HMGET', KEYS[1], 'text', 'speaker')
if known[1] ~= ARGV[3] or (known[2] or '') ~= ARGV[5] then return 0 end
redis.call('HSET', KEYS[1], 'text', ARGV[4])
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'speaker', ARGV[6]) end
if ARGV[7] ~= '' then redis.call('HSET', KEYS[1], 'stems', ARGV[7]) end
for i = 2, #KEYS, 4 do
  local weight = redis.call('ZSCORE', KEYS[i], id)
  if weight then
    redis.call('ZREM', KEYS[i], id)
    redis.call('ZADD', KEYS[i + 1], weight, id)
  end
  local count = tonumber(ARGV[8 + (i - 2) / 4])
  if tonumber(redis.call('ZINCRBY', KEYS[i + 2], -count, session)) <= 0 then
    redis.call('ZREM', KEYS[i + 2], session)
  end
  redis.call('ZINCRBY', KEYS[i + 3], count, session)
end
return 1
