--- How far two words are from each other (Wagner and Fischer).
--
-- SPDX-License-Identifier: Apache-2.0

--- How many letters to change, add or leave out to make one the other. Takes
-- time by the product of their lengths: cut what a stranger wrote.
--
-- @tparam string a
-- @tparam string b
-- @treturn number
return function(a, b)
  local row = {}
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local corner = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      corner, row[j] = row[j],
        math.min(row[j] + 1, row[j - 1] + 1, corner + cost)
    end
  end
  return row[#b]
end
