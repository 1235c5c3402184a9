-- Arrays and branches: ten queens.
-- SPDX-License-Identifier: Apache-2.0
local N, solutions = 10, 0
local rows, up, down = {}, {}, {}

local function place(column)
  for row = 1, N do
    if not rows[row] and not up[row + column] and not down[row - column + N]
    then
      if column == N then
        solutions = solutions + 1
      else
        rows[row], up[row + column], down[row - column + N] = true, true, true
        place(column + 1)
        rows[row], up[row + column], down[row - column + N] = false, false,
          false
      end
    end
  end
end

place(1)
print(solutions)
