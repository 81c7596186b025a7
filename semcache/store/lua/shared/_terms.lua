-- The stems of a text: each once, how often each occurs, and how many there are with repetition.
local function terms(stems)
  local distinct, counts, length = {}, {}, 0
  for stem in string.gmatch(stems, '%S+') do
    if not counts[stem] then table.insert(distinct, stem) end
    counts[stem] = (counts[stem] or 0) + 1
    length = length + 1
  end
  return distinct, counts, length
end
