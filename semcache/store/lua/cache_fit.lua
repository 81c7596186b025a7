-- Puts a fitted model in the place of the one it was fitted after; 0, and nothing changes, if another was faster or the
-- scope is not registered. Without a model, for there was too little to learn from, the last one stays.
-- KEYS: scope, model, sums. ARGV: version it was fitted after, model ('' = none), sums to add as JSON.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if (redis.call('HGET', KEYS[2], 'version') or '0') ~= ARGV[1] then return 0 end
--@include _cache_lesson
add_sums(KEYS[3], cjson.decode(ARGV[3]))
if ARGV[2] == '' then return 0 end
redis.call('HSET', KEYS[2], 'version', ARGV[1] + 1, 'model', ARGV[2])
return 1
