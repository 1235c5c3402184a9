-- Functions, closures, coroutines, errors, environments.
-- SPDX-License-Identifier: Apache-2.0
local function sum(...)
  local s = 0
  for _, n in ipairs { ... } do
    s = s + n
  end
  return s, select("#", ...)
end
print(sum(), (sum(1, 2, 3)), sum(1, nil, 3))
print(select(2, "a", "b", "c"), select(-1, 1, 2))
local function tail(n) if n == 0 then return "done" end return tail(n - 1) end
print(tail(100000))
local fs = {}
for i = 1, 3 do fs[i] = function() i = i + 1 return i end end
print(fs[1](), fs[1](), fs[2](), fs[3]())
local co = coroutine.create(function(a, b)
  print("start", a, b)
  local c = coroutine.yield(a + b)
  local d, e = coroutine.yield(c * 2)
  error({ d, e })
end)
print(coroutine.resume(co, 1, 2))
print(coroutine.status(co), coroutine.resume(co, 10))
local ok, err = coroutine.resume(co, "x", "y")
print(ok, type(err), err[1], err[2], coroutine.status(co), coroutine.resume(co))
print(coroutine.wrap(function() return pcall(pcall, error, "deep") end)())
local generator = coroutine.wrap(function()
  for i = 1, 3 do coroutine.yield(i) end
end)
print(generator(), generator(), generator(), generator(), pcall(generator))
print(pcall(coroutine.yield), coroutine.running())
print(pcall(error), pcall(error, nil))
print(pcall(error, "at", 0), pcall(error, "at", 1))
print(select(2, pcall(function() local x = nil; return x.y end)))
print(select(2, pcall(function() return 1 + {} end)))
print(select(2, pcall(function() return #5 end)))
print(select(2, pcall(function() return {} < {} end)))
print(select(2, pcall(function() return {} .. "x" end)))
print(select(2, pcall(function() undefined() end))) -- luacheck: ignore
print(select(2, pcall(string.rep, {}, 1)))
print(xpcall(function() error "inside" end, function(m)
  return "<" .. m .. ">"
end))
print((debug.traceback("trace", 1):gsub("0x%x+", "0x")))
local function deep() return 1 + deep() end
local caught, message = pcall(deep)
print(caught, #message > 0, (message:gsub("\n.*", "")))
print(loadstring "x =", type(loadstring("return ...", "=name")))
print(pcall(loadstring "return ..." , 1, 2))
print(type(load(function() return nil end)))
local pieces = { "return ", "1 + ", "2" }
print(load(function() return table.remove(pieces, 1) end)())
local chunk = loadstring "y = 1 return y"
local env = {}
setfenv(chunk, env)
print(chunk(), env.y, rawget(_G, "y"), getfenv(1) == _G)
print(type(string.dump(sum)))
print(loadstring(string.dump(function(x) return x * 3 end))(14))
local info = debug.getinfo(sum, "S")
print(info.linedefined, info.lastlinedefined, info.what, info.short_src)
local lines = 0
debug.sethook(function() lines = lines + 1 end, "l")
local _ = 1
_ = 2
debug.sethook()
print(lines, debug.getlocal(1, 1), debug.getupvalue(fs[1], 1))
print(pcall(setmetatable, 1, {}), type(print), type(nil), type(io.stdout))
