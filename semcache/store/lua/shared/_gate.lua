-- On a cluster nothing runs while the slot of its keys moves: there a key that has left, or was never made, is an error
-- in the middle of what is written, and one that has not yet come looks as if it were not there. No key has these two
-- names; to ask for both is refused on either side of a move, before anything is written.
local home = KEYS[1] and string.match(KEYS[1], '^[^{]*{[^}]+}')
if home then redis.call('EXISTS', home .. ':moves:1', home .. ':moves:2') end
