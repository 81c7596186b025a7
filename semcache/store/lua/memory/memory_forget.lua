-- Removes one turn with all that was derived from it; a pinned one only if `also_pinned`.
-- KEYS: turn, chronology, sessions, pinned, forgotten, models.
-- ARGV: turn id, prefix of the user's keys, whether a replay shall be refused (0/1), whether pinned turns go too (0/1).
-- Returns {state, session, turn after}; state 1: removed, 0: it was not there, -1: it is pinned.
--@include _escape
--@include _session_links
--@include _terms
--@include _unindex
local id, prefix = ARGV[1], ARGV[2]
if ARGV[4] == '0' and redis.call('SISMEMBER', KEYS[4], id) == 1 then return {-1, '', ''} end
local session, at = unpack(redis.call('HMGET', KEYS[1], 'session', 'at'))
if not session then return {0, '', ''} end

local ordered = prefix .. 'session:' .. escape(session)
local _, after = links(ordered, id)
unindex(prefix, id)
for _, fingerprint in ipairs(redis.call('SMEMBERS', KEYS[6])) do
  redis.call('VREM', prefix .. 'turns:' .. escape(fingerprint), id)
end
redis.call('ZREM', KEYS[2], id)
redis.call('ZREM', prefix .. 'telling', id)
redis.call('HDEL', prefix .. 'claims', id)
redis.call('HDEL', prefix .. 'readings', id, 'revision', 'generation')
redis.call('ZREM', ordered, id)
redis.call('SREM', KEYS[4], id)
redis.call('DEL', KEYS[1])

-- The next turn's context vectors knew this turn: its own take their place until they are made again.
if after ~= '' then
  local follower = prefix .. 'turn:' .. after
  for _, name in ipairs(redis.call('HKEYS', follower)) do
    if string.find(name, 'vectors:', 1, true) == 1 then
      local both = redis.call('HGET', follower, name)
      local own = string.sub(both, 1, #both / 2)
      redis.call('HSET', follower, name, own .. own)
    end
  end
  redis.call('HSET', follower, 'previous', '')
end

local last = redis.call('ZRANGE', ordered, -1, -1, 'WITHSCORES')
if last[2] then
  redis.call('ZADD', KEYS[3], last[2], session)
else
  redis.call('ZREM', KEYS[3], session)
  redis.call('HDEL', prefix .. 'session-names', session)
end
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('DEL', KEYS[6]) end

local window = prefix .. 'window:' .. escape(session)
for _, form in ipairs(redis.call('ZRANGE', window, 0, -1)) do
  if string.find(form, '{"id": "' .. id .. '"', 1, true) == 1 then redis.call('ZREM', window, form) end
end
if ARGV[3] == '1' then redis.call('ZADD', KEYS[5], at, id) end
return {1, session, after}
