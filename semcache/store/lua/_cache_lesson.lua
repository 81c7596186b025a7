-- What is noted of a decision, within these bounds; a repeat is remembered for a day.
local most_rows, most_words, most_pairs, most_repeats, day_s = 8000, 8000, 8000, 10000, 86400

local function note_row(rows, row)
  if row == '' then return end
  redis.call('RPUSH', rows, row)
  redis.call('LTRIM', rows, -most_rows, -1)
end

local function add_sums(sums, changes)
  for name, by in pairs(changes) do redis.call('HINCRBYFLOAT', sums, name, string.format('%.17g', by)) end
end

local function count_words(words, found)
  if #found == 0 then return end
  local full = redis.call('HLEN', words) >= most_words
  redis.call('HINCRBY', words, '#questions', 1)
  for _, word in ipairs(found) do
    if not full or redis.call('HEXISTS', words, word) == 1 then redis.call('HINCRBY', words, word, 1) end
  end
end

local function count_repeat(repeats, asked)
  if redis.call('HLEN', repeats) >= most_repeats and redis.call('HEXISTS', repeats, asked) == 0 then return end
  redis.call('HINCRBY', repeats, asked, 1)
  redis.call('HEXPIRE', repeats, day_s, 'FIELDS', 1, asked)
end
