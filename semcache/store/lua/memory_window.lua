-- Short-term memory alone: one turn into its session's window.
-- KEYS: window, erased.  ARGV: at, turn as JSON, now, time to live of the window (s), turns it keeps.
-- Returns 1, or -1 if the user was erased after that time.
--@include _window_push
local at = tonumber(ARGV[1])
if at <= tonumber(redis.call('GET', KEYS[2]) or '-inf') then return -1 end
push_window(KEYS[1], at, ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]))
return 1
