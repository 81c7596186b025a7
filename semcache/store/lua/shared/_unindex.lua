-- Needs _escape and _terms. Takes a stored turn out of the postings, the corpus and the passages; what earlier versions counted by session and
-- stem goes with it, whole: nothing reads it. Returns its number of stems.
local function unindex(prefix, id)
  local stems, passages = unpack(redis.call('HMGET', prefix .. 'turn:' .. id, 'stems', 'passages'))
  local distinct, _, length = terms(stems or '')
  for _, stem in ipairs(distinct) do
    local name = escape(stem)
    redis.call('ZREM', prefix .. 'stem:' .. name, id)
    redis.call('DEL', prefix .. 'session-stem:' .. name)
  end
  local corpus = prefix .. 'corpus'
  if length > 0 then
    redis.call('HINCRBY', corpus, 'terms', -length)
    if redis.call('HINCRBY', corpus, 'members', -1) == 0 then redis.call('DEL', corpus) end
  end
  for _, fingerprint in ipairs(redis.call('SMEMBERS', prefix .. 'models')) do
    for i = 1, tonumber(passages or '0') do
      redis.call('VREM', prefix .. 'passages:' .. escape(fingerprint), id .. '#' .. i)
    end
  end
  return length
end
