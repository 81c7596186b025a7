-- Stores in `union` the members of the postings, each with its BM25 score; false if there are none.
-- `df` is filled with the number of members of each posting.
local function weighted_union(corpus, union, postings, factors, df)
  local members = tonumber(redis.call('HGET', corpus, 'members') or '0')
  local found, weights = {}, {}
  for i, key in ipairs(postings) do
    local n = redis.call('ZCARD', key)
    df[i] = n
    if n > 0 then
      found[#found + 1] = key
      weights[#weights + 1] = string.format('%.17g', factors[i] * math.log(1 + (members - n + 0.5) / (n + 0.5)))
    end
  end
  if #found == 0 then return false end
  local call = {'ZUNIONSTORE', union, #found}
  for _, key in ipairs(found) do call[#call + 1] = key end
  call[#call + 1] = 'WEIGHTS'
  for _, weight in ipairs(weights) do call[#call + 1] = weight end
  redis.call(unpack(call))
  return true
end

-- Drops from `union` the members whose score in `limits` is not within [lowest, highest].
local function keep_within(union, temporary, limits, lowest, highest)
  redis.call('ZRANGESTORE', temporary, limits, lowest, highest, 'BYSCORE')
  redis.call('ZINTERSTORE', union, 2, union, temporary, 'WEIGHTS', 1, 0)
  redis.call('DEL', temporary)
end
