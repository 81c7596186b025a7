-- The time, s: Redis' own, so that no host's clock ends an answer; '' asks for it, a replay gives its own.
local function time_of(given)
  if given ~= '' then return tonumber(given) end
  local now = redis.call('TIME')
  return tonumber(now[1]) + tonumber(now[2]) / 1000000
end

local function written(number) return string.format('%.17g', number) end
