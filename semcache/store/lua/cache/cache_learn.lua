-- Writes what a compared answer or a hit teaches, and puts the entry into the answer group that the votes chose; nothing if
-- the entry is gone: it was erased, or will not be served again. What is taught without an entry needs sums that are there.
-- KEYS: rows, served, sums, words, pairs, repeats. ARGV: entry prefix, row ('' = none), bounds as JSON, lesson as JSON: sums to add,
-- words of the question, forget (the subject has changed: only the rows of the last so many requests are left; 0 = all),
-- group and record to add to it, entry, joins (its group), merged (groups that become one with it), pairs (evidence to
-- write), question (fingerprint of the one that was served from the entry, '' = none was); lifetime of the learning s.
--@include _cache_group
--@include _cache_lesson
local bounds, lesson = cjson.decode(ARGV[3]), cjson.decode(ARGV[4])
local owner = lesson.entry ~= '' and ARGV[1] .. lesson.entry or KEYS[3]
if is_fresh(owner) then return redis.status_reply('GONE') end
add_row(KEYS[1], KEYS[2], KEYS[3], ARGV[2], bounds)
add_sums(KEYS[3], lesson.sums)
count_words(KEYS[4], lesson.words, bounds)
if lesson.question ~= '' then
  count_repeat(KEYS[6], lesson.question, bounds)
  redis.call('HSET', owner, 'last', ARGV[2])  -- what a verdict of the user, which names the entry, is about
end

if lesson.forget > 0 then
  local oldest = tonumber(redis.call('HGET', KEYS[3], 'number') or 0) - lesson.forget
  keep_rows_after(KEYS[1], oldest)
  keep_rows_after(KEYS[2], oldest)
end

local function add_record(group, agreed, labels)
  local key = group_prefix .. group
  if not group_open(group) then return end
  redis.call('HINCRBYFLOAT', key, '#agreed', agreed)
  redis.call('HINCRBYFLOAT', key, '#labels', labels)
end

local function move(id, group)
  local key = ARGV[1] .. id
  if is_fresh(key) then return end
  local old = redis.call('HGET', key, 'group') or id
  if old == group then return end
  group_open(group)
  redis.call('HSET', key, 'group', group)
  group_add(group, id)
  group_remove(old, id)
end

if lesson.record[2] ~= 0 then
  add_record(lesson.group, string.format('%.17g', lesson.record[1]), string.format('%.17g', lesson.record[2]))
end
if lesson.joins ~= '' then
  for _, group in ipairs(lesson.merged) do
    group_open(group)
    local record = redis.call('HMGET', group_prefix .. group, '#agreed', '#labels')
    if record[2] then add_record(lesson.joins, record[1] or '0', record[2]) end
    for _, id in ipairs(redis.call('HKEYS', group_prefix .. group)) do
      if string.sub(id, 1, 1) ~= '#' then move(id, lesson.joins) end
    end
  end
  move(lesson.entry, lesson.joins)
end

for pair, evidence in pairs(lesson.pairs) do redis.call('HSET', KEYS[5], pair, string.format('%.6g', evidence)) end
local surplus = redis.call('HLEN', KEYS[5]) - bounds.pairs
if surplus > 0 then redis.call('HDEL', KEYS[5], unpack(redis.call('HRANDFIELD', KEYS[5], surplus))) end
renew(KEYS[1], ARGV[5])
return redis.status_reply('OK')
