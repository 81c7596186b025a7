-- Gives a document other passages, or deletes it: version, hash, passages, vectors and postings at once.
-- KEYS: versions, places, document, corpus, vectors now, vectors before; the others by their number in the plan.
-- ARGV: the plan (JSON), then the FP32 vector of each added passage.
--   plan: document, base and base_place (version and place that it was made for), version (the new one; negative = deleted), place (the new
--         one), fields (field, value, ... of the document), removed {key, id, terms, postings}, added {key, id, terms,
--         postings, weights, fields}; key and postings are numbers of KEYS.
-- Returns applied | conflict and the document's version: a conflict means that the plan has to be made again.
local versions, places, document, corpus, vectors, old_vectors = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local plan = cjson.decode(ARGV[1])
local known = tonumber(redis.call('HGET', versions, plan.document) or '0')

local function reply(status, version)
  return {status, string.format('%.0f', version)}
end

if known ~= plan.base or (redis.call('HGET', places, plan.document) or '') ~= plan.base_place then
  return reply('conflict', known)
end

-- First what may be refused: a vector of another dimension leaves everything as it was.
local has_vector = {}
for place, passage in ipairs(plan.added) do
  redis.call('VADD', vectors, 'FP32', ARGV[place + 1], passage.id, plan.quantisation)
  has_vector[passage.id] = vectors == old_vectors
end

local members, terms = 0, 0
for _, passage in ipairs(plan.removed) do
  if not has_vector[passage.id] then redis.call('VREM', old_vectors, passage.id) end
  redis.call('DEL', KEYS[passage.key])
  for _, posting in ipairs(passage.postings) do redis.call('ZREM', KEYS[posting], passage.id) end
  if passage.terms > 0 then members, terms = members - 1, terms - passage.terms end
end
for _, passage in ipairs(plan.added) do
  redis.call('HSET', KEYS[passage.key], unpack(passage.fields))
  for i, posting in ipairs(passage.postings) do
    redis.call('ZADD', KEYS[posting], passage.weights[i], passage.id)
  end
  if passage.terms > 0 then members, terms = members + 1, terms + passage.terms end
end
if members ~= 0 or terms ~= 0 then
  redis.call('HINCRBY', corpus, 'terms', terms)
  if redis.call('HINCRBY', corpus, 'members', members) == 0 then redis.call('DEL', corpus) end
end

redis.call('DEL', document)
if plan.version > 0 then
  redis.call('HSET', document, 'version', string.format('%.0f', plan.version), unpack(plan.fields))
end
redis.call('HSET', versions, plan.document, string.format('%.0f', plan.version))
if plan.place ~= plan.base_place then redis.call('HSET', places, plan.document, plan.place) end
return reply('applied', plan.version)
