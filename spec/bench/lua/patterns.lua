-- Strings that are searched and taken apart.
-- SPDX-License-Identifier: Apache-2.0
local lines = {}
for i = 1, 3000 do
  lines[i] = ("key_%d = value %d, more text; x=%d # note"):format(i, i * 7,
    i % 13)
end
local text = table.concat(lines, "\n")
local sum, words = 0, 0
for _ = 1, 6 do
  for key, value in text:gmatch "(key_%d+)%s*=%s*value (%d+)" do
    sum = sum + #key + tonumber(value)
  end
  for _ in text:gmatch "%a+" do
    words = words + 1
  end
  local out, n = text:gsub("x=(%d+)", function(x)
    return "y=" .. x + 1
  end)
  sum = sum + #out + n
  local at = 1
  repeat
    at = text:find("note", at + 1, true)
    sum = sum + (at or 0)
  until not at
end
print(sum, words)
