--- Untrusted Lua: formulas that users wrote, with limits.
--
-- SPDX-License-Identifier: Apache-2.0
local zvm = require "zvm"

-- What users sent. Some mean no good.
local FORMULAS = {
  { "total", "local sum = 0 for _, x in ipairs(...) do sum = sum + x end "
    .. "return sum" },
  { "extremes", "local t = ... table.sort(t) return { t[1], t[#t] }" },
  { "typo", "return (...)[1] + totl" },
  { "spy", "return io.open('/etc/passwd'), os.getenv 'HOME'" },
  { "endless", "while true do end" },
  { "pattern", "return (('a'):rep(40)):find(('a*'):rep(40) .. 'b')" },
  { "greedy", "return ('x'):rep(2 ^ 31 - 1)" },
  { "rude", "os.exit(1)" },
  { "sly", "return { data = { print } }" },
}

local LIMITS = { memory = "16M", cpu = "200ms" }

local function show(value)
  if type(value) == "table" then
    local list = {}
    for i, each in ipairs(value) do
      list[i] = show(each)
    end
    return "{ " .. table.concat(list, ", ") .. " }"
  end
  return tostring(value)
end

for _, formula in ipairs(FORMULAS) do
  local name, source = unpack(formula)
  local result, message, code = zvm.sandbox(LIMITS, source, { 3, 1, 4, 1, 5 })
  if code then
    print(("%-9s %s: %s"):format(name, code, message:match "^[^\n]*"))
  else
    print(("%-9s %s"):format(name, show(result)))
  end
end

-- A function of our own, on data that came from elsewhere: its constants and
-- the functions that it calls go along.
local WORD = "%a+"

local function words(text)
  local count = {}
  for word in text:lower():gmatch(WORD) do
    count[word] = (count[word] or 0) + 1
  end
  return count
end

local function frequent(text, least)
  local list = {}
  for word, n in pairs(words(text)) do
    if n >= least then
      list[#list + 1] = word
    end
  end
  table.sort(list)
  return list
end

print("frequent  " .. show(zvm.sandbox(frequent,
  "The rain, the wind, and the rain again.", 2)))

-- With all that is known of a run.
local outcome = zvm.lua.run {
  source = [[
    local json = require "cjson"
    local order = json.decode(io.open("/dev/order"):read "*a")
    print("order " .. order.number)
    return order.items]],
  channels = { order = '{ "number": 7, "items": ["tea", "milk"] }' },
}
io.write("printed   ", outcome.output)
print("returned  " .. show(outcome[1]))
