-- Puts sealed forms in the place of turns in a window, where they are still there; the window keeps its lifetime.
-- KEYS: window.  ARGV: for each turn its form as read, its new form, its time.
-- Returns how many were replaced.
local replaced = 0
for i = 1, #ARGV, 3 do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    redis.call('ZADD', KEYS[1], ARGV[i + 2], ARGV[i + 1])
    redis.call('ZREM', KEYS[1], ARGV[i])
    replaced = replaced + 1
  end
end
return replaced
