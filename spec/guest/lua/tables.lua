-- Tables: borders, sort, next, metatables.
-- SPDX-License-Identifier: Apache-2.0
local t = { 1, 2, 3, nil, 5, n = 5, [10] = 10, ["key"] = "v" }
print(t[5], t.n, t[10], t.key, #{ 1, 2, 3 }, #{}, select("#", unpack({}, 1, 3)))
table.insert(t, 1, "first")
print(t[1], t[2], table.remove(t, 1), t[1])
local list = {}
for i = 1, 200 do
  list[i] = (i * 7919) % 211
end
table.sort(list)
print(table.concat(list, " "))
table.sort(list, function(a, b) return a > b end)
print(list[1], list[100], list[200], table.maxn { 1, 2, [7.5] = 1 })
print(pcall(table.sort, { 3, "x", 1 }))
print(pcall(table.sort, { 1, 2, 3, 4, 5, 6, 7, 8 }, function() return true end))
local keys = {}
for key in pairs { a = 1, b = 2, c = 3, 10, 20 } do
  keys[#keys + 1] = tostring(key)
end
table.sort(keys)
print(unpack(keys))
print(next {}, rawequal(t, t), rawget(t, "none"), pcall(next, {}, "none"))
print(pcall(rawset, t, nil, 1), pcall(function() t[0 / 0] = 1 end))
local log = {}
local function note(name)
  return function(a, b)
    log[#log + 1] = name
    return type(a) == "table" and type(b) == "table" and 1 or 2
  end
end
local events = {}
for name in ("add sub mul div mod pow unm concat lt le eq"):gmatch "%w+" do
  events["__" .. name] = note(name)
end
events.__index = function(_, key) return "no " .. tostring(key) end
events.__newindex = function(self, key, value)
  rawset(self, key, value * 2)
end
events.__call = function(_, ...) return "called", ... end
events.__tostring = function() return "object" end
events.__metatable = "locked"
local a, b = setmetatable({}, events), setmetatable({}, events)
print(a + b, a - 1, 1 * a, a / b, a % b, a ^ 2, -a, a .. "x", "x" .. a)
print(a < b, a <= b, a == b, a ~= b, a > b, #a)
print(a.field, a(1, 2), tostring(a), getmetatable(a))
print(pcall(setmetatable, a, {}))
a.x = 21
print(rawget(a, "x"), table.concat(log, " "))
local weak = setmetatable({}, { __mode = "k" })
weak[{}] = 1
collectgarbage()
print(next(weak), collectgarbage "count" > 0)
local proxy = newproxy(true)
getmetatable(proxy).__gc = function() print "collected" end
proxy = nil -- luacheck: ignore
collectgarbage()
local chain = {}
for i = 1, 50 do
  chain = setmetatable({ ["k" .. i] = i }, { __index = chain })
end
print(chain.k1, chain.k50, chain.none)
local loop = {}
setmetatable(loop, { __index = loop })
print(pcall(function() return loop.x end))
