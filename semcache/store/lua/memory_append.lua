-- Writes one turn: all of it or nothing.
-- KEYS: turn, vectors, chronology, session, sessions, lengths, corpus, window, erased, forgotten, models,
--   telling,
--   then a posting and a session stem for each stem.
-- ARGV: id, at, session, stems with repetition, vector (FP32), quantisation, attributes, fingerprint, now, time to
--   live of the window (s), turns it keeps, turn as JSON for the window, whether it tells facts (0/1), number of hash fields and
--   values, these,
--   then a weight and a count for each stem.
-- Returns {state, turn before, turn after}; state 1: written, 0: was there, -1: the user was erased after that time,
--   -2: it was forgotten.
--@include _session_links
--@include _window_push
local id, at, session = ARGV[1], tonumber(ARGV[2]), ARGV[3]
if at <= tonumber(redis.call('GET', KEYS[9]) or '-inf') then return {-1, '', ''} end
if redis.call('ZSCORE', KEYS[10], id) then return {-2, '', ''} end
if redis.call('EXISTS', KEYS[1]) == 1 then return {0, links(KEYS[4], id)} end

-- First what may be refused: a vector of a wrong size leaves nothing behind.
redis.call('VADD', KEYS[2], 'FP32', ARGV[5], id, ARGV[6], 'SETATTR', ARGV[7])
redis.call('SADD', KEYS[11], ARGV[8])
local fields = tonumber(ARGV[14])
redis.call('HSET', KEYS[1], unpack(ARGV, 15, 14 + fields))
redis.call('ZADD', KEYS[3], ARGV[2], id)
redis.call('ZADD', KEYS[4], ARGV[2], id)
redis.call('ZADD', KEYS[5], 'GT', ARGV[2], session)
if ARGV[13] == '1' then redis.call('ZADD', KEYS[12], ARGV[2], id) end
local argument = 15 + fields
for i = 13, #KEYS, 2 do
  redis.call('ZADD', KEYS[i], ARGV[argument], id)
  redis.call('ZINCRBY', KEYS[i + 1], ARGV[argument + 1], session)
  argument = argument + 2
end
if #KEYS > 12 then
  redis.call('HINCRBY', KEYS[7], 'members', 1)
  redis.call('HINCRBY', KEYS[7], 'terms', ARGV[4])
end
redis.call('ZINCRBY', KEYS[6], ARGV[4], session)
push_window(KEYS[8], at, ARGV[12], tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]))
return {1, links(KEYS[4], id)}
