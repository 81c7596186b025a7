-- Everything that ranking a question's candidates needs, as one consistent view.
-- KEYS: vectors, chronology, the sorted set of turns to stay within (a session, or the chronology), lengths, corpus,
--   two temporary keys, then a posting and a session stem for each stem of the question.
-- ARGV: prefix of the user's keys, field of the turn vector, field of the context vector, bytes of each,
--   question's vector (FP32; '' none), VSIM filter ('' none), since, until, whether that limits anything (0/1),
--   turns up to which all are taken, by vector, by postings, sessions, turns a session, neighbours on each side,
--   k1 and b of sessions, then the factor of each stem.
-- Returns {members, terms, df of each stem as JSON, sessions as JSON, turns as JSON, vectors}: sessions are
--   [name, BM25]; turns are [id, session's place, rank in it, 1 if only a neighbour, at, speaker, role, text, stems],
--   by session and rank; vectors hold turn and context vector of each turn, zero bytes where missing.
--@include _weighted_union
local chronology, limits, lengths, corpus, union, temporary = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local prefix, vector_bytes = ARGV[1], tonumber(ARGV[4])
local since, until_, limited = ARGV[7], ARGV[8], ARGV[9] == '1'
local exhaustive, by_vector, by_postings = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local best_sessions, turns_a_session, radius = tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15])
local k1, b = tonumber(ARGV[16]), tonumber(ARGV[17])

local postings, stems, factors = {}, {}, {}
for i = 8, #KEYS, 2 do
  postings[#postings + 1], stems[#stems + 1] = KEYS[i], KEYS[i + 1]
  factors[#factors + 1] = tonumber(ARGV[17 + #postings])
end

local function session_key(session)
  local escaped = string.gsub(session, '[^A-Za-z0-9_.~-]', function(c) return string.format('%%%02X', string.byte(c)) end)
  return prefix .. 'session:' .. escaped
end

-- Sessions by BM25, each as one document.
local scores = {}
local sessions, terms = redis.call('ZCARD', lengths), 0
local length = {}
if #stems > 0 then
  local all = redis.call('ZRANGE', lengths, 0, -1, 'WITHSCORES')
  for i = 1, #all, 2 do
    length[all[i]] = tonumber(all[i + 1])
    terms = terms + length[all[i]]
  end
  local average = math.max(terms / math.max(sessions, 1), 1)
  for i, key in ipairs(stems) do
    local found = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    local n = #found / 2
    local weight = factors[i] * math.log(1 + (sessions - n + 0.5) / (n + 0.5)) * (k1 + 1)
    for j = 1, #found, 2 do
      local tf = tonumber(found[j + 1])
      local damping = k1 * (1 - b + b * length[found[j]] / average)
      scores[found[j]] = (scores[found[j]] or 0) + weight * tf / (tf + damping)
    end
  end
end

-- Seeds: all turns if they are few, else the nearest, the best by postings, and those of the best sessions.
local df, seeds = {}, {}
local function seed(ids) for _, id in ipairs(ids) do seeds[id] = true end end
local function in_range(id)
  local score = tonumber(redis.call('ZSCORE', limits, id) or 'nan')
  return score >= tonumber(since) and score <= tonumber(until_)
end
if redis.call('ZCOUNT', limits, since, until_) <= exhaustive then
  seed(redis.call('ZRANGE', limits, since, until_, 'BYSCORE'))
  for i, key in ipairs(postings) do df[i] = redis.call('ZCARD', key) end
else
  if ARGV[5] ~= '' then
    local call = {'VSIM', KEYS[1], 'FP32', ARGV[5], 'COUNT', by_vector}
    if ARGV[6] ~= '' then
      call[#call + 1] = 'FILTER'
      call[#call + 1] = ARGV[6]
    end
    seed(redis.call(unpack(call)))
  end
  if weighted_union(corpus, union, postings, factors, df) then
    if limited then keep_within(union, temporary, limits, since, until_) end
    seed(redis.call('ZREVRANGE', union, 0, by_postings - 1))
    redis.call('DEL', union)
  end
  local order = {}
  for name in pairs(scores) do order[#order + 1] = name end
  table.sort(order, function(x, y) return scores[x] > scores[y] or (scores[x] == scores[y] and x < y) end)
  for i = 1, math.min(best_sessions, #order) do
    for _, id in ipairs(redis.call('ZRANGE', session_key(order[i]), 0, turns_a_session - 1)) do
      if not limited or in_range(id) then seeds[id] = true end
    end
  end
end

-- Neighbours in the session, on both sides: windows and the next turn's score are exact for every seed.
local places, names, ranks = {}, {}, {}
for id in pairs(seeds) do
  local name = redis.call('HGET', prefix .. 'turn:' .. id, 'session')
  if name then
    if not places[name] then
      names[#names + 1] = name
      places[name] = session_key(name)
      ranks[name] = {}
    end
    local rank = redis.call('ZRANK', places[name], id)
    local first = math.max(rank - radius, 0)
    for i, other in ipairs(redis.call('ZRANGE', places[name], first, rank + radius)) do
      ranks[name][first + i - 1] = other
    end
  end
end

table.sort(names)
local turns, vectors, found = {}, {}, {}
for place, name in ipairs(names) do
  found[place] = {name, scores[name] or 0}
  local order = {}
  for rank in pairs(ranks[name]) do order[#order + 1] = rank end
  table.sort(order)
  for _, rank in ipairs(order) do
    local id = ranks[name][rank]
    local turn = redis.call('HMGET', prefix .. 'turn:' .. id, 'at', 'speaker', 'role', 'text', 'stems', ARGV[2], ARGV[3])
    local own = turn[6] or string.rep('\0', vector_bytes)
    vectors[#vectors + 1] = own .. (turn[7] or own)
    turns[#turns + 1] = {
      id, place - 1, rank, seeds[id] and 0 or 1, turn[1], turn[2] or '', turn[3] or '', turn[4] or '', turn[5] or ''
    }
  end
end
local members, all_terms = unpack(redis.call('HMGET', corpus, 'members', 'terms'))
return {
  members or '0', all_terms or '0', cjson.encode(df), cjson.encode(found), cjson.encode(turns), table.concat(vectors)
}
