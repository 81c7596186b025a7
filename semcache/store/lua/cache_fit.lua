-- Puts a fitted model in the place of the one it was fitted after; 0 if another was faster.
-- KEYS: model, sums. ARGV: version it was fitted after, model ('': there was too little to learn from), sums to add as
-- JSON, lifetime of the learning s. Nothing is written if what it was fitted to is gone.
--@include _cache_lifetime
--@include _cache_lesson
if is_fresh(KEYS[2]) then return 0 end
if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1] + 1)
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'model', ARGV[2]) else redis.call('HDEL', KEYS[1], 'model') end
add_sums(KEYS[2], cjson.decode(ARGV[3]))
renew(KEYS[1], ARGV[4])
return 1
