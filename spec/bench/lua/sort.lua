-- table.sort: numbers, strings, and by a function.
-- SPDX-License-Identifier: Apache-2.0
local seed = 42
local function random()
  seed = (seed * 16807) % 2147483647
  return seed
end

local numbers, words, records = {}, {}, {}
for i = 1, 40000 do
  numbers[i] = random()
end
for i = 1, 10000 do
  words[i] = "w" .. random()
  records[i] = { key = random() % 1000, at = i }
end
table.sort(numbers)
table.sort(words)
table.sort(records, function(a, b)
  if a.key ~= b.key then
    return a.key < b.key
  end
  return a.at < b.at
end)
print(numbers[1], numbers[20000], words[5000], records[5000].at)
