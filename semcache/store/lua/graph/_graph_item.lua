-- Items of a LangGraph store. keys: items, created, updated, names, expiry, elements.

-- Removes the vectors of an item; `elements` says in which set they are and how many.
local function drop_vectors(keys, id)
  local held = redis.call('HGET', keys[6], id)
  if held then
    local set, count = held:match('^(.*)|(%d+)$')
    for n = 0, tonumber(count) - 1 do
      redis.call('VREM', set, id .. '#' .. n)
    end
    redis.call('HDEL', keys[6], id)
  end
end

-- Removes an item with all that leads to it.
local function drop_item(keys, id)
  drop_vectors(keys, id)
  redis.call('HDEL', keys[1], id)
  for n = 2, 5 do
    redis.call('ZREM', keys[n], id)
  end
end

-- Milliseconds of Redis' clock.
local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- An item that lives for so many milliseconds from now; '' = for ever.
local function set_lifetime(keys, id, ttl_ms)
  if ttl_ms == '' then
    redis.call('HPERSIST', keys[1], 'FIELDS', 1, id)
    redis.call('ZREM', keys[5], id)
  else
    redis.call('HPEXPIRE', keys[1], ttl_ms, 'FIELDS', 1, id)
    redis.call('ZADD', keys[5], now_ms() + tonumber(ttl_ms), id)
  end
end
