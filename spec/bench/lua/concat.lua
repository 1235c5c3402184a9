-- Strings that are built: pieces, formats, long ones.
-- SPDX-License-Identifier: Apache-2.0
local pieces, size = {}, 0
for i = 1, 150000 do
  pieces[#pieces + 1] = "item " .. i .. ";"
  if i % 1000 == 0 then
    size = size + #table.concat(pieces, "\n")
    pieces = {}
  end
end
for i = 1, 60000 do
  size = size + #("%d:%s:%5.2f"):format(i, "name", i / 7)
end
local long = ""
for i = 1, 2000 do
  long = long .. i .. ","
end
print(size, #long, #long:rep(20):upper():reverse())
