-- Objects: methods, inheritance, metamethods.
-- SPDX-License-Identifier: Apache-2.0
local Point = {}
Point.__index = Point
Point.__add = function(a, b)
  return setmetatable({ x = a.x + b.x, y = a.y + b.y }, Point)
end

function Point:norm()
  return self.x * self.x + self.y * self.y
end

local Named = setmetatable({}, { __index = Point })
Named.__index = Named

function Named:rename(name)
  self.name = name
  return self
end

local sum, at = 0, setmetatable({ x = 1, y = 2 }, Point)
local step = setmetatable({ x = 0.5, y = -0.25 }, Point)
local named = setmetatable({ x = 1, y = 1 }, Named)
for i = 1, 120000 do
  at = at + step
  sum = sum + at:norm() % 7 + named:rename(i):norm()
end
print(("%.3f"):format(sum))
