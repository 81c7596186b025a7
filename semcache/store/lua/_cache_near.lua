-- How a stored question is given to the caller: a row of these fields after its id and similarity score.
-- JSON travels as one string: ten rows of single replies cost the client more than the search costs the server.
local near_fields = {
  'expires', 'rejected', 'context', 'tags', 'prompt', 'created', 'sources', 'group',
}

local function near_row(key, id, score)
  local row = redis.call('HMGET', key, unpack(near_fields))
  table.insert(row, 1, id)
  table.insert(row, 2, score)
  return row
end
