-- How a stored question is given to the caller: a row of these fields after its id and similarity score, then the
-- record of its answer group (agreed, labels). False is what is not there: the entry, or a field that has its default.
-- JSON travels as one string: ten rows of single replies cost the client more than the search costs the server.
--@include _cache_group
--@include _cache_changed
local near_fields = {
  'expires', 'rejected', 'context', 'tags', 'prompt', 'created', 'sources', 'group',
}

local function near_row(id, score)
  local row = redis.call('HMGET', ARGV[1] .. id, unpack(near_fields))
  local record = row[1] and redis.call('HMGET', group_prefix .. (row[8] or id), '#agreed', '#labels') or { false, false }
  table.insert(row, 1, id)
  table.insert(row, 2, score)
  row[11], row[12] = record[1], record[2]
  return row
end

-- The row of the entry stored under exactly a question, and the size of its group; nothing if there is none.
local function same_row(exact, asked)
  local id = redis.call('HGET', exact, asked)
  if not id then return nil end
  local row = near_row(id, '1')
  if row[3] then return row, group_size(row[10] or id) end
  redis.call('HDEL', exact, asked)
end

-- What is served of an entry, so that nobody has to come back for it; nothing if it is too long to be sent in vain.
local most_sent = 16384
local function answer(id)
  local key = ARGV[1] .. id
  if redis.call('HSTRLEN', key, 'response') + redis.call('HSTRLEN', key, 'metadata') > most_sent then return false end
  return redis.call('HMGET', key, 'response', 'format', 'tokens', 'cost', 'compute_s', 'metadata')
end

-- What a decision needs of the learning: version of the model, labels, how often something could be served, and how
-- often this question got another question's answer.
local function learned(model, sums, repeats, asked)
  local known = redis.call('HMGET', sums, 'labels', 'would_serve', 'strict_wrong', 'strict_checks', 'novelty', 'sure')
  return {
    redis.call('HGET', model, 'version'), known[1], known[2], redis.call('HGET', repeats, asked), known[3], known[4],
    known[5], known[6],
  }
end
