-- The nearest entries that may be served, looking past those that may not: {JSON of {learned, changed documents, row of
-- the very same question or false, size of its group, row, row ...} (_cache_near), id of the very same question or of the
-- nearest that is neither expired nor rejected ('' = none), its answer, now}.
-- KEYS: vectors, model, sums, repeats, exact, versions of the documents (on a cluster none). ARGV: entry prefix, vector, how many, how many vectors to look at, at most, now
-- ('' = Redis'), asked, context, '1' to look for the very same question, tags that an entry must carry...
--@include _cache_near
--@include _now
-- Size of the search's frontier, which has to grow with the set: of 20,000 real questions 50 finds .985 of the true ten
-- nearest in two thirds of the time of 100, of 200,000 it takes 200 to find as many.
local effort = math.ceil(50 * math.max(1, redis.call('VCARD', KEYS[1]) / 20000) ^ 0.6)
local wanted, most, now, context = tonumber(ARGV[3]), tonumber(ARGV[4]), time_of(ARGV[5]), ARGV[7]

local function carries_tags(tags)
  if #ARGV == 8 then return true end
  local has = {}
  for _, tag in ipairs(cjson.decode(tags or '[]')) do has[tag] = true end
  for i = 9, #ARGV do
    if not has[ARGV[i]] then return false end
  end
  return true
end

local changed, live, seen, width = {}, 0, 0, wanted
local same, size
if ARGV[8] == '1' then same, size = same_row(KEYS[5], ARGV[6]) end
if same then note_changed(changed, KEYS[6], same[9]) end
local rows = { learned(KEYS[2], KEYS[3], KEYS[4], ARGV[6]), changed, same or false, size or 0 }
local nearest = same and same[1]
local function found()
  return { cjson.encode(rows), nearest or '', nearest and answer(nearest) or false, written(now) }
end

while true do
  local near = redis.call('VSIM', KEYS[1], 'FP32', ARGV[2], 'WITHSCORES', 'COUNT', width, 'EF', math.max(effort, width))
  for i = 2 * seen + 1, #near, 2 do
    local row = near_row(near[i], near[i + 1])
    local expires, rejected, asked_in, tags = row[3], row[4] or '0', row[5] or '', row[6]
    if not expires or (asked_in == context and carries_tags(tags)) then
      rows[#rows + 1] = row
      note_changed(changed, KEYS[6], row[9])
      if expires and rejected == '0' and (expires == '0' or tonumber(expires) > now) then
        live, nearest = live + 1, nearest or near[i]
      end
    end
    if live >= wanted then return found() end
  end
  seen = #near / 2
  if seen < width or width >= most then return found() end
  width = math.min(width * 4, most)
end
