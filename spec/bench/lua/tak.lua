-- luacheck: globals tak
-- Calls with three arguments, of a global function.
-- SPDX-License-Identifier: Apache-2.0
function tak(x, y, z)
  if y >= x then
    return z
  end
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
end

print(tak(22, 15, 6))
