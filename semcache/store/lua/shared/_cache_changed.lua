-- Adds to `changed` those of an answer's sources (JSON) whose version is not the one that it was built from, with the version
-- they have now (below 2^53, what a number of Lua can tell).
local function note_changed(changed, versions, sources)
  if not versions or not sources or sources == '{}' then return end
  for document, built_from in pairs(cjson.decode(sources)) do
    local current = redis.call('HGET', versions, document)
    if current and tonumber(current) ~= built_from then changed[document] = current end
  end
end
