-- Whether notes in another slot lead to an answer for as long as it will live: the scope's own (and it will be swept no
-- later than at until_s, 0 = never), those of its documents. `documents`: JSON, '' = the notes are made with the answer.
local function is_noted(noted, documents, until_s, ttl_ms, outlived_ms)
  if documents == '' then return true end
  local names, needed = { '#due' }, { outlived_ms }
  for _, document in ipairs(cjson.decode(documents)) do
    names[#names + 1], needed[#needed + 1] = 'd:' .. document, ttl_ms
  end
  local due = redis.call('HGET', noted, '#due')
  if not due or (until_s > 0 and until_s < tonumber(due)) then return false end
  for i, left_ms in ipairs(redis.call('HPTTL', noted, 'FIELDS', #names, unpack(names))) do
    if left_ms ~= -1 and (needed[i] == 0 or left_ms < needed[i]) then return false end
  end
  return true
end
