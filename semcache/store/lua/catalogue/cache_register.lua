-- Notes that a scope has a new answer: in the catalogue, among the dependants of the documents it was built from, and
-- when it is to be swept. Whoever is about to take one of these notes out finds that it has been made again.
-- KEYS: scopes, due, leaving, dependants of each document. ARGV: scope id, its items as JSON, lifetime in ms of the scope
-- and of the dependants (0 = for ever), of the answer in s (0 = for ever), now ('' = Redis').
--@include _cache_note
--@include _now
local id, scope_ms, dependant_ms, ttl_s = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

note(KEYS[1], id, ARGV[2], scope_ms)
for i = 4, #KEYS do note(KEYS[i], id, '1', dependant_ms) end
if redis.call('EXISTS', KEYS[3]) == 1 then
  for i = 4, #KEYS do redis.call('HDEL', KEYS[3], id .. KEYS[i]) end
  redis.call('HDEL', KEYS[3], id .. KEYS[1])
end
if ttl_s > 0 then
  local fresh = is_fresh(KEYS[2])
  redis.call('ZADD', KEYS[2], 'LT', written(time_of(ARGV[6]) + ttl_s), id)
  outlive(KEYS[2], fresh, scope_ms)
end
return redis.status_reply('OK')
