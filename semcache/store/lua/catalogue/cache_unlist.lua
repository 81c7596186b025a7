-- Takes a scope that holds nothing out of a note, unless the note has been made again since the mark was set.
-- KEYS: leaving, the note (scopes, or dependants of a document), due. ARGV: scope id, mark, 1 to end the sweeps too.
-- Returns 1 if it was taken out.
local field = ARGV[1] .. KEYS[2]
if redis.call('HGET', KEYS[1], field) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], field)
redis.call('HDEL', KEYS[2], ARGV[1])
if ARGV[3] == '1' then redis.call('ZREM', KEYS[3], ARGV[1]) end
return 1
