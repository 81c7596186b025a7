-- Removes one member from the postings of its stems.
-- KEYS: corpus, then one posting per stem.  ARGV: member, terms of the member.
-- Returns 1 if it was there, 0 if not: the corpus is corrected once.
local gone = 0
for i = 2, #KEYS do
  gone = math.max(gone, redis.call('ZREM', KEYS[i], ARGV[1]))
end
if gone == 1 then
  redis.call('HINCRBY', KEYS[1], 'terms', -ARGV[2])
  if redis.call('HINCRBY', KEYS[1], 'members', -1) == 0 then redis.call('DEL', KEYS[1]) end
end
return gone
