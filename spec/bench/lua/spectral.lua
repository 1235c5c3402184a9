-- Floating point in arrays, and a small function in two loops.
-- SPDX-License-Identifier: Apache-2.0
local N = 180

local function element(i, j)
  local ij = i + j - 1
  return 1 / (ij * (ij - 1) * 0.5 + i)
end

local function times(x, y)
  for i = 1, N do
    local sum = 0
    for j = 1, N do
      sum = sum + x[j] * element(i, j)
    end
    y[i] = sum
  end
end

local function times_turned(x, y)
  for i = 1, N do
    local sum = 0
    for j = 1, N do
      sum = sum + x[j] * element(j, i)
    end
    y[i] = sum
  end
end

local u, v, t = {}, {}, {}
for i = 1, N do
  u[i] = 1
end
for _ = 1, 10 do
  times(u, t)
  times_turned(t, v)
  times(v, t)
  times_turned(t, u)
end
local uv, vv = 0, 0
for i = 1, N do
  uv, vv = uv + u[i] * v[i], vv + v[i] * v[i]
end
print(("%.9f"):format(math.sqrt(uv / vv)))
