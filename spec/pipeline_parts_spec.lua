--- Pipelines: where files are cut, the order of beginnings and of outputs, and
-- circles of those who wait.
--
-- SPDX-License-Identifier: Apache-2.0
local cut = require "zvm.pipeline.cut"
local graph = require "zvm.pipeline.graph"
local hold = require "zvm.pipeline.hold"
local host = require "support.host"
local knot = require "zvm.pipeline.knot"
local order = require "zvm.pipeline.order"

local PATH = os.tmpname()

local function cuts(split, parts, window)
  local ranges, message, code = cut.ranges(PATH, split, parts, window)
  if not ranges then
    return message, code
  end
  local out = {}
  for i, range in ipairs(ranges) do
    out[i] = ("%d+%d"):format(range[1], range[2])
  end
  return table.concat(out, " ")
end

local NEWLINE = { newline = true }

describe("a file is cut", function()
  teardown(function()
    os.remove(PATH)
  end)

  local function holds(text)
    return function()
      host.write_file(PATH, text)
    end
  end

  describe("at newlines", function()
    before_each(holds "a\nbb\n\nccc\ndddd")

    it("into one range that is all of it", function()
      assert.equal("0+14", cuts(NEWLINE, 1))
    end)

    it("where a record ends, the last one without a newline", function()
      assert.equal("0+5 5+5 10+4", cuts(NEWLINE, 3))
    end)

    it("with empty ranges where there are fewer records", function()
      assert.equal("0+2 2+0 2+3 5+0 5+0 5+5 10+0 10+0 10+0 10+4 14+0 14+0",
        cuts(NEWLINE, 12))
    end)

    it("also if the file is empty", function()
      host.write_file(PATH, "")
      assert.equal("0+0 0+0 0+0", cuts(NEWLINE, 3))
    end)

    it("also if a record is longer than what is read at once", function()
      host.write_file(PATH, ("x"):rep(1000) .. "\n" .. ("y"):rep(10))
      for _, window in ipairs { 1, 3, 100, 4096 } do
        assert.equal("0+1001 1001+0 1001+10", cuts(NEWLINE, 3, window))
      end
    end)
  end)

  describe("at records of one size", function()
    before_each(holds(("x"):rep(14)))

    it("with what is left at the end", function()
      assert.equal("0+3 3+6 9+5", cuts({ size = 3 }, 3))
    end)

    it("into as many records each as can be", function()
      assert.equal("0+0 0+5 5+0 5+5 10+4", cuts({ size = 5 }, 5))
    end)
  end)

  describe("by a pattern", function()
    before_each(holds "a\nbb\n\nccc\ndddd")

    it("where its match ends", function()
      assert.equal("0+6 6+4 10+4", cuts({ pattern = "\\n+" }, 3))
      assert.equal("0+6 6+8 14+0", cuts({ pattern = "\\n\\n" }, 3))
    end)

    it("of no length", function()
      assert.equal(cuts(NEWLINE, 5), cuts({ pattern = "(?m)^" }, 5))
      assert.equal(cuts(NEWLINE, 5), cuts({ pattern = "(?<=\\n)" }, 5))
    end)

    it("as at newlines, if it is a newline", function()
      for parts = 1, 20 do
        assert.equal(cuts(NEWLINE, parts), cuts({ pattern = "\\n" }, parts))
      end
    end)

    it("the same however much is read at once", function()
      local random = math.random
      math.randomseed(5)
      for _ = 1, 6 do
        local text = {}
        for i = 1, random(0, 300) do
          local k = random(5)
          text[i] = ("ab\n \n"):sub(k, k)
        end
        host.write_file(PATH, table.concat(text))
        for _, pattern in ipairs { "\\n+", "a.*?\\n", "\\bb", "(?<=aa)b",
          "(?<=\\n)", "b\\n(?!a)", "(?s)a.{30}b", "\\z" } do
          local parts = random(9)
          local want = cuts({ pattern = pattern }, parts)
          for _, window in ipairs { 1, 7, 32 } do
            assert.equal(want, cuts({ pattern = pattern }, parts, window))
          end
        end
      end
    end)

    it("that is none with a message", function()
      assert.same({ 'the pattern "a(b": column 4: missing closing '
        .. "parenthesis", "OPTION" }, { cuts({ pattern = "a(b" }, 2) })
    end)

    it("not if it can match only at the start", function()
      assert.same({ 'the pattern "^a": a pattern that matches at the start '
        .. "only ends no records", "OPTION" },
        { cuts({ pattern = "^a" }, 2) })
    end)

    it("in the sandbox, and an attempt that takes too long ends", function()
      host.write_file(PATH, ("a"):rep(200))
      local message, code = cuts({ pattern = "(a*)*(a*)*\\w\\d" }, 2)
      assert.equal('the pattern "(a*)*(a*)*\\w\\d": match limit exceeded',
        message)
      assert.equal("OPTION", code)
    end)
  end)

  it("not if it is a directory, or is not there", function()
    assert.same({ nil, "/: only a regular file can be split", "CHANNEL" },
      { cut.ranges("/", NEWLINE, 2) })
    local _, message = cut.ranges("/nowhere", NEWLINE, 2)
    assert.equal("/nowhere: No such file or directory", message)
  end)
end)

