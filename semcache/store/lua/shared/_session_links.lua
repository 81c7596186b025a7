-- The turns right before and after a turn in its session, '' where there is none.
local function links(session, id)
  local rank = redis.call('ZRANK', session, id)
  if not rank then return '', '' end
  local before = rank > 0 and redis.call('ZRANGE', session, rank - 1, rank - 1)[1] or ''
  return before, redis.call('ZRANGE', session, rank + 1, rank + 1)[1] or ''
end
