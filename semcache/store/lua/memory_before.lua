-- What has to be known before a turn is embedded: is it there already, and which turn does it follow.
-- KEYS: turn, its session, erased, forgotten.  ARGV: turn id, at, prefix of the keys of turns.
-- Returns {state, id, at, speaker, role, text of the turn before, or '' each}; state 1: stored, 0: new, -1: erased,
--   -2: forgotten.
local id, at = ARGV[1], tonumber(ARGV[2])
if at <= tonumber(redis.call('GET', KEYS[3]) or '-inf') then return {-1} end
if redis.call('ZSCORE', KEYS[4], id) then return {-2} end
if redis.call('EXISTS', KEYS[1]) == 1 then return {1} end
local offset = 0
while true do
  local earlier = redis.call('ZREVRANGEBYSCORE', KEYS[2], ARGV[2], '-inf', 'WITHSCORES', 'LIMIT', offset, 16)
  if #earlier == 0 then return {0, '', '', '', '', ''} end
  for i = 1, #earlier, 2 do
    if tonumber(earlier[i + 1]) < at or earlier[i] < id then
      local said = redis.call('HMGET', ARGV[3] .. earlier[i], 'speaker', 'role', 'text')
      return {0, earlier[i], earlier[i + 1], said[1] or '', said[2] or '', said[3] or ''}
    end
  end
  offset = offset + 16
end
