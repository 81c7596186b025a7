-- What has to be known before turns of one user are embedded: is each there already, and which turn does it follow.
-- KEYS: the user's chronology; the other keys begin as it does.
-- ARGV: prefix of the user's keys, then of each turn: id, at, session.
-- Returns {state, id, at, speaker, role, text of the turn before, or '' each} of each; state 1: stored, 0: new,
--   -1: erased, -2: forgotten.
--@include _escape
local prefix = ARGV[1]
local erased = tonumber(redis.call('GET', prefix .. 'erased') or '-inf')

local function before(session, id, at)
  local offset = 0
  while true do
    local earlier = redis.call('ZREVRANGEBYSCORE', session, at, '-inf', 'WITHSCORES', 'LIMIT', offset, 4)
    if #earlier == 0 then return '', '', '', '', '' end
    for i = 1, #earlier, 2 do
      if tonumber(earlier[i + 1]) < tonumber(at) or earlier[i] < id then
        local said = redis.call('HMGET', prefix .. 'turn:' .. earlier[i], 'speaker', 'role', 'text')
        return earlier[i], earlier[i + 1], said[1] or '', said[2] or '', said[3] or ''
      end
    end
    offset = offset + 4
  end
end

local found = {}
for i = 2, #ARGV, 3 do
  local id, at, session = unpack(ARGV, i, i + 2)
  if tonumber(at) <= erased then table.insert(found, {-1})
  elseif redis.call('ZSCORE', prefix .. 'forgotten', id) then table.insert(found, {-2})
  elseif redis.call('EXISTS', prefix .. 'turn:' .. id) == 1 then table.insert(found, {1})
  else table.insert(found, {0, before(prefix .. 'session:' .. escape(session), id, at)})
  end
end
return found
