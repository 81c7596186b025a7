-- The best members for the stems of a query: a weighted union, cut on the server.
-- KEYS: corpus, two temporary keys, the sorted set to stay within (the corpus again: no limit), then a posting per stem.
-- ARGV: count, lowest and highest score in the set to stay within, then the factor of each stem.
-- Returns member, score, member, score, ... best first; equal scores in reverse order of the members.
local corpus, union, within = KEYS[1], KEYS[2], KEYS[3]
local members = tonumber(redis.call('HGET', corpus, 'members') or '0')
local found, weights = {}, {}
for i = 5, #KEYS do
  local df = redis.call('ZCARD', KEYS[i])
  if df > 0 then
    found[#found + 1] = KEYS[i]
    weights[#weights + 1] = string.format('%.17g', ARGV[i - 1] * math.log(1 + (members - df + 0.5) / (df + 0.5)))
  end
end
if #found == 0 then return {} end
local call = {'ZUNIONSTORE', union, #found}
for _, key in ipairs(found) do call[#call + 1] = key end
call[#call + 1] = 'WEIGHTS'
for _, weight in ipairs(weights) do call[#call + 1] = weight end
redis.call(unpack(call))
if KEYS[4] ~= corpus then
  redis.call('ZRANGESTORE', within, KEYS[4], ARGV[2], ARGV[3], 'BYSCORE')
  redis.call('ZINTERSTORE', union, 2, union, within, 'WEIGHTS', 1, 0)
end
local best = redis.call('ZREVRANGE', union, 0, ARGV[1] - 1, 'WITHSCORES')
redis.call('DEL', union, within)
return best
