-- Passages, each with its document's version at this very moment: an answer's lineage must not name a later one.
-- KEYS: versions, then the passages.
-- Returns for each {document, title, context, text, version}, or an empty list if it is gone.
local found = {}
for i = 2, #KEYS do
  local passage = redis.call('HMGET', KEYS[i], 'document', 'title', 'context', 'text')
  if passage[1] then
    passage[5] = redis.call('HGET', KEYS[1], passage[1])
    found[#found + 1] = passage
  else
    found[#found + 1] = {}
  end
end
return found
