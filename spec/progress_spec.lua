--- How a pipeline gets on, on a terminal and elsewhere.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local progress = require "zvm.pipeline.progress"

local HOSTILE = "a\27[2J\r\nb\194\155c\226\128\174d\255"

-- What is written, and a function to feed events { kind, time, stage, index,
-- more } to.
local function show(list, columns)
  local graph, out = { stages = {} }, {}
  for i, each in ipairs(list) do
    local stage = { name = each[1], count = each[2], instances = {} }
    for k = 1, each[2] do
      stage.instances[k] = { name = each[1] .. "-" .. k, stage = each[1] }
    end
    graph.stages[i] = stage
  end
  local file = { write = function(_, ...)
    out[#out + 1] = table.concat { ... }
  end, flush = function() end }
  local shown = progress.new(graph, { out = file, columns = columns })
  return out, function(kind, time, stage, index, more)
    shown:event { kind = kind, time = time,
      instance = graph.stages[stage].instances[index],
      progress = kind == "progress" and more or nil,
      report = kind ~= "progress" and more or nil }
  end, shown
end

local function moved(state, get, put)
  return { state = state == "waiting" and "running" or state, get_bytes = get,
    put_bytes = put, blocked = state == "waiting" and { channel = "c",
      way = "get" } or nil }
end

local function ended(state, get, put)
  return { state = state, code = 0, totals = { get_bytes = get,
    put_bytes = put } }
end

-- A terminal of so many columns: the lines it shows after all that was
-- written. It knows what progress may use, and nothing else.
local function terminal(out, columns)
  local lines, row, column = {}, 1, 1
  local text = table.concat(out)
  local at = 1
  while at <= #text do
    local up, after = text:match("^\27%[(%d+)A()", at)
    local c = text:sub(at, at)
    if up then
      row, at = row - tonumber(up), after
      assert(row >= 1)
    elseif text:find("^\27%[K", at) then
      lines[row] = (lines[row] or ""):sub(1, column - 1)
      at = at + 3
    elseif c == "\r" then
      column, at = 1, at + 1
    elseif c == "\n" then
      row, column, at = row + 1, 1, at + 1
    else
      assert(not c:find "[%c]", ("byte %d"):format(c:byte()))
      local line = lines[row] or ""
      line = line .. (" "):rep(column - 1 - #line)
      lines[row] = line:sub(1, column - 1) .. c .. line:sub(column + 1)
      column, at = column + 1, at + 1
      assert(column <= columns, "a line as wide as the terminal")
    end
  end
  return lines
end

describe("progress on a terminal", function()
  it("is a line a stage, drawn again in place", function()
    local out, feed, shown = show({ { "map", 2 }, { "sum", 1 } }, 80)
    feed("start", 0, 1, 1)
    feed("progress", 1, 1, 1, moved("running", 1000000, 20))
    feed("progress", 2, 1, 1, moved("waiting", 3000000, 20))
    assert.same({
      "map   waiting        0/2  in  3.00 MB  out     20 B   2.00 MB/s",
      "sum   -              0/1  in      0 B  out      0 B" },
      terminal(out, 80))
    feed("start", 2, 1, 2)
    feed("end", 3, 1, 1, ended("exit", 4000000, 50))
    feed("look-up", 4, 2, 1, ended("exit", 5, 6))
    feed("end", 4, 1, 2, ended("fault", 1, 1))
    shown:finish()
    assert.same({
      "map   fault          2/2  in  4.00 MB  out     51 B   1.00 MB/s",
      "sum   looked up      1/1  in      5 B  out      6 B" },
      terminal(out, 80))
    local n = #out
    shown:finish()
    feed("progress", 9, 1, 1, moved("running", 1, 1))
    assert.equal(n, #out)
  end)

  it("does not draw more often than ten times a second", function()
    local out, feed = show({ { "a", 1 } }, 80)
    feed("start", 0, 1, 1)
    for i = 1, 1000 do
      feed("progress", i / 1000, 1, 1, moved("running", i, i))
    end
    assert.is_true(#out <= 11)
  end)

  it("fits into narrow ones", function()
    for columns = 1, 90 do
      local out, feed, shown = show({ { "mapper", 2000 },
        { ("long"):rep(16), 1 } }, columns)
      feed("start", 0, 1, 1)
      feed("progress", 1, 1, 1, moved("running", 2 ^ 50, 2 ^ 50))
      shown:finish()
      assert.equal(2, #terminal(out, math.max(columns, 2)))
    end
  end)

  it("shows those under way of very many stages", function()
    local list = {}
    for i = 1, 100 do
      list[i] = { "s" .. i, 1 }
    end
    local out, feed, shown = show(list, 80)
    feed("start", 1, 77, 1)
    feed("end", 2, 5, 1, ended("exit", 1, 1))
    shown:finish()
    local lines = terminal(out, 80)
    assert.equal(20, #lines)
    assert.truthy(lines[1]:find "^s77 ")
  end)

  it("lets no name move the cursor", function()
    local out, feed, shown = show({ { HOSTILE, 1 } }, 80)
    feed("start", 0, 1, 1)
    shown:finish()
    local text = table.concat(out)
    assert.falsy(text:find("\27%[2J"))
    assert.falsy(text:find("\194\155", 1, true))
    assert.falsy(text:find("\226\128\174", 1, true))
    assert.equal(1, #terminal(out, 80))
  end)

  it("takes lies of a worker without running backwards", function()
    local out, feed, shown = show({ { "a", 1 } }, 80)
    feed("start", 0, 1, 1)
    feed("progress", 1, 1, 1, moved("running", 500, 500))
    feed("progress", 2, 1, 1, moved("frobbing", 5, 5))
    feed("progress", 3, 1, 1, nil)
    shown:finish()
    assert.truthy(terminal(out, 80)[1]:find("in    500 B", 1, true))
  end)
end)

describe("progress elsewhere", function()
  it("is a line now and then, and at the end of each stage", function()
    local out, feed, shown = show({ { "map", 2 }, { HOSTILE, 1 } }, false)
    feed("start", 0, 1, 1)
    feed("start", 0, 1, 2)
    for i = 1, 119 do
      feed("progress", i / 10, 1, 1, moved("running", i * 1000, i))
    end
    feed("end", 12, 1, 1, ended("exit", 119000, 119))
    feed("end", 13, 1, 2, ended("exit", 1000, 1))
    feed("look-up", 14, 2, 1, ended("exit", 0, 0))
    shown:finish()
    assert.same({
      "5 s: map: running, 0/2, in 50.0 KB, out 50 B\n",
      "10 s: map: running, 0/2, in 100 KB, out 100 B, 10.0 KB/s\n",
      "13 s: map: done, 2/2, in 120 KB, out 120 B, 9.24 KB/s\n",
    }, { unpack(out, 1, 3) })
    assert.equal(4, #out)
    assert.falsy(out[4]:sub(1, -2):find "%c")
  end)

  it("is what zvm.pipeline shows when it is asked to", function()
    host.inside(function(dir)
      local script = ([[
        local zvm = require "zvm"
        assert(assert(zvm.pipeline { { name = "a", program = %q } }):run {
          progress = true })]]):format(host.guest "01-hello/main")
      host.write_file(dir .. "/script.lua", script)
      host.shell("%s %s/script.lua 2>%s/err",
        os.getenv "ZVM_TEST_LUA" or "lua5.1", dir, dir)
      assert.truthy(host.read_file(dir .. "/err"):find
        "^[%d.]+ %a+: a: done, 1/1, in 0 B, out %d+ B[^\n]*\n$")
    end)
  end)
end)
