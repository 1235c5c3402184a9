-- zvm.lua and zvm.sandbox: values in and out, limits, hostile chunks.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"
local values = require "zvm.lua.values"
local zvm = require "zvm"

local IS_JIT = rawget(_G, "jit") ~= nil
-- What the chunk says last is what comes back.
local ECHO = "return ..."

local function code_of(...)
  local _, message, code = ...
  assert.is_nil((...))
  assert.equal("string", type(message))
  return code, message
end

local function same_number(a, b)
  return a == b and 1 / a == 1 / b or a ~= a and b ~= b
end

describe("zvm.sandbox gives values back", function()
  it("as many as there are", function()
    assert.equal(2, zvm.sandbox "return 1 + 1")
    assert.equal(0, select("#", zvm.sandbox "local x = 1"))
    assert.equal(3, select("#", zvm.sandbox "return nil, nil, nil"))
    local a, b, c = zvm.sandbox(ECHO, 1, nil, "x")
    assert.same({ 1, nil, "x" }, { a, b, c })
    assert.equal(200, select("#", zvm.sandbox("return unpack({}, 1, 200)")))
  end)

  it("exactly: numbers", function()
    local list = { 0, 1, -1, 0.1, 1 / 3, 2 ^ 53, -2 ^ 53, 2 ^ 53 - 1,
      2 ^ 53 + 2, 2 ^ 63, 2 ^ 64, 1e300, 5e-324, 2.2250738585072014e-308,
      1.7976931348623157e308, math.huge, -math.huge, math.pi, 123456.789,
      -1 / math.huge, 0 / 0 }
    local seed = 1
    for _ = 1, 300 do
      seed = seed * 16807 % 2147483647
      list[#list + 1] = math.ldexp(seed / 2147483647, seed % 600 - 300)
    end
    local got = assert(zvm.sandbox(ECHO, list))
    for i = 1, #list do
      assert.truthy(same_number(list[i], got[i]))
    end
    local zero, inf, nan = zvm.sandbox [[
      local zero = 0
      return -zero, 1 / zero, zero / zero]]
    assert.truthy(zero == 0 and 1 / zero == -math.huge)
    assert.truthy(inf == math.huge and nan ~= nan)
  end)

  it("exactly: strings of any bytes", function()
    local bytes = {}
    for i = 0, 255 do
      bytes[#bytes + 1] = string.char(i)
    end
    local all = table.concat(bytes)
    assert.equal(all .. all:reverse(),
      (zvm.sandbox("local s = ... return s .. s:reverse()", all)))
    local long = ("z}\nr1\n"):rep(100000)
    assert.truthy(long == zvm.sandbox(ECHO, long))
    assert.equal("", (zvm.sandbox(ECHO, "")))
  end)

  it("exactly: tables, nested, of any keys", function()
    local t = { 1, "two", { 3, { 4 } }, x = { y = { z = true } }, [-1] = "a",
      [0.5] = "b", [2 ^ 53] = "c", [true] = 1, [false] = 0, [""] = "empty",
      ["a\0b"] = "nul", [10] = 10, [math.huge] = "inf" }
    assert.same(t, (zvm.sandbox(ECHO, t)))
    assert.same({}, (zvm.sandbox "return {}"))
    local holes = zvm.sandbox "return { nil, nil, 3, nil, 5 }"
    assert.equal(3, holes[3])
    assert.equal(5, holes[5])
    assert.is_nil(holes[1])
    local sparse = zvm.sandbox [[
      local t = {}
      for i = 0, 40 do t[2 ^ i] = i end
      return t]]
    assert.equal(40, sparse[2 ^ 40])
  end)

  it("with a table that is there twice as one table", function()
    local shared = { "s" }
    local a, b = zvm.sandbox(ECHO, { shared, x = shared }, shared)
    assert.truthy(a[1] == a.x and a[1] == b and b[1] == "s")
    local c, d = zvm.sandbox "local t = {} return { t, t }, t"
    assert.truthy(c[1] == c[2] and c[1] == d)
  end)

  it("of many tables in another that would be endless written out", function()
    local top = zvm.sandbox [[
      local t = {}
      for i = 1, 150 do t = { t, t } end
      return t]]
    local depth = 0
    while top[1] do
      assert.equal(top[1], top[2])
      top, depth = top[1], depth + 1
    end
    assert.equal(150, depth)
  end)

  it("without metatables", function()
    local t = zvm.sandbox [[
      return setmetatable({ x = 1 }, { __index = function() error "no" end,
        __newindex = error, __metatable = "locked" })]]
    assert.same({ x = 1 }, t)
    assert.is_nil(getmetatable(t))
  end)
end)

describe("zvm.sandbox refuses, naming the place,", function()
  local refused = {
    { "return print", "result[1]: a function cannot leave the sandbox" },
    { "return 1, { x = { y = print } }",
      "result[2].x.y: a function cannot leave the sandbox" },
    { "return { { ['a b'] = io.stdout } }",
      'result[1][1]["a b"]: a userdata cannot leave the sandbox' },
    { "return { [0.5] = { [true] = coroutine.create(function() end) } }",
      "result[1][0.5][true]: a thread cannot leave the sandbox" },
    { "return { [{}] = 1 }",
      "result[1]: a table as a key cannot leave the sandbox" },
    { "return { x = { [print] = 1 } }",
      "result[1].x: a function as a key cannot leave the sandbox" },
    { "local t = {} t.a = { t } return t",
      "result[1].a[1]: a table that contains itself" },
  }

  for _, case in ipairs(refused) do
    it("what cannot come back: " .. case[1], function()
      local code, message = code_of(zvm.sandbox(case[1]))
      assert.same({ "VALUE", case[2] }, { code, message })
    end)
  end

  it("results that are nested too deeply", function()
    local code, message = code_of(zvm.sandbox [[
      local t = {}
      for i = 1, 5000 do t = { t } end
      return t]])
    assert.equal("VALUE", code)
    assert.truthy(message:find("tables nested too deeply", 1, true))
    assert.truthy(#message < 200)
  end)

  it("arguments that cannot be sent", function()
    local cycle = {}
    cycle.x = { cycle }
    local deep = {}
    for _ = 1, 5000 do
      deep = { deep }
    end
    for _, case in ipairs {
      { { x = { y = print } }, "args[1].x.y: a function cannot be sent" },
      { { [{}] = 1 }, "args[1]: a table as a key cannot be sent" },
      { { 1, { io.stdout } }, "args[1][2][1]: a userdata cannot be sent" },
      { coroutine.create(function() end), "args[1]: a thread cannot be sent" },
      { cycle, "args[1].x[1]: a table that contains itself" },
    } do
      local code, message = code_of(zvm.sandbox(ECHO, case[1]))
      assert.same({ "VALUE", "zvm.sandbox: " .. case[2] }, { code, message })
    end
    assert.equal("VALUE", (code_of(zvm.sandbox(ECHO, deep))))
  end)

  it("more results than Lua's stack has room for", function()
    assert.equal("VALUE", (code_of(zvm.sandbox "return unpack({}, 1, 1001)")))
    assert.equal("VALUE", (code_of(zvm.sandbox "return unpack({}, 1, 7900)")))
  end)
end)

describe("zvm.sandbox tells of errors", function()
  it("with the message and a traceback of the chunk alone", function()
    local code, message = code_of(zvm.sandbox [[
      local function inner() error "boom" end
      inner()]])
    assert.equal("ERROR", code)
    assert.equal("chunk:1: boom\nstack traceback:\n"
      .. "\t[C]: in function 'error'\n\tchunk:1: in function 'inner'\n"
      .. "\tchunk:2: in main chunk", message)
  end)

  it("of the compiler", function()
    local code, message = code_of(zvm.sandbox "x = = 1")
    assert.same({ "ERROR", "chunk:1: unexpected symbol near '='" },
      { code, message })
  end)

  it("that are values, of which zvm.lua.run has the value", function()
    local outcome = zvm.lua.run { source = "error { code = 7, { 'x' } }" }
    assert.is_false(outcome.ok)
    assert.equal("ERROR", outcome.code)
    assert.same({ code = 7, { "x" } }, outcome.error)
    assert.equal("(error object is a table value)", outcome.message)
    outcome = zvm.lua.run { source = [[
      error(setmetatable({}, { __tostring = function() return "told" end }))]] }
    assert.equal("told", outcome.message)
    outcome = zvm.lua.run { source = "error(print)" }
    assert.same({ "ERROR", nil }, { outcome.code, outcome.error })
    outcome = zvm.lua.run { source = "error()" }
    assert.equal("(error object is a nil value)", outcome.message)
    outcome = zvm.lua.run { source = [[
      error(setmetatable({ 5 }, { __tostring = function() error "x" end }))]] }
    assert.same({ "ERROR", "(error object is a table value)", { 5 } },
      { outcome.code, outcome.message, outcome.error })
  end)

  it("whatever the chunk did to the libraries", function()
    local code, message = code_of(zvm.sandbox [[
      debug.traceback = function() return {} end
      string.find, table.concat, tostring, debug = nil
      local error, set, g = error, rawset, _G
      for key in pairs(g) do set(g, key, nil) end
      error "still there"]])
    assert.equal("ERROR", code)
    assert.truthy(message:find "^chunk:5: still there\nstack traceback:")
  end)

  it("of an exit by itself", function()
    local code, message = code_of(zvm.sandbox "os.exit(3)")
    assert.equal("EXIT", code)
    assert.equal("the chunk ended by itself, with code 3", message)
  end)
end)

-- Each would go on for ever, or take all memory there is. Times of the
-- processor are short: what is tested is that they end.
describe("zvm.sandbox ends", function()
  local function ends(code, source)
    local options = { cpu = "100ms", timeout = 20, memory = "16M" }
    local got, message = code_of(zvm.sandbox(options, source))
    assert.equal(code, got, message)
  end

  local endless = {
    ["a loop"] = "while true do end",
    ["a loop in pcall"] = "while true do pcall(error) end",
    ["an empty goto of a hook"] =
      "debug.sethook(function() while true do end end, '', 1) local x = 1",
    ["a pattern with much to try"] =
      "return (('a'):rep(40)):find(('a*'):rep(40) .. 'b')",
    ["gsub with a pattern of the same kind"] =
      "return (('a'):rep(3000)):gsub(('.-'):rep(30) .. 'b', '')",
    ["metamethods that call each other"] = [[
      local t = setmetatable({}, { __index = function(t, k)
        return (pcall(function() return t[k .. "x"] end)) end })
      while true do local _ = t.x end]],
    ["coroutines"] = [[
      while true do coroutine.wrap(function() coroutine.yield() end)() end]],
    ["concatenation"] = "local s = ('x'):rep(2^20) while true do s:rep(2) end",
    ["sort by a function that lies"] = [[
      while true do
        local t = {} for i = 1, 1000 do t[i] = i end
        pcall(table.sort, t, function() return true end)
      end]],
    ["garbage with finalizers"] = [[
      while true do
        local p = newproxy(true)
        getmetatable(p).__gc = function() while true do end end
      end]],
    ["clocks that are waited for"] =
      "local t = os.time() while os.time() < t + 1e9 do end",
    ["output without end"] = "while true do io.stderr:write '' end",
    ["a call of itself"] = "local function f() return f() end f()",
    ["a file that is read without end"] =
      "local f = io.open '/dev/zero' while true do f:read(1024) end",
  }
  for name, source in pairs(endless) do
    it("what takes all time: " .. name, function()
      ends("LIMIT", source)
    end)
  end

  local large = {
    ["string.rep"] = "return ('x'):rep(2 ^ 30)",
    ["string.rep, nested"] = "return ('x'):rep(2 ^ 15):rep(2 ^ 15)",
    ["doubling"] = "local s = 'x' while true do s = s .. s end",
    ["a table"] = "local t = {} for i = 1, 2 ^ 30 do t[i] = i end",
    ["keys"] = "local t = {} for i = 1, 2 ^ 30 do t['k' .. i] = i end",
    ["tables in tables"] = "local t = {} while true do t = { t, {} } end",
    ["closures"] = [[
      local f = print
      while true do local g = f f = function() return g end end]],
    ["coroutines"] = [[
      local all = {}
      while true do
        all[#all + 1] = coroutine.wrap(function(...) coroutine.yield(...) end)
      end]],
    ["table.concat"] = [[
      local t, s = {}, ('x'):rep(2 ^ 16)
      for i = 1, 2 ^ 14 do t[i] = s end
      return table.concat(t)]],
    ["gsub"] = "return (('x'):rep(2 ^ 20):gsub('x', ('y'):rep(100)))",
    ["a format"] = [[
      local s = ('x'):rep(2 ^ 20)
      local t = {}
      for i = 1, 64 do t[i] = s end
      return (('%s'):rep(64)):format(unpack(t))]],
    ["files in memory"] = [[
      local f, s = io.open('/tmp/large', 'w'), ('x'):rep(2 ^ 16)
      repeat local done = f:write(s) until not done
      local t = {} while true do t[#t + 1] = s .. #t end]],
  }
  for name, source in pairs(large) do
    it("what takes all memory: " .. name, function()
      ends("LIMIT", source)
    end)
  end

  it("what takes all memory on its way back", function()
    local results = "local t = {} for i = 1, %d do t[i] = {} end return t"
    for n = 4000, 44000, 4000 do -- from what fits to what is not made whole
      local got, message, code = zvm.sandbox({ memory = "3M" },
        results:format(n))
      assert.same(got and {} or { "not enough memory (memory = 3M)", "LIMIT" },
        { message, code })
    end
    ends("LIMIT", [[
      error(setmetatable({}, { __tostring = function()
        return ("x"):rep(2 ^ 30) end }))]])
  end)

  it("recursion, in Lua and in C", function()
    ends("ERROR", "local function f() return 1 + f() end return f()")
    ends("ERROR", [[
      local t = setmetatable({}, {})
      getmetatable(t).__index = function(_, k) return t[k] end
      return t.x]])
    local code, message = code_of(zvm.sandbox({ memory = "256M" },
      "return (('a'):rep(2e6):find(('a?'):rep(2e6)))"))
    assert.equal("FAULT", code)
    assert.truthy(message:find "stack")
  end)

  it("a wait, by the time on the wall", function()
    local p = assert(zvm.pipe())
    local code = code_of(zvm.sandbox({ timeout = "100ms", channels = {
      never = { read = function()
        local stop = os.clock() + 0.3
        repeat until os.clock() > stop
        return "x"
      end } } }, "return io.open('/dev/never'):read '*a'"))
    p:close()
    assert.equal("TIMEOUT", code)
  end)

  it("results that are too large", function()
    local code, message = code_of(zvm.sandbox({ results = "64K" },
      "return ('x'):rep(70000)"))
    assert.same({ "LIMIT", "the results are larger than 64K (results)" },
      { code, message })
    assert.equal(60000, #zvm.sandbox({ results = "64K" },
      "return ('x'):rep(60000)"))
  end)

  it("output that is too large to keep", function()
    for _, name in ipairs { "stdout", "stderr" } do
      local code, message = code_of(zvm.sandbox({ results = "64K" },
        ("while true do io.%s:write(('x'):rep(1000)) end"):format(name)))
      assert.same({ "LIMIT", "what the chunk wrote to " .. name
        .. " is larger than 64K (results)" }, { code, message })
    end
  end)

  it("and the host goes on", function()
    local descriptors = host.descriptors()
    for _ = 1, 5 do
      zvm.sandbox({ cpu = "10ms" }, "while true do end")
      zvm.sandbox({ memory = "4M" }, "return ('x'):rep(2 ^ 28)")
    end
    assert.truthy(host.descriptors() <= descriptors + 3)
    assert.equal("here", (zvm.sandbox "return 'here'"))
  end)
end)

describe("zvm.sandbox keeps out", function()
  it("the host's files, environment, processes and time", function()
    assert.same({ false, false, true, -1, 946684800 }, (zvm.sandbox [[
      return { io.open "/etc/passwd" ~= nil, os.getenv "HOME" ~= nil,
        io.popen "ls" == nil, os.execute "true", os.time() }]]))
  end)

  it("one call's globals from another's", function()
    zvm.sandbox "x = 1 string.rep = nil"
    assert.is_nil((zvm.sandbox "return x"))
    assert.equal("aa", (zvm.sandbox "return ('a'):rep(2)"))
  end)

  it("the host's metatables from what comes back", function()
    local t = zvm.sandbox [[return { __index = 1, __gc = "x", __call = "y" }]]
    assert.is_nil(getmetatable(t))
  end)
end)

describe("a function in the sandbox", function()
  local sandbox = zvm.sandbox
  local LIMIT, NAME, ON = 7, "name", true
  local floor, insert, strings = math.floor, table.insert, string
  local secret, validate = { "not plain" }, zvm.validate

  local function fib(n)
    if n < 2 then
      return n
    end
    return fib(n - 1) + fib(n - 2)
  end

  local is_odd
  local function is_even(n)
    if n == 0 then
      return true
    end
    return is_odd(n - 1)
  end
  function is_odd(n)
    if n == 0 then
      return false
    end
    return is_even(n - 1)
  end

  it("takes arguments and gives results", function()
    assert.equal(7, (sandbox(function(a, b)
      return a + b
    end, 3, 4)))
    local n, a, b = sandbox(function(...)
      return select("#", ...), ...
    end, "x", "y")
    assert.same({ 2, "x", "y" }, { n, a, b })
  end)

  it("may call itself, and others as they call it", function()
    assert.equal(55, (sandbox(fib, 10)))
    assert.is_true((sandbox(is_even, 10)))
    assert.equal(21, (sandbox(function(n)
      return fib(n) + (is_even(n) and 1 or 0)
    end, 8) - 1))
  end)

  it("has its constants along", function()
    assert.same({ 7, "name", true }, (sandbox(function()
      return { LIMIT, NAME, ON }
    end)))
  end)

  it("has libraries of the host as those of the guest", function()
    assert.same({ 2, 3, "A" }, (sandbox(function(x)
      local t = {}
      insert(t, floor(x))
      insert(t, math.ceil(x))
      insert(t, strings.upper "a")
      return t
    end, 2.5)))
  end)

  it("may be one of Lua's own libraries", function()
    assert.equal("xxx", (sandbox(string.rep, "x", 3)))
    assert.is_true((sandbox(rawequal, 1, 1)))
    assert.equal("LIMIT", (code_of(zvm.sandbox({ memory = "8M" }, string.rep,
      "x", 2 ^ 30))))
    local code, message = code_of(zvm.sandbox(math.floor, {}))
    assert.equal("ERROR", code)
    assert.truthy(message:find "^bad argument #1 to '%?' %(number expected")
  end)

  it("does not change what it has from outside", function()
    local count = 1
    assert.equal(2, (sandbox(function()
      count = count + 1
      return count
    end)))
    assert.equal(1, count)
  end)

  it("is refused with what is no plain value, by name", function()
    local code, message = code_of(sandbox(function()
      return secret[1]
    end))
    assert.equal("SOURCE", code)
    assert.truthy(message:find("upvalue secret of the function at ", 1, true))
    assert.truthy(message:find("is a table: pass it as an argument", 1, true))
    code, message = code_of(sandbox(function()
      return validate
    end))
    assert.equal("SOURCE", code)
    assert.truthy(message:find "upvalue validate of .*in C cannot be sent")
  end)

  it("is refused where a whole chunk has another text as its name", function()
    local code, message = code_of(sandbox(loadstring("return 1", "return 2")))
    assert.equal("SOURCE", code)
    assert.truthy(message:find "its source there is another one")
    assert.equal(2, (sandbox(loadstring("return 2", "return 2"))))
  end)

  it("is refused where its source is not to be had", function()
    for _, case in ipairs {
      { validate, "a function in C cannot be sent" },
      { loadstring("return 1", "=name"), "its source is not known, only its "
        .. "name name" },
      { loadstring(string.dump(loadstring("return 1", "=(gone)"))),
        "its source is not known" },
      { loadstring("return 1", "@/none/such.lua"),
        "/none/such.lua: No such file" },
    } do
      local code, message = code_of(sandbox(case[1]))
      assert.equal("SOURCE", code)
      assert.truthy(message:find(case[2], 1, true), message)
    end
  end)

  it("is refused where a string of it would be another one", function()
    local text = [[
      local good = function() return "\\x41 \65" end -- "\x41"
      return good, function() return 'a' .. "b\x41" .. 'c' end,
        function() return good(), "\u{41}" end]]
    local good, bad, other = loadstring(text)()
    assert.equal("\\x41 A", zvm.sandbox(good))
    for escape, f in pairs { ["\\x"] = bad, ["\\u"] = other } do
      local got, message, code = zvm.sandbox(f)
      if IS_JIT then
        assert.same({ nil, "SOURCE" }, { got, code })
        assert.truthy(message:find("a string in it has " .. escape, 1, true))
      else
        assert.is_nil(code)
      end
    end
    local _, _, code = zvm.sandbox(loadstring [[return "\x41"]])
    assert.equal(IS_JIT and "SOURCE" or nil, code)
  end)

  it("is told from another one on its lines",
    function()
      local f, g = loadstring [[
        return function() return 1 end, function() return 2 end]]()
      local h, i = loadstring [[
        return function(a) return a end, function(a, b) return b end]]()
      assert.equal(8, (sandbox(i, 7, 8)))
      assert.equal(7, (sandbox(h, 7, 8)))
      assert.equal(1, (sandbox(f)))
      assert.equal(2, (sandbox(g)))
      local same = loadstring [[
        return function() return 3 end, function() return 3 end]]()
      assert.equal(3, (sandbox(same)))
    end)

  it("is the same after it was compiled to machine code", function()
    local sum = 0
    local function hot(n)
      local s = LIMIT
      for i = 1, n do
        s = s + i % 3
      end
      while s > 1e6 do
        s = s - 1
      end
      return s
    end
    for _ = 1, 300 do
      sum = sum + hot(300)
    end
    assert.equal(hot(100), (sandbox(hot, 100)))
    assert.truthy(sum > 0)
  end)

  it("is refused when its file is another one by now", function()
    host.inside(function(dir)
      local path = dir .. "/f.lua"
      host.write_file(path, "return function(x) return x + 1 end")
      local f = dofile(path)
      assert.equal(2, (sandbox(f, 1)))
      local g = dofile(path)
      host.write_file(path, "\n\nreturn function(x) return x + 1 end")
      local code, message = code_of(sandbox(g, 1))
      assert.equal("SOURCE", code)
      assert.truthy(message:find "its source there is another one")
      local both = "local a, b = 1, 2 return function(x) return x + a * b %s"
      host.write_file(path, both:format "+ 1 end")
      local h, i = dofile(path), dofile(path)
      assert.equal(4, (sandbox(h, 1)))
      host.write_file(path, both:format "+ 2 end")
      assert.equal("SOURCE", (code_of(sandbox(i, 1))))
    end)
  end)

  it("is found among all that Lua's text can have", function()
    local f = loadstring [==[
      -- function( end
      local s, t = "function \" end", '\'function'
      --[[ function
      end ]]
      local u = [=[ function end ]] ]=]
      if s then repeat local x = 0x1e while x do break end until true end
      for i = 1, 2 do local _ = i end
      local o = {}
      function o.a.b() end -- luacheck: ignore
      function o:method(x) return self, x, u end
      return { f = function() return s .. t .. u end }]==]
    local text = debug.getinfo(f, "S").source:gsub("function o.a.b[^\n]*", "")
    local t = loadstring(text)()
    assert.equal('function " end\'function function end ]] ',
      (sandbox(t.f)))
  end)

  it("keeps its name and lines in messages", function()
    local _, message = sandbox(function()
      error "here"
    end)
    local line = debug.getinfo(1, "l").currentline - 2
    assert.truthy(message:find("sandbox_spec.lua:" .. line .. ": here", 1,
      true))
  end)

  it("may be a whole chunk, and a method", function()
    assert.equal(3, (sandbox(loadstring "local a, b = ... return a + b", 1, 2)))
    local o = loadstring [[
      local o = {}
      function o:add(x) return self.n + x end
      return o]]()
    assert.equal(5, (sandbox(o.add, { n = 2 }, 3)))
  end)
end)

describe("zvm.lua", function()
  it("has modules, arguments, a name", function()
    assert.equal(42, (zvm.lua {
      source = "local m, x = require 'a.b', ... return m.twice(x)",
      args = { 21 },
      modules = {
        ["a.b"] = "local c = require 'c' return { twice = c }",
        c = "return function(x) return x * 2 end",
      },
    }))
    local _, message = zvm.lua { source = "require 'm'", name = "=main",
      modules = { m = "\nerror 'in m'" } }
    assert.truthy(message:find "^m:2: in m\n")
    assert.truthy(message:find "main:1: in main chunk$")
  end)

  it("runs a file of the host", function()
    host.inside(function(dir)
      host.write_file(dir .. "/f.lua", "#!/usr/bin/lua\nreturn ..., error 'e'")
      local _, message = zvm.lua { path = dir .. "/f.lua", args = { 1 } }
      assert.truthy(message:find(dir .. "/f.lua:2: e", 1, true))
    end)
  end)

  it("keeps what is printed, or gives it to a function", function()
    local outcome = zvm.lua.run { source = "print('a', 1) io.write 'b'" }
    assert.equal("a\t1\nb", outcome.output)
    local pieces = {}
    assert.equal(5, (zvm.lua { source = "print 'x' return 5",
      output = function(bytes)
        pieces[#pieces + 1] = bytes
      end }))
    assert.equal("x\n", table.concat(pieces))
    assert.has_error(function()
      zvm.lua { source = "print 'x'", output = function()
        error("from output", 0)
      end }
    end, "from output")
  end)

  it("has channels and files of zvm.run", function()
    local outcome = assert(zvm.lua.run {
      source = [[
        local out = assert(io.open("/out/x", "w"))
        out:write(io.open("/dev/words"):read "*a", io.open("/f"):read "*a")
        out:close()
        return io.read "*l"]],
      channels = { words = "words ", stdin = "line\n" },
      files = { ["/f"] = "file", ["/out"] = { directory = true } },
      collect = { "/out" },
    })
    assert.equal("line", outcome[1])
    assert.same({ ["/out/x"] = "words file" }, outcome.report.files)
  end)

  it("runs inline too", function()
    assert.equal(2, (zvm.lua { source = "return 1 + 1",
      isolation = "inline" }))
    assert.equal("LIMIT", (code_of(zvm.lua { source = "while true do end",
      cpu = "50ms", isolation = "inline" })))
  end)

  it("goes on beside the script", function()
    local sessions = {}
    for i = 1, 3 do
      sessions[i] = assert(zvm.lua.start { source = "return ... * 2",
        args = { i } })
    end
    for i = 3, 1, -1 do
      assert.equal(i * 2, sessions[i]:wait()[1])
    end
    local session = assert(zvm.lua.start { source = "while true do end" })
    assert.is_true(session:close())
  end)

  it("is the same twice, whatever tables were through", function()
    local a, b = {}, {}
    for i = 1, 200 do
      a["k" .. i], a[i + 0.5] = i, true
      b["k" .. 201 - i], b[201.5 - i] = 201 - i, true
    end
    local code = [[
      local list = {}
      for key in pairs(...) do list[#list + 1] = key end
      return table.concat(list, " "), tostring(list), math.random()]]
    local first = { zvm.sandbox(code, a) }
    assert.equal(3, #first)
    assert.same(first, { zvm.sandbox(code, b) })
  end)

  it("says what is wrong with its options", function()
    for _, case in ipairs {
      { {}, "one of source and path is wanted" },
      { { source = "", path = "x" }, "one of source and path is wanted" },
      { { source = 1 }, "source: string or function expected, got 1" },
      { { source = "\27Lua" },
        "source: precompiled code does not run here, text does" },
      { { sorce = "" }, 'unknown option "sorce"; did you mean "source"?' },
      { { mem = 1 }, 'unknown option "mem"; did you mean "memory"?' },
      { { source = "", name = 1 }, "name: string expected, got 1" },
      { { source = "", args = 1 }, "args: table expected, got 1" },
      { { source = "", args = { n = 201 } }, "args: at most 200 are possible" },
      { { source = "", modules = { m = 1 } },
        'modules["m"]: string expected, got 1' },
      { { source = "", modules = { "x" } },
        "modules: a module without a name" },
      { { source = "", output = 1 },
        "output: function or true expected, got 1" },
      { { source = "", output = true, channels = { stdout = {} } },
        "output: channels.stdout says it already" },
      { { source = "", channels = { ["/dev/zvm/reply"] = "" } },
        "channels: /dev/zvm/reply is what results come by" },
      { { source = "", results = "x" },
        'results: size such as 4096 or "64M" expected, got "x"' },
      { { source = "", results = 0 },
        "results: 1 byte at least expected, got 0" },
      { { source = "", memory = "many" }, nil },
      { { source = "", memory = 5 }, nil },
    } do
      local code, message = code_of(zvm.lua(case[1]))
      assert.equal("OPTION", code)
      assert.equal("zvm.lua: ", message:sub(1, 9))
      if case[2] then
        assert.equal(case[2], message:sub(10))
      end
    end
    assert.equal("SYSTEM", (code_of(zvm.lua { path = "/none" })))
    assert.same({ "SYSTEM", "zvm.lua: path: /tmp: Is a directory" },
      { code_of(zvm.lua { path = "/tmp" }) })
    assert.equal("OPTION", (code_of(zvm.sandbox({ args = {} }, "return 1"))))
    assert.has_error(function()
      zvm.sandbox(1)
    end, "zvm.sandbox: function or string expected, got number")
    assert.has_error(function()
      zvm.sandbox({})
    end, "zvm.sandbox: function or string expected, got nil")
  end)
end)

-- What a chunk can say in place of what it should.
describe("a hostile reply", function()
  local function reply(bytes)
    return zvm.lua.run { args = { bytes }, source = [[
      local f = io.open("/dev/zvm/reply", "w")
      f:write((...))
      f:close()
      os.exit(0)]] }
  end

  it("is damage, and no more", function()
    for _, bytes in ipairs { "x", "R", "R1", "R1\n", "R-1\nz\n", "R1\nq\n",
      "R1\ns9999999999\n", "R1\ns5\nabc", "R1\nd\n", "R1\nd0x\n", "R1\n{\n",
      "R1\n{1\n", "R1\n{0\nz\nt\n}\n", "R1\n{0\ndnan\nt\n}\n", "R1\nr1\n",
      "R1\n{1\nr1\n}\n", "R1\n{0\n{0\n}\nt\n}\n", "R9999999\nz\n", "E\n",
      "E\nt\n", "R2\nz\n", "R1\nt", "R1\n!5\nabc", "R1\n{9999999999\n",
      ("R1\n" .. ("{1\n"):rep(100000)) } do
      local outcome = reply(bytes)
      assert.same({ false, "VALUE" }, { outcome.ok, outcome.code }, bytes)
      assert.is_nil(outcome[1])
    end
    assert.equal(5, reply("R1\nd5\n")[1])
  end)

  -- What comes of three results when reading the third one raises this.
  local function raised(problem)
    local read, n = values.read, 0
    values.read = function(reader)
      n = n + 1
      if n == 3 then
        error(problem, 0)
      end
      return read(reader)
    end
    local ok, outcome = pcall(zvm.lua.run, { source = "return 1, nil, 3" })
    values.read = read
    return ok, outcome
  end

  it("that does not fit into the host's memory is told as that", function()
    for _, problem in ipairs { "not enough memory",
      "values.lua:1: table overflow" } do
      local ok, outcome = raised(problem)
      assert.is_true(ok)
      assert.equal("NOMEM", outcome.code)
      assert.equal("the results do not fit: " .. problem, outcome.message)
      assert.same({}, { outcome[1], outcome[2], outcome[3] })
    end
  end)

  it("is not blamed for what a hook of the host raises", function()
    assert.same({ false, "interrupted!" }, { raised "interrupted!" })
    local mine = {}
    assert.equal(mine, select(2, raised(mine)))
  end)

  it("of any bytes takes time in proportion", function()
    local out = values.writer()
    values.write(out, { 1, "two", { x = { 3.5, true }, y = "z" }, false,
      math.huge, { {}, {} }, key = { deep = { deeper = {} } } })
    local good, seed = values.bytes(out), 42
    local function random(n)
      seed = seed * 16807 % 2147483647
      return seed % n
    end
    local letters = "ztfds{}r!\n0123456789-.einfa"
    for _ = 1, IS_JIT and 20000 or 5000 do
      local bytes = good
      for _ = 0, random(4) do
        local at, c = random(#bytes) + 1, random(#letters) + 1
        bytes = bytes:sub(1, at - 1) .. letters:sub(c, c)
          .. bytes:sub(at + random(3))
      end
      local reader = values.reader(bytes, 1, 5)
      local ok, value = values.read(reader)
      assert.truthy(ok or type(value) == "string")
      assert.truthy(reader.at <= #bytes + 2)
    end
  end)

  it("that takes Lua long to take in is given up", function()
    local reader = values.reader(("{0\n}\n"):rep(1000), 1, -1)
    local ok, message
    for _ = 1, 1000 do
      ok, message = values.read(reader)
      if not ok then
        break
      end
    end
    assert.same({ nil, "reading takes too long" }, { ok, message })
  end)

  it("is given up also if it was its last value that took long", function()
    assert.same({ nil, "reading takes too long" },
      { values.read(values.reader("z\n", 1, -1)) })
  end)

  -- A table whose keys are `key(1)` to `key(count)`.
  local function with_keys(count, key)
    local out = { "R1\n{0\n" }
    for i = 1, count do
      out[#out + 1] = ("d%.17g\nt\n"):format(key(i))
    end
    return table.concat(out) .. "}\n"
  end

  it("has no more numbers as keys than can collide harmlessly", function()
    for name, key in pairs {
      fraction = function(i) return i + 0.5 end,
      large = function(i) return 2 ^ 20 + i end,
      negative = function(i) return 1 - i end,
    } do
      local outcome = reply(with_keys(10000, key))
      assert.is_true(outcome.ok, name)
      assert.is_true(outcome[1][key(10000)], name)
      outcome = reply(with_keys(10001, key))
      assert.same({ false, "VALUE" }, { outcome.ok, outcome.code }, name)
      assert.truthy(outcome.message:find("more than 10000 keys that are "
        .. "numbers, but no whole numbers from 1 to 1048576", 1, true), name)
      assert.is_nil(outcome[1])
    end
    local outcome = reply(with_keys(20000, function(i) return i + 1 end))
    assert.is_true(outcome.ok and outcome[1][20001])
  end)

  it("assigns nothing where a table has a nil", function()
    assert.same({ true, { 1, nil, 3, x = 1 } }, { values.read(values.reader(
      "{3\nd1\nz\nd3\ns1\nxd1\ns1\nxz\n}\n", 1, 5)) })
  end)
end)
