-- Writes turns of one user, each whole or not at all; or writes anew what is derived of turns that are there.
-- KEYS: the user's chronology; the other keys begin as it does.
-- ARGV: prefix of the user's keys, fingerprint of the embedder, field of the vectors, quantisation; k1, b and reference
--   length of the weights in the postings; now, time to live of a window (s), turns it keeps; version of the layout,
--   whether turns that are there are written anew and no others (0/1); then of each turn:
--   id, at, session, its token, role, text, speaker ('' none), event, stems in order with repetition, turn before
--   ('' none), turn as JSON for the window, whether it tells facts (0/1), vector (FP32), packed vectors,
--   vectors of its passages (FP32, one after the other).
-- Returns {state, turn before, turn after} of each; state 1: written, 0: was there (anew: was not), -1: the user was
--   erased after that time, -2: it was forgotten.
--@include _escape
--@include _session_links
--@include _terms
--@include _unindex
--@include _window_push
local call = redis.call
local chronology, prefix, fingerprint, field, quantisation = KEYS[1], unpack(ARGV, 1, 4)
local k1, b, reference = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local now, ttl, most = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local layout, anew = ARGV[11], tonumber(ARGV[12])
local vectors, passages = prefix .. 'turns:' .. escape(fingerprint), prefix .. 'passages:' .. escape(fingerprint)
local erased = tonumber(call('GET', prefix .. 'erased') or '-inf')

-- As semcache.store.postings.Weighting.
local function weights(counts, length)
  local damping, known = k1 * (1 - b + b * length / reference), {}
  return function(stem)
    local tf = counts[stem]
    known[tf] = known[tf] or string.format('%.17g', tf * (k1 + 1) / (tf + damping))
    return known[tf]
  end
end

local function add_to_postings(id, stems)
  local distinct, counts, length = terms(stems)
  local weight = weights(counts, length)
  for _, stem in ipairs(distinct) do
    call('ZADD', prefix .. 'stem:' .. escape(stem), weight(stem), id)
  end
  if length > 0 then
    call('HINCRBY', prefix .. 'corpus', 'members', 1)
    call('HINCRBY', prefix .. 'corpus', 'terms', length)
  end
  return length
end

local function append(id, at, session, token, role, text, speaker, event, stems, previous, form, tells, vector, packed, long)
  local turn, escaped = prefix .. 'turn:' .. id, escape(session)
  local ordered = prefix .. 'session:' .. escaped
  if tonumber(at) <= erased then return {-1, '', ''} end
  if call('ZSCORE', prefix .. 'forgotten', id) then return {-2, '', ''} end
  if call('EXISTS', turn) ~= anew then return {0, links(ordered, id)} end

  -- First what may be refused: a vector of a wrong size leaves nothing behind.
  local attributes = '{"at": ' .. at .. ', "session": "' .. token .. '"}'
  call('VADD', vectors, 'FP32', vector, id, quantisation, 'SETATTR', attributes)
  if anew == 1 then
    unindex(prefix, id)
    call('HDEL', turn, 'passages')
  end
  for i = 1, #long / #vector do
    local part = string.sub(long, (i - 1) * #vector + 1, i * #vector)
    call('VADD', passages, 'FP32', part, id .. '#' .. i, quantisation, 'SETATTR', attributes)
  end
  call('SADD', prefix .. 'models', fingerprint)
  local length = add_to_postings(id, stems)
  call('HSET', turn, 'session', session, 'role', role, 'text', text, 'at', at, 'event', event, 'stems', stems,
    'length', length, 'previous', previous, 'layout', layout, field, packed)
  if long ~= '' then call('HSET', turn, 'passages', #long / #vector) end
  if speaker ~= '' then call('HSET', turn, 'speaker', speaker) end
  call('ZADD', chronology, at, id)
  call('ZADD', ordered, at, id)
  call('ZADD', prefix .. 'sessions', 'GT', at, session)
  if tells == '1' then
    call('ZADD', prefix .. 'telling', at, id)
  elseif call('HEXISTS', prefix .. 'claims', id) == 0 then
    call('ZREM', prefix .. 'telling', id)
  end
  if anew == 0 then push_window(prefix .. 'window:' .. escaped, tonumber(at), form, now, ttl, most) end
  return {1, links(ordered, id)}
end

local states = {}
for first = 13, #ARGV, 15 do
  table.insert(states, append(unpack(ARGV, first, first + 14)))
end
return states
