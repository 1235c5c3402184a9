-- Floating point in local variables alone.
-- SPDX-License-Identifier: Apache-2.0
local N, inside = 180, 0
for row = 0, N - 1 do
  local ci = 2 * row / N - 1
  for column = 0, N - 1 do
    local cr = 2 * column / N - 1.5
    local zr, zi, left = 0, 0, 50
    while left > 0 and zr * zr + zi * zi < 4 do
      zr, zi = zr * zr - zi * zi + cr, 2 * zr * zi + ci
      left = left - 1
    end
    if left == 0 then
      inside = inside + 1
    end
  end
end
print(inside)
