-- What is written of a decision. `bounds`: rows of each ring, words, pairs and repeats at most, day_s.

-- Rows that were compared and rows that were served (label 255) are kept apart: no label is pushed out by what is
-- served. A row carries its number: requests with a candidate so far.
local function add_row(compared, served, sums, row, bounds)
  if row == '' then return end
  local number = redis.call('HINCRBY', sums, 'number', 1)
  local ring = string.byte(row, -1) == 255 and served or compared
  redis.call('RPUSH', ring, struct.pack('<I4', number) .. string.sub(row, 5))
  redis.call('LTRIM', ring, -bounds.rows, -1)
end

-- Leaves the rows after a number.
local function keep_rows_after(ring, number)
  local oldest = redis.call('LINDEX', ring, 0)
  while oldest and struct.unpack('<I4', oldest) <= number do
    redis.call('LPOP', ring)
    oldest = redis.call('LINDEX', ring, 0)
  end
end

local function add_sums(sums, changes)
  for name, by in pairs(changes) do redis.call('HINCRBYFLOAT', sums, name, string.format('%.17g', by)) end
end

-- A full table ages: all counts are halved, and what was counted once leaves. Shares stay, rare words go.
local function age_words(words)
  local found, kept, gone = redis.call('HGETALL', words), {}, {}
  for at = 1, #found, 2 do
    local half = math.floor(tonumber(found[at + 1]) / 2)
    if half > 0 then
      kept[#kept + 1], kept[#kept + 2] = found[at], half
    else
      gone[#gone + 1] = found[at]
    end
  end
  for at = 1, #kept, 1000 do redis.call('HSET', words, unpack(kept, at, math.min(at + 999, #kept))) end
  for at = 1, #gone, 1000 do redis.call('HDEL', words, unpack(gone, at, math.min(at + 999, #gone))) end
end

local function count_words(words, found, bounds)
  if #found == 0 then return end
  redis.call('HINCRBY', words, '#questions', 1)
  for _, word in ipairs(found) do redis.call('HINCRBY', words, word, 1) end
  if redis.call('HLEN', words) > bounds.words then age_words(words) end
end

-- A full table loses the least repeated of a few questions for a new one.
local function count_repeat(repeats, question, bounds)
  if redis.call('HLEN', repeats) >= bounds.repeats and redis.call('HEXISTS', repeats, question) == 0 then
    local some = redis.call('HRANDFIELD', repeats, 8, 'WITHVALUES')
    local least = 1
    for at = 3, #some, 2 do
      if tonumber(some[at + 1]) < tonumber(some[least + 1]) then least = at end
    end
    redis.call('HDEL', repeats, some[least])
  end
  redis.call('HINCRBY', repeats, question, 1)
  redis.call('HEXPIRE', repeats, bounds.repeat_s, 'FIELDS', 1, question)
end
