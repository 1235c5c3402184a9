-- Substrings as keys of a table.
-- SPDX-License-Identifier: Apache-2.0
local seed = 42
local letters, parts = { "a", "c", "g", "t" }, {}
for i = 1, 60000 do
  seed = (seed * 3877 + 29573) % 139968
  parts[i] = letters[math.floor(seed * 4 / 139968) + 1]
end
local text = table.concat(parts)

local function frequencies(size)
  local counts, distinct = {}, 0
  for i = 1, #text - size + 1 do
    local piece = text:sub(i, i + size - 1)
    local n = counts[piece]
    if not n then
      n, distinct = 0, distinct + 1
    end
    counts[piece] = n + 1
  end
  return distinct, counts
end

for _, size in ipairs { 1, 2, 3, 4, 6, 12, 18 } do
  print(size, (frequencies(size)))
end
local _, counts = frequencies(4)
print(counts.gatt, counts.acgt)
