-- Everything that ranking a question's candidates needs, as one consistent view.
-- KEYS: vectors, vectors of passages, chronology, the sorted set of turns to stay within (a session, or the chronology),
--   corpus, two temporary keys, then a posting for each stem of the question.
-- ARGV: prefix of the user's keys, field of the vectors, bytes of a turn's vectors, question's vector (FP32),
--   VSIM filter ('' none), since, until, whether that limits anything (0/1), candidates wanted, turns by vector,
--   turns by postings, turns on each side that belong to a window, stems that a window has room for; weights of the
--   first choice: a turn's own cosine, that of the turn before, BM25 of each turn near, nearness to the time that the
--   question names; that time as JSON: [[from, to (s), nearness]...], and what it repeats after (s, 0 never); then
--   factor and stem for each stem.
-- Returns {members, df of each stem, records, strings, {vectors...}}, for the candidates by session and rank.
--   records: the best cosine of a passage of the turn (-2 if none is among the nearest) and the stems in its window
--   (floats), how often each stem of the question is in the window (floats) and in the turn (int32), the lengths of the
--   strings (int32).
--   strings: id, session, at, speaker, role, text of each, in bytes of these lengths.
--   vectors: of each its own and its context's; zero bytes where missing.
--@include _escape
--@include _weighted_union
local SPREAD = 1e7  -- more turns than a session has: a turn's number is its session's place times this, plus its rank
local PASSAGES = 2  -- nearest passages for each turn by vector: several may be of one turn
local UNPACKED = 4000  -- arguments of one call; Lua's stack takes 8,000
local chronology, limits, corpus, union, temporary = KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local prefix, vector_bytes = ARGV[1], tonumber(ARGV[3])
local since, until_, limited = ARGV[6], ARGV[7], ARGV[8] == '1'
local wanted, by_vector, by_postings, radius = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local capacity = tonumber(ARGV[13])
local w_own, w_before, w_near, w_date = tonumber(ARGV[14]), tonumber(ARGV[15]), tonumber(ARGV[16]), tonumber(ARGV[17])
local times, period = cjson.decode(ARGV[18]), tonumber(ARGV[19])

