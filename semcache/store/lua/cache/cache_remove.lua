-- Removes entries with their vectors and indexes; returns how many.
-- ARGV: entry prefix, counter to raise, due ('' or: only what expires by then), document and version ('' or: only
-- answers built from an older version of the document), lifetime of the counters s, ids...
--@include _cache_entry
local counter, due, document, version = ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])

local function wanted(id)
  local known = redis.call('HMGET', entry_prefix .. id, 'expires', 'sources')
  if due and known[1] then
    local expires = tonumber(known[1])
    if expires == 0 or expires > due then return false end
  end
  if version and known[1] then
    local built_from = cjson.decode(known[2] or '{}')[document]
    return built_from ~= nil and math.abs(built_from) < version
  end
  return true
end

local removed = 0
for i = 7, #ARGV do
  if wanted(ARGV[i]) and remove(ARGV[i]) then removed = removed + 1 end
end
count(counter, removed)
if removed > 0 then renew(counters, ARGV[6]) end
return removed
