-- Whether nothing is held any more to which notes in another slot lead; it then says itself that there are none.
-- KEYS: noted, then what may be held. ARGV: document ('' = the whole scope). Returns 1, or 0 if something is held.
if redis.call('EXISTS', unpack(KEYS, 2)) > 0 then return 0 end
if ARGV[1] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('HDEL', KEYS[1], '#mark', 'd:' .. ARGV[1])
end
return 1