local postings, factors, asked = {}, {}, {}
for i = 8, #KEYS do
  postings[#postings + 1] = KEYS[i]
  factors[#factors + 1], asked[#asked + 1] = tonumber(ARGV[18 + 2 * #postings]), ARGV[19 + 2 * #postings]
end
local members, terms = unpack(redis.call('HMGET', corpus, 'members', 'terms'))

-- Scores of ids in a sorted set, in their order; false where one is missing.
local function scores_of(key, ids)
  local found = {}
  for from = 1, #ids, UNPACKED do
    for _, score in ipairs(redis.call('ZMSCORE', key, unpack(ids, from, math.min(from + UNPACKED - 1, #ids)))) do
      found[#found + 1] = score and tonumber(score)
    end
  end
  return found
end

local function nearest(key, count)
  local call = {'VSIM', key, 'FP32', ARGV[4], 'WITHSCORES', 'COUNT', count}
  if ARGV[5] ~= '' then
    call[#call + 1] = 'FILTER'
    call[#call + 1] = ARGV[5]
  end
  return count > 0 and redis.call(unpack(call)) or {}
end

-- Long turns have vectors of their passages too, named turn#number: the best of them counts.
local passage, by_passage = {}, {}
if redis.call('EXISTS', KEYS[2]) == 1 then
  local near = nearest(KEYS[2], PASSAGES * by_vector)
  for i = 1, #near, 2 do
    local id = string.match(near[i], '^[^#]*')
    if not passage[id] then
      passage[id] = 2 * near[i + 1] - 1
      by_passage[#by_passage + 1] = id
    end
  end
end

-- Seeds: all turns within the limits if they are few, else the nearest and the best by postings.
local df, seeds, cosine, floor = {}, {}, {}, 0
local has_union = weighted_union(corpus, union, postings, factors, df)
local all = redis.call('ZCOUNT', limits, since, until_) <= wanted
if all then
  seeds = redis.call('ZRANGE', limits, since, until_, 'BYSCORE')
else
  local near = nearest(KEYS[1], by_vector)
  for i = 1, #near, 2 do
    seeds[#seeds + 1] = near[i]
    cosine[near[i]] = 2 * near[i + 1] - 1
    floor = cosine[near[i]] - 0.02
  end
  for _, id in ipairs(by_passage) do
    if passage[id] > floor then
      if not cosine[id] then seeds[#seeds + 1] = id end
      cosine[id] = math.max(cosine[id] or floor, passage[id])
    end
  end
  if has_union and by_postings > 0 then
    if limited then keep_within(union, temporary, limits, since, until_) end
    for _, id in ipairs(redis.call('ZREVRANGE', union, 0, by_postings - 1)) do
      if not cosine[id] then seeds[#seeds + 1] = id end
    end
  end
end

-- Their sessions, and the turns around them. `at` has turns by number: that of their session plus their rank.
local session_of, keys, names, first_of = {}, {}, {}, {}
for _, id in ipairs(seeds) do
  local name = redis.call('HGET', prefix .. 'turn:' .. id, 'session')
  if name then
    session_of[id] = name
    if not keys[name] then
      keys[name] = prefix .. 'session:' .. escape(name)
      names[#names + 1] = name
    end
  end
end
table.sort(names)
for place, name in ipairs(names) do first_of[name] = place * SPREAD end
local at, around, numbers, pool, pooled = {}, {}, {}, {}, {}
for _, id in ipairs(seeds) do
  local name = session_of[id]
  if name then
    local key, number = keys[name], first_of[name]
    local rank = redis.call('ZRANK', key, id)
    local first, last = math.max(rank - radius, 0), rank + radius
    while first < last and at[number + first] do first = first + 1 end
    while last > first and at[number + last] do last = last - 1 end
    if not (at[number + first] and at[number + last]) then
      for i, other in ipairs(redis.call('ZRANGE', key, first, last)) do
        local n = number + first + i - 1
        if not at[n] then
          at[n] = other
          around[#around + 1], numbers[#numbers + 1] = other, n
        end
      end
    end
    -- The turns right before and after a seed may be candidates too: farther ones added nothing on LoCoMo.
    local n = number + rank
    for near = all and n or n - 1, all and n or n + 1 do
      if at[near] and not pooled[near] then
        pooled[near] = true
        pool[#pool + 1] = near
      end
    end
  end
end

-- How near a turn of that time is to the time that the question names.
local function nearness(time)
  if period > 0 then time = times[1][1] + (time - times[1][1]) % period end
  for _, stretch in ipairs(times) do
    if time >= stretch[1] and time < stretch[2] then return stretch[3] end
  end
  return 0
end

-- First choice, by what is known so far; the best of them are candidates.
local chosen, bm25 = {}, {}
if all then
  chosen = pool
else
  local own, near = {}, {}
  for i, id in ipairs(around) do own[numbers[i]] = cosine[id] or floor end
  for i, score in ipairs(has_union and scores_of(union, around) or {}) do
    if score then
      bm25[around[i]] = true
      score = w_near * score
      for n = numbers[i] - radius, numbers[i] + radius do near[n] = (near[n] or 0) + score end
    end
  end
  local told = {}
  if limited or #times > 0 then
    local ids = {}
    for i, n in ipairs(pool) do ids[i] = at[n] end
    told = scores_of(limits, ids)
  end
  local lowest, highest = tonumber(since), tonumber(until_)
  local scores, places = {}, {}
  for i, n in ipairs(pool) do
    local time = told[i]
    if not limited or (time and time >= lowest and time <= highest) then
      local cos = own[n]
      local score = w_own * cos + w_before * (own[n - 1] or cos) + (near[n] or 0)
      if #times > 0 then score = score + w_date * nearness(time) end
      scores[#scores + 1] = score
      places[#places + 1] = n
    end
  end
  local ordered = {}
  for i, score in ipairs(scores) do ordered[i] = score end
  table.sort(ordered)
  local least = ordered[math.max(#ordered - wanted + 1, 1)]
  for i, score in ipairs(scores) do
    if score >= least then chosen[#chosen + 1] = places[i] end
  end
end
table.sort(chosen)
redis.call('DEL', union)

-- How often the question's stems are in a turn (false: none of them), and its length in stems; of a turn with none of
-- them the usual length: asking for each took a tenth of the time, and moved no recall on LoCoMo by .001.
local needles = {}
for i, stem in ipairs(asked) do needles[i] = ' ' .. stem .. ' ' end
local tf_of, length_of = {}, {}
local usual_length = math.floor(tonumber(terms or '0') / math.max(tonumber(members or '0'), 1) + 0.5)
local function count(id)
  local tf = false
  if all or limited or bm25[id] then
    local stems, length = unpack(redis.call('HMGET', prefix .. 'turn:' .. id, 'stems', 'length'))
    length_of[id] = tonumber(length or '0')
    stems = ' ' .. (stems or '') .. ' '
    for i, needle in ipairs(needles) do
      local from, last = string.find(stems, needle, 1, true)
      while from do
        tf = tf or {}
        tf[i] = (tf[i] or 0) + 1
        from, last = string.find(stems, needle, last, true)
      end
    end
  else
    length_of[id] = usual_length
  end
  tf_of[id] = tf
  return tf
end

-- What ranking needs of the candidates; of the turns around them only the counts. A window has room for so many stems:
-- what the turn itself leaves is shared evenly by the turns around it, of which longer ones count in proportion.
local strings, records, vectors = {}, {}, {}
local layout = '<ff' .. string.rep('f', #asked) .. string.rep('i4', #asked) .. 'i4i4i4i4i4i4'
local nothing = string.rep('\0', vector_bytes)
for place, n in ipairs(chosen) do
  local id = at[n]
  local turn = redis.call('HMGET', prefix .. 'turn:' .. id, 'at', 'speaker', 'role', 'text', ARGV[2], 'length')
  local said = count(id) or {}
  local length = tonumber(turn[6] or '0')
  local room = math.max(capacity - length, 0) / (2 * radius)
  local numbers = {}
  for i = 1, #asked do
    numbers[i] = said[i] or 0
    numbers[#asked + i] = said[i] or 0
  end
  for near = n - radius, n + radius do
    local other = at[near]
    if other and near ~= n and room > 0 then
      local tf = tf_of[other]
      if tf == nil then tf = count(other) end
      local share = math.min(1, room / math.max(length_of[other], 1))
      length = length + share * length_of[other]
      if tf then
        for i, times in pairs(tf) do numbers[i] = numbers[i] + share * times end
      end
    end
  end
  local name, time, speaker, role, text = names[math.floor(n / SPREAD)], turn[1], turn[2] or '', turn[3], turn[4]
  for _, part in ipairs({id, name, time, speaker, role, text}) do numbers[#numbers + 1] = #part end
  records[place] = struct.pack(layout, passage[id] or -2, length, unpack(numbers))
  strings[place] = id .. name .. time .. speaker .. role .. text
  vectors[place] = turn[5] or nothing
end
return {
  members or '0', table.concat(df, ' '), table.concat(records), table.concat(strings), vectors
}
