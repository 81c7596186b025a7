-- Adds what a batch of decisions counts for, and moves the partition's offset along; refuses if it is not where it was.
-- KEYS: state, then the key of each change. ARGV: offset before ('' = none), offset now, watermark, changes as JSON:
-- {until (s since the epoch), limit, and one of
--  series: [[series, the series that stands for others, {counter: number}], ...],
--  asked: [[series|, key, text, key of the near one, text of the near one, how often], ...]; the next key holds the
--  leaders}.
-- Returns 1, or 0 if refused.
if (redis.call('HGET', KEYS[1], 'offset') or '') ~= ARGV[1] then return 0 end

local function count(key, change)
  for _, row in ipairs(change.series) do
    local series = row[1]
    if redis.call('HEXISTS', key, series) == 0 then
      if tonumber(redis.call('HGET', key, '#series') or 0) >= change.limit then series = row[2] end
      if redis.call('HSETNX', key, series, 1) == 1 then redis.call('HINCRBY', key, '#series', 1) end
    end
    for name, number in pairs(row[3]) do
      redis.call('HINCRBY', key, series .. '|' .. name, string.format('%.0f', number))
    end
  end
end

-- A question counts under its leader: that of the stored question it is near to, or itself.
local function leader_of(leaders, limit, row)
  local known = redis.call('HGET', leaders, row[2])
  if known then return known end
  local leader = row[3]
  if row[5] ~= '' then leader = redis.call('HGET', leaders, row[4]) or row[5] end
  if redis.call('HLEN', leaders) < limit then redis.call('HSET', leaders, row[2], leader) end
  return leader
end

local function rank(board, leaders, change)
  for _, row in ipairs(change.asked) do
    redis.call('ZINCRBY', board, row[6], row[1] .. leader_of(leaders, 5 * change.limit, row))
  end
  local beyond = redis.call('ZCARD', board) - change.limit
  if beyond > 0 then redis.call('ZREMRANGEBYRANK', board, 0, beyond + change.limit / 10 - 1) end
end

local at = 2
for _, change in ipairs(cjson.decode(ARGV[4])) do
  local key = KEYS[at]
  at = at + 1
  if change.series then
    count(key, change)
  else
    rank(key, KEYS[at], change)
    redis.call('EXPIREAT', KEYS[at], change['until'])
    at = at + 1
  end
  redis.call('EXPIREAT', key, change['until'])
end
redis.call('HSET', KEYS[1], 'offset', ARGV[2], 'watermark', ARGV[3])
return 1