describe("instances begin", function()
  local function names(description)
    local out = {}
    for i, instance in ipairs(order.of(assert(graph.read(description)))) do
      out[i] = instance.name
    end
    return table.concat(out, " ")
  end

  local function stage(name, fields)
    fields.name, fields.program = name, "x"
    return fields
  end

  it("from the sources on, whatever the order of the description",
    function()
      assert.equal("a b c", names { stage("c", {}),
        stage("b", { pipe = "c" }), stage("a", { pipe = "b" }) })
    end)

  it("with who reads beside who writes", function()
    assert.equal("a-1 b-1 a-2 b-2", names { stage("a", { count = 2 }),
      stage("b", {}) })
  end)

  it("when all who write to them have", function()
    assert.equal("a-1 a-2 b", names { stage("a", { count = 2,
      connect = "b" }), stage("b", {}) })
  end)

  it("in a cycle with the first of the description", function()
    assert.equal("a b c d", names { stage("b", { pipe = "c" }),
      stage("c", { connect = "b", pipe = "d" }), stage("d", {}),
      stage("a", { connect = "b" }) })
  end)
end)

describe("functions get outputs", function()
  local function log_of(at_once, steps)
    local log, held = {}, hold.new(at_once)
    local sinks = {}
    for i = 1, 3 do
      sinks[i] = held:add(function(bytes, instance)
        log[#log + 1] = instance .. bytes
      end, i)
    end
    steps(held, sinks)
    held:flush()
    held:close()
    return table.concat(log, " ")
  end

  local function backwards(held, sinks)
    for i = 3, 1, -1 do
      held:put(sinks[i], "x")
      held:put(sinks[i], "yy")
      held:finish(sinks[i])
    end
  end

  it("in order, call by call, whoever is first", function()
    assert.equal("1x 1yy 2x 2yy 3x 3yy", log_of(true, backwards))
    assert.equal("1x 1yy 2x 2yy 3x 3yy", log_of(false, backwards))
  end)

  it("from files, when they are large", function()
    local most = hold.MEMORY
    hold.MEMORY = 1
    local log = log_of(true, backwards)
    hold.MEMORY = most
    assert.equal("1x 1yy 2x 2yy 3x 3yy", log)
  end)

  it("of any number of writes in little memory", function()
    local most, n = hold.MEMORY, 200000
    hold.MEMORY = 1000
    local got = 0
    local held = hold.new(false)
    local sink = held:add(function(bytes)
      got = got + 1
      assert(bytes == (got % 3 == 0 and "" or got % 3 == 1 and "x" or "\n\n"))
    end, 1)
    collectgarbage()
    local before = collectgarbage "count"
    for i = 1, n do
      held:put(sink, i % 3 == 0 and "" or i % 3 == 1 and "x" or "\n\n")
    end
    collectgarbage()
    local grown = collectgarbage "count" - before
    held:finish(sink)
    held:flush()
    held:close()
    hold.MEMORY = most
    assert.equal(n, got)
    assert.truthy(grown < 500, grown)
  end)

  it("at once, if those before are whole", function()
    assert.equal("1a 2b 2c 3d", log_of(true, function(held, sinks)
      held:put(sinks[1], "a")
      held:put(sinks[2], "b")
      held:finish(sinks[1])
      held:put(sinks[3], "d")
      held:put(sinks[2], "c")
      held:finish(sinks[2])
      held:finish(sinks[3])
    end))
  end)

  it("not of what is run again", function()
    assert.equal("1new", log_of(false, function(held, sinks)
      held:put(sinks[1], "old")
      held:restart(sinks[1])
      held:put(sinks[1], "new")
      for i = 1, 3 do
        held:finish(sinks[i])
      end
    end))
  end)
end)

describe("who waits for whom", function()
  -- "a>b" waits to write, "a<b" to read.
  local function waits_of(text)
    local waits, names = {}, {}
    for who, way, whom in text:gmatch "(%a)([<>])(%a)" do
      names[#names + 1] = who
      waits[who] = { who = who, whom = whom, channel = "x",
        way = way == ">" and "put" or "get" }
    end
    return waits, names
  end

  local function circles(text)
    local out = {}
    for i, circle in ipairs(knot.circles(waits_of(text))) do
      out[i] = table.concat(circle)
    end
    return table.concat(out, " ")
  end

  it("leads to one who does not, or around", function()
    assert.equal("", circles "a<b b<c")
    assert.equal("bc", circles "a<b b<c c<b d<a")
    assert.equal("a bc", circles "a<a b>c c<b")
    assert.equal("ab cd", circles "a<b b<a e<a c>d d>c")
  end)

  it("gives the smallest of the full rings", function()
    local waits, names = waits_of "a>b b>c c<a"
    local sizes = { a = 8, b = 4 }
    local wait = knot.smallest_full(names, waits, function(each)
      return sizes[each.who]
    end)
    assert.equal("b", wait.who)
    waits, names = waits_of "a<b b<a"
    assert.is_nil(knot.smallest_full(names, waits, error))
  end)

  it("is told in words", function()
    local waits, names = waits_of "a<b b>a"
    assert.equal("a waits to read x from b; b waits to write x, which a does "
      .. "not read", knot.text(names, waits))
  end)
end)

describe("guests that come with zvm are found", function()
  -- Where a copy of guests.lua in `lua` finds one in `share`.
  local function find(lua, share)
    local found
    host.inside(function(dir)
      host.shell("mkdir -p %s/%s/zvm %s/%s", dir, lua, dir, share)
      local path = ("%s/%s/zvm/guests.lua"):format(dir, lua)
      host.write_file(path, host.read_file "lua/zvm/guests.lua")
      host.write_file(("%s/%s/x.zvm"):format(dir, share), "")
      local chunk = assert(loadfile(path))
      setfenv(chunk, setmetatable({ os = { getenv = function() end } },
        { __index = _G }))
      local result, message = chunk().find "x.zvm"
      found = result == ("%s/%s/x.zvm"):format(dir, share)
        or message or result
    end)
    return found
  end

  it("in the tree, and when they are installed", function()
    assert.is_true(find("lua", "build/share/zvm"))
    assert.is_true(find("share/lua/5.1", "share/zvm"))
    assert.is_true(find("lib/zvm/lua", "share/zvm"))
    assert.is_true(find("share/lua/5.1",
      "lib/luarocks/rocks-5.1/zvm/scm-1/usr/share/zvm"))
  end)

  it("or it is told where they were looked for", function()
    local message = find("lua", "elsewhere")
    assert.is_truthy(message:find("^the guest x.zvm, a part of zvm, is not in "
      .. ".*/build/share/zvm/: make and make install put it there$"))
  end)
end)
