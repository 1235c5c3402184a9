-- Closures, upvalues, and calls through tables.
-- SPDX-License-Identifier: Apache-2.0
local function counter(step)
  local n = 0
  return function()
    n = n + step
    return n
  end
end

local function compose(f, g)
  return function(x)
    return f(g(x))
  end
end

local sum = 0
for i = 1, 60000 do
  local c = counter(i % 7)
  c()
  c()
  sum = sum + c()
end
local inc = function(x)
  return x + 1
end
local f = inc
for _ = 1, 12 do
  f = compose(f, inc)
end
for i = 1, 60000 do
  sum = sum + f(i)
end
print(sum)
