-- The nearest entries that may be served, looking past those that may not; each as {id, score, field, ...}.
-- KEYS: vectors. ARGV: entry prefix, vector, how many, how many vectors to look at, at most, now, context, then
-- the number of tags and the tags an entry must carry, then the fields to return; the first four are
-- expires, rejected, context, tags.
local wanted, most, now, context = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local tag_count = tonumber(ARGV[7])
local first_field = 8 + tag_count

local function carries_tags(tags)
  if tag_count == 0 then return true end
  local has = {}
  for _, tag in ipairs(cjson.decode(tags)) do has[tag] = true end
  for i = 8, 7 + tag_count do
    if not has[ARGV[i]] then return false end
  end
  return true
end

local rows, live, seen, width = {}, 0, 0, wanted
while true do
  local near = redis.call('VSIM', KEYS[1], 'FP32', ARGV[2], 'WITHSCORES', 'COUNT', width)
  for i = 2 * seen + 1, #near, 2 do
    local row = redis.call('HMGET', ARGV[1] .. near[i], unpack(ARGV, first_field))
    local expires, rejected, asked_in, tags = row[1], row[2], row[3], row[4]
    if not expires or (asked_in == context and carries_tags(tags)) then
      table.insert(row, 1, near[i])
      table.insert(row, 2, near[i + 1])
      rows[#rows + 1] = row
      if expires and rejected == '0' and (expires == '0' or tonumber(expires) > now) then live = live + 1 end
    end
    if live >= wanted then return rows end
  end
  seen = #near / 2
  if seen < width or width >= most then return rows end
  width = math.min(width * 4, most)
end
