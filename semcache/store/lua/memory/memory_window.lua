-- Short-term memory alone: one turn into its session's window.
-- KEYS: window, erased, forgotten.  ARGV: turn id, at, turn as JSON, now, time to live of the window (s), turns it keeps.
-- Returns 1, -1 if the user was erased after that time, -2 if the turn was forgotten.
--@include _window_push
local at = tonumber(ARGV[2])
if at <= tonumber(redis.call('GET', KEYS[2]) or '-inf') then return -1 end
if redis.call('ZSCORE', KEYS[3], ARGV[1]) then return -2 end
push_window(KEYS[1], at, ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]))
return 1
