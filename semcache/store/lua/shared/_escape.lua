-- An id as it stands in a key: percent-escaped, as in semcache.store.keys.
local function escape(id)
  return (string.gsub(id, '[^A-Za-z0-9_.~-]', function(c) return string.format('%%%02X', string.byte(c)) end))
end
