-- Many small tables that live and die.
-- SPDX-License-Identifier: Apache-2.0
local function make(depth)
  if depth == 0 then
    return {}
  end
  return { make(depth - 1), make(depth - 1) }
end

local function count(tree)
  if tree[1] then
    return 1 + count(tree[1]) + count(tree[2])
  end
  return 1
end

local DEPTH = 12
local kept, sum = make(DEPTH), 0
for depth = 4, DEPTH, 4 do
  for _ = 1, 2 ^ (DEPTH - depth + 3) do
    sum = sum + count(make(depth))
  end
end
print(sum, count(kept))
