-- Everything that ranking a question's candidates needs, as one consistent view.
-- KEYS: vectors, chronology, the sorted set of turns to stay within (a session, or the chronology), session lengths,
--   corpus, two temporary keys, then a posting and a session stem for each stem of the question.
-- ARGV: prefix of the user's keys, field of the vectors, bytes of a turn's vectors, question's vector (FP32),
--   VSIM filter ('' none), since, until, whether that limits anything (0/1), candidates wanted, turns by vector,
--   turns by postings, neighbours on each side, k1 and b of sessions; weights of the first choice: a turn's own cosine,
--   that of the turn before and of the turn after, BM25 of each turn near, BM25 of the session; results
--   wanted, and how far behind the last of them a candidate may be; then the factor of each stem.
-- Returns {members, terms, df of each stem, sessions, rows, vectors}, all but the first two and the last as JSON.
--   sessions: [name, BM25].  rows, by session and rank: [session's place, rank, stems] of a turn that is only in the
--   window of a candidate; after these, of the turn after a candidate 1 and of a candidate id, at, speaker, role, text.
--   vectors: own and context vector of each row of the last two kinds, zero bytes where missing.
--@include _escape
--@include _weighted_union
local chronology, limits, lengths, corpus, union, temporary = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local prefix, vector_bytes = ARGV[1], tonumber(ARGV[3])
local since, until_, limited = ARGV[6], ARGV[7], ARGV[8] == '1'
local wanted, by_vector, by_postings, radius = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local k1, b = tonumber(ARGV[13]), tonumber(ARGV[14])
local w_own, w_before, w_next = tonumber(ARGV[15]), tonumber(ARGV[16]), tonumber(ARGV[17])
local w_near, w_session, k, margin = tonumber(ARGV[18]), tonumber(ARGV[19]), tonumber(ARGV[20]), tonumber(ARGV[21])

local postings, session_stems, factors = {}, {}, {}
for i = 8, #KEYS, 2 do
  postings[#postings + 1], session_stems[#session_stems + 1] = KEYS[i], KEYS[i + 1]
  factors[#factors + 1] = tonumber(ARGV[21 + #postings])
end
local members, terms = unpack(redis.call('HMGET', corpus, 'members', 'terms'))

-- Seeds: all turns within the limits if they are few, else the nearest and the best by postings.
local df, seeds, cosine, floor = {}, {}, {}, 0
local has_union = weighted_union(corpus, union, postings, factors, df)
local all = redis.call('ZCOUNT', limits, since, until_) <= wanted
if all then
  seeds = redis.call('ZRANGE', limits, since, until_, 'BYSCORE')
else
  local call = {'VSIM', KEYS[1], 'FP32', ARGV[4], 'WITHSCORES', 'COUNT', by_vector}
  if ARGV[5] ~= '' then
    call[#call + 1] = 'FILTER'
    call[#call + 1] = ARGV[5]
  end
  local near = by_vector > 0 and redis.call(unpack(call)) or {}
  for i = 1, #near, 2 do
    seeds[#seeds + 1] = near[i]
    cosine[near[i]] = 2 * near[i + 1] - 1
    floor = cosine[near[i]] - 0.02
  end
  if has_union and by_postings > 0 then
    if limited then keep_within(union, temporary, limits, since, until_) end
    for _, id in ipairs(redis.call('ZREVRANGE', union, 0, by_postings - 1)) do
      if not cosine[id] then seeds[#seeds + 1] = id end
    end
  end
end

-- Their sessions, and their neighbours in them: `at_rank` has the turns of each session by rank.
local function session_key(session) return prefix .. 'session:' .. escape(session) end
local keys, names, at_rank, pool = {}, {}, {}, {}
for _, id in ipairs(seeds) do
  local name = redis.call('HGET', prefix .. 'turn:' .. id, 'session')
  if name then
    local key, ranks = keys[name], at_rank[name]
    if not key then
      key, ranks = session_key(name), {}
      keys[name], at_rank[name] = key, ranks
      names[#names + 1] = name
    end
    local rank = redis.call('ZRANK', key, id)
    local first, last = math.max(rank - radius, 0), rank + radius
    while first < last and ranks[first] do first = first + 1 end
    while last > first and ranks[last] do last = last - 1 end
    if not (ranks[first] and ranks[last]) then
      for i, other in ipairs(redis.call('ZRANGE', key, first, last)) do
        if not ranks[first + i - 1] then
          ranks[first + i - 1] = other
          pool[#pool + 1] = other
        end
      end
    end
  end
end
table.sort(names)

-- BM25 of these sessions, each as one document.
local session_score = {}
for i = 1, #names do session_score[i] = 0 end
if #names > 0 and #session_stems > 0 then
  local sessions = redis.call('ZCARD', lengths)
  local length = redis.call('ZMSCORE', lengths, unpack(names))
  local average = math.max(tonumber(terms or '0') / math.max(sessions, 1), 1)
  for s, key in ipairs(session_stems) do
    local n = redis.call('ZCARD', key)
    if n > 0 then
      local weight = factors[s] * math.log(1 + (sessions - n + 0.5) / (n + 0.5)) * (k1 + 1)
      for i, tf in ipairs(redis.call('ZMSCORE', key, unpack(names))) do
        if tf then
          tf = tonumber(tf)
          session_score[i] = session_score[i] + weight * tf / (tf + k1 * (1 - b + b * length[i] / average))
        end
      end
    end
  end
end

-- First choice, by what is known so far; the best of them are candidates.
local candidate = {}
if all then
  for _, id in ipairs(seeds) do candidate[id] = true end
else
  local bm25, scores, ids = {}, {}, {}
  if has_union and #pool > 0 then
    for i, score in ipairs(redis.call('ZMSCORE', union, unpack(pool))) do
      if score then bm25[pool[i]] = tonumber(score) end
    end
  end
  local lowest, highest = tonumber(since), tonumber(until_)
  for i, name in ipairs(names) do
    local ranks, base = at_rank[name], w_session * session_score[i]
    for rank, id in pairs(ranks) do
      local at = limited and tonumber(redis.call('ZSCORE', limits, id) or 'nan')
      if not limited or (at >= lowest and at <= highest) then
        local own, before, after = cosine[id] or floor, ranks[rank - 1], ranks[rank + 1]
        local score = base + w_own * own + w_before * (before and (cosine[before] or floor) or own)
        if after then score = score + w_next * (cosine[after] or floor) end
        for r = rank - radius, rank + radius do
          local near = bm25[ranks[r] or '']
          if near then score = score + w_near * near end
        end
        scores[#scores + 1] = score
        ids[id] = score
      end
    end
  end
  table.sort(scores)
  local least = math.max(scores[math.max(#scores - wanted + 1, 1)] or 0, (scores[math.max(#scores - k + 1, 1)] or 0) - margin)
  for id, score in pairs(ids) do
    if score >= least then candidate[id] = true end
  end
end
redis.call('DEL', union)

-- What ranking needs of the candidates, and of the turns around them.
local rows, vectors, sessions = {}, {}, {}
for place, name in ipairs(names) do
  sessions[place] = {name, session_score[place]}
  local ranks, order = at_rank[name], {}
  for rank in pairs(ranks) do order[#order + 1] = rank end
  table.sort(order)
  for _, rank in ipairs(order) do
    local id = ranks[rank]
    local key = prefix .. 'turn:' .. id
    if candidate[id] then
      local turn = redis.call('HMGET', key, 'stems', 'at', 'speaker', 'role', 'text', ARGV[2])
      rows[#rows + 1] = {place - 1, rank, turn[1] or '', id, turn[2], turn[3] or '', turn[4] or '', turn[5] or ''}
      vectors[#vectors + 1] = turn[6] or string.rep('\0', vector_bytes)
    elseif ranks[rank - 1] and candidate[ranks[rank - 1]] then
      local turn = redis.call('HMGET', key, 'stems', ARGV[2])
      rows[#rows + 1] = {place - 1, rank, turn[1] or '', 1}
      vectors[#vectors + 1] = turn[2] or string.rep('\0', vector_bytes)
    else
      local near = false
      for r = rank - radius, rank + radius do near = near or candidate[ranks[r] or ''] end
      if near then rows[#rows + 1] = {place - 1, rank, redis.call('HGET', key, 'stems') or ''} end
    end
  end
end
return {
  members or '0', terms or '0', cjson.encode(df), cjson.encode(sessions), cjson.encode(rows), table.concat(vectors)
}
