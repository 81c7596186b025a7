-- Keys that several entries share live as long as the longest-lived of them; what counts and learns, for a while after
-- its last change.
-- Lets a key live for ttl_ms at least, 0 = for ever. `fresh`: it was not there before this script.
local function outlive(key, fresh, ttl_ms)
  if ttl_ms == 0 then
    redis.call('PERSIST', key)
  elseif fresh then
    redis.call('PEXPIRE', key, ttl_ms)
  else
    redis.call('PEXPIRE', key, ttl_ms, 'GT')
  end
end

local function is_fresh(key) return redis.call('EXISTS', key) == 0 end

-- Starts the lifetime of what counts and learns in a scope again, after each use. `own`: any key of the scope.
local function renew(own, idle_s)
  local prefix = string.match(own, '^sc:{.-}:')
  for _, name in ipairs({ 'counters', 'rows', 'sums', 'words', 'pairs', 'repeats', 'model' }) do
    redis.call('EXPIRE', prefix .. name, idle_s)
  end
end
