-- The best members for the stems of a query: a weighted union, cut on the server.
-- KEYS: corpus, two temporary keys, the sorted set to stay within (the corpus again: no limit), then a posting per stem.
-- ARGV: count, lowest and highest score in the set to stay within, then the factor of each stem.
-- Returns member, score, member, score, ... best first; equal scores in reverse order of the members.
--@include _weighted_union
local corpus, union, within = KEYS[1], KEYS[2], KEYS[3]
if not weighted_union(corpus, union, {unpack(KEYS, 5)}, {unpack(ARGV, 4)}, {}) then return {} end
if KEYS[4] ~= corpus then keep_within(union, within, KEYS[4], ARGV[2], ARGV[3]) end
local best = redis.call('ZREVRANGE', union, 0, ARGV[1] - 1, 'WITHSCORES')
redis.call('DEL', union)
return best
