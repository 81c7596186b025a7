-- Adds one member to the postings of its stems.
-- KEYS: corpus, then one posting per stem.  ARGV: member, terms of the member, then one weight per stem.
-- Returns 1 if the member is new, 0 if it was there: the corpus counts a member once, however often it is added.
local new = 0
for i = 2, #KEYS do
  new = math.max(new, redis.call('ZADD', KEYS[i], ARGV[i + 1], ARGV[1]))
end
if new == 1 then
  redis.call('HINCRBY', KEYS[1], 'members', 1)
  redis.call('HINCRBY', KEYS[1], 'terms', ARGV[2])
end
return new
