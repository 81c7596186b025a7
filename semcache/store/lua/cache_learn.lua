-- Notes what the answer to a question teaches, and puts its entry into the answer group that the votes chose.
-- KEYS: rows, sums, words, pairs. ARGV: entry prefix, row ('' = none), lesson as JSON: sums to add, words of the
-- question, keep (rows that are left after a change of subject, 0 = all), group and record to add to it, entry,
-- joins (its group), merged (groups that become one with it), pairs (evidence to write); lifetime of the learning s.
-- Nothing is learned from an entry that is gone: it was erased, or will not be served again.
--@include _cache_group
--@include _cache_lesson
local lesson = cjson.decode(ARGV[3])
if lesson.entry ~= '' and is_fresh(ARGV[1] .. lesson.entry) then return redis.status_reply('GONE') end
note_row(KEYS[1], ARGV[2])
if lesson.keep > 0 then redis.call('LTRIM', KEYS[1], -lesson.keep, -1) end
add_sums(KEYS[2], lesson.sums)
count_words(KEYS[3], lesson.words)

local function add_record(group, agreed, labels)
  local key = group_prefix .. group
  if redis.call('EXISTS', key) == 0 then return end
  redis.call('HINCRBYFLOAT', key, '#agreed', agreed)
  redis.call('HINCRBYFLOAT', key, '#labels', labels)
end

local function move(id, group)
  local key = ARGV[1] .. id
  local old = redis.call('HGET', key, 'group')
  if not old or old == group then return end
  redis.call('HSET', key, 'group', group)
  group_add(group, id)
  group_remove(old, id)
end

if lesson.record[2] ~= 0 then
  add_record(lesson.group, string.format('%.17g', lesson.record[1]), string.format('%.17g', lesson.record[2]))
end
if lesson.joins ~= '' then
  for _, group in ipairs(lesson.merged) do
    local record = redis.call('HMGET', group_prefix .. group, '#agreed', '#labels')
    if record[2] then add_record(lesson.joins, record[1] or '0', record[2]) end
    for _, id in ipairs(redis.call('HKEYS', group_prefix .. group)) do
      if string.sub(id, 1, 1) ~= '#' then move(id, lesson.joins) end
    end
  end
  move(lesson.entry, lesson.joins)
end

for pair, evidence in pairs(lesson.pairs) do redis.call('HSET', KEYS[4], pair, string.format('%.6g', evidence)) end
local surplus = redis.call('HLEN', KEYS[4]) - most_pairs
if surplus > 0 then redis.call('HDEL', KEYS[4], unpack(redis.call('HRANDFIELD', KEYS[4], surplus))) end
renew(KEYS[1], ARGV[4])
return redis.status_reply('OK')
