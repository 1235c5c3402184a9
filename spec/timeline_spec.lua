--- Timelines of pipelines, as data and as pictures.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local svg = require "zvm.pipeline.svg"
local timeline = require "zvm.pipeline.timeline"
local units = require "zvm.pipeline.units"
local zvm = require "zvm"

-- A graph of stages: { name, count }...
local function graph_of(list)
  local stages = {}
  for i, each in ipairs(list) do
    local stage = { name = each[1], count = each[2], instances = {} }
    for k = 1, each[2] do
      stage.instances[k] = { index = k, stage = each[1],
        name = each[2] == 1 and each[1] or each[1] .. "-" .. k }
    end
    stages[i] = stage
  end
  return { stages = stages }
end

-- A timeline of events { kind, time, name, more }.
local function feed(list, events)
  local graph = graph_of(list)
  local by_name = {}
  for _, stage in ipairs(graph.stages) do
    for _, instance in ipairs(stage.instances) do
      by_name[instance.name] = instance
    end
  end
  local line = timeline.new(graph)
  for _, each in ipairs(events) do
    local event = { kind = each[1], time = each[2],
      instance = by_name[each[3]] }
    if each[1] == "progress" then
      event.progress = each[4]
    else
      event.report = each[4]
    end
    line:event(event)
  end
  return line:result()
end

local function moved(state, get, put)
  return { state = "running", get_bytes = get, put_bytes = put,
    blocked = state == "waiting" and { channel = "c", way = "get" } or nil }
end

local function ended(state, code)
  return { state = state, code = code, totals = { get_bytes = 7,
    put_bytes = 9 } }
end

local HOSTILE = "<b>&\"'\1\27\127\255\239\191\191\226\128\174</text>"

-- That a text is XML, as far as what is used of it here goes: elements are
-- closed in order, entities known, all characters allowed.
local function assert_xml(text)
  assert.is_nil(require "zvm.utf8".fault(text))
  assert.is_nil(text:find "[%z\1-\8\11-\31\127]")
  assert.is_nil(text:find "\239\191[\190\191]")
  local open = {}
  local body = text:gsub("^<%?xml[^>]*%?>\n", "")
  local at = 1
  while true do
    local first, last, close, name, rest = body:find("<(/?)(%w+)([^<>]*)>", at)
    local between = body:sub(at, (first or 0) - 1)
    assert.is_nil(between:gsub("&%a+;", ""):gsub("&#%d+;", ""):find "[<&]",
      between)
    if not first then
      break
    end
    if close == "/" then
      assert.equal(name, table.remove(open))
    elseif not rest:find "/$" then
      open[#open + 1] = name
    end
    local attributes = rest:gsub("/$", ""):gsub(
      "%s+[%w:-]+=\"[^\"<]*\"", "")
    assert.equal("", attributes)
    at = last + 1
  end
  assert.equal(0, #open)
end

describe("a timeline", function()
  it("parts the time of each instance by its states", function()
    local got = feed({ { "a", 2 }, { "b", 1 }, { "c", 1 } }, {
      { "start", 1, "a-1" }, { "start", 1.5, "a-2" },
      { "progress", 2, "a-1", moved("running", 1, 2) },
      { "progress", 3, "a-1", moved("waiting", 3, 4) },
      { "progress", 4, "a-1", moved("waiting", 5, 6) },
      { "end", 5, "a-1", ended("exit", 0) },
      { "end", 6, "a-2", ended("fault") },
      { "look-up", 6, "b", ended("exit", 3) },
    })
    assert.equal(6, got.wall)
    assert.same({ name = "a-1", stage = "a", start = 1, stop = 5,
      state = "exit", code = 0, get_bytes = 7, put_bytes = 9, spans = {
        { start = 1, stop = 2, state = "running" },
        { start = 2, stop = 4, state = "waiting" },
        { start = 4, stop = 5, state = "running" } } }, got.rows[1])
    assert.equal("fault", got.rows[2].state)
    assert.is_true(got.rows[3].memo)
    assert.equal(6, got.rows[3].start)
    assert.same({ name = "c", stage = "c", get_bytes = 0, put_bytes = 0,
      spans = {} }, got.rows[4])
  end)

  it("goes to the last event for who had not ended", function()
    local got = feed({ { "a", 1 }, { "b", 1 } }, { { "start", 1, "a" },
      { "progress", 2, "a", moved("waiting", 1, 1) },
      { "look-up", 9, "b", ended("exit", 0) } })
    assert.is_nil(got.rows[1].stop)
    assert.equal(9, got.rows[1].spans[2].stop)
    assert.equal(1, got.rows[1].get_bytes)
  end)

  it("has the second run of an instance that was run twice", function()
    local got = feed({ { "a", 1 } }, { { "start", 1, "a" },
      { "end", 2, "a", ended("exit", 0) }, { "start", 3, "a" },
      { "end", 4, "a", ended("exit", 0) } })
    assert.same({ { start = 3, stop = 4, state = "running" } },
      got.rows[1].spans)
  end)

  it("stays small however long it is", function()
    local events = { { "start", 0, "a" } }
    for i = 1, 100000 do
      events[#events + 1] = { "progress", i, "a",
        moved(i % 2 == 0 and "waiting" or "running", i, i) }
    end
    local spans = feed({ { "a", 1 } }, events).rows[1].spans
    assert.is_true(#spans <= 257)
    assert.equal(0, spans[1].start)
    assert.equal(100000, spans[#spans].stop)
    for i = 2, #spans do
      assert.equal(spans[i - 1].stop, spans[i].start)
    end
  end)
end)

describe("a picture of a timeline", function()
  local function picture(state, failed, list, events)
    return svg.format { state = state, failed = failed and {
      instance = failed }, timeline = feed(list, events) }
  end

  it("has a row for each, with its bytes and how it ended", function()
    local text = picture("failed", "b", { { "a", 1 }, { "b", 1 },
      { "c", 1 }, { "d", 1 } }, {
      { "start", 0, "a" }, { "end", 0.5, "a", ended("exit", 0) },
      { "start", 0, "b" }, { "progress", 1, "b", moved("waiting", 1e6, 5) },
      { "look-up", 1.5, "c", ended("exit", 0) },
      { "end", 2, "b", ended("fault") } })
    assert_xml(text)
    for _, part in ipairs { ">a</text>", ">not begun</text>", "7 B</text>",
      "a: exit 0\n0 s to 500 ms, 500 ms\nin 7 bytes, out 9 bytes</title>",
      "b: fault\n0 s to 2 s, 2 s\nwaiting for 1 s\n", "c: looked up\n",
      '<text class="bad"', ">failed after 2 s, 2 of 4 instances run, 1 looked "
      .. "up</text>", "prefers-color-scheme: dark", "d: not begun</title>" }
    do
      assert.truthy(text:find(part, 1, true), part)
    end
    for _, part in ipairs { "<script", "href", "url(", "@import" } do
      assert.falsy(text:find(part, 1, true), part)
    end
  end)

  it("is XML whatever the names are", function()
    local text = picture("exit", nil, { { HOSTILE, 1 }, { HOSTILE .. "x", 2 },
      { ("\195\169"):rep(50), 1 } }, { { "start", 0, HOSTILE } })
    assert_xml(text)
    assert.truthy(text:find("&lt;b&gt;&amp;&quot;&#39;", 1, true))
    assert.truthy(text:find(("\195\169"):rep(27) .. "\226\128\166<", 1, true))
  end)

  it("is there of a run that took no time, and of none", function()
    assert_xml(picture("exit", nil, { { "a", 1 } }, {}))
    assert_xml(picture("exit", nil, { { "a", 1 } }, {
      { "start", 0, "a" }, { "end", 0, "a", ended("exit", 0) } }))
    assert_xml(picture("exit", nil, { { "a", 1 } }, {
      { "start", 0, "a" }, { "end", 400000, "a", ended("exit", 0) } }))
  end)

  it("shows the first thousand of very many", function()
    local text = picture("exit", nil, { { "a", 3000 } }, {})
    assert_xml(text)
    assert.truthy(text:find(">and 2000 instances more</text>", 1, true))
    assert.truthy(#text < 500000)
  end)

  it("keeps all marks within its edges", function()
    local text = picture("failed", "a", { { "a", 1 } }, {
      { "start", 0, "a" }, { "end", 3, "a", ended("fault") } })
    for x, width in text:gmatch 'x="([%d.]+)" y="[%d.]+" width="([%d.]+)"' do
      assert.is_true(tonumber(x) + tonumber(width) <= 960)
    end
  end)

  it("is written by the report of a run, whole or not at all", function()
    local pipeline = assert(zvm.pipeline { { name = "a",
      program = host.guest "01-hello/main" } })
    local report = assert(pipeline:run())
    host.inside(function(dir)
      assert.is_true(report:svg(dir .. "/run.svg"))
      assert.equal(svg.format(report), host.read_file(dir .. "/run.svg"))
      assert_xml(host.read_file(dir .. "/run.svg"))
      local ok, message, code = report:svg(dir .. "/no/run.svg")
      assert.is_nil(ok)
      assert.equal(dir .. "/no/run.svg: No such file or directory", message)
      assert.equal("SYSTEM", code)
      host.shell("test $(ls -A %s | wc -l) = 1", dir)
    end)
  end)
end)

describe("units", function()
  it("are three digits of bytes", function()
    for n, text in pairs { [0] = "0 B", [999] = "999 B", [1000] = "1.00 KB",
      [9994] = "9.99 KB", [9996] = "10.0 KB", [99960] = "100 KB",
      [999499] = "999 KB", [999500] = "1.00 MB", [1.5e9] = "1.50 GB",
      [2 ^ 53] = "9.01 PB" }
    do
      assert.equal(text, units.bytes(n))
    end
  end)

  it("are times that people read", function()
    for n, text in pairs { [0] = "0 s", [2e-6] = "2 us", [0.0123] = "12.3 ms",
      [0.9996] = "1 s", [59.94] = "59.9 s", [100] = "1:40", [3661] = "1:01:01" }
    do
      assert.equal(text, units.time(n))
    end
  end)

  it("make axes of at most so many steps, all of them round", function()
    for _, wall in ipairs { 1e-6, 3e-5, 0.0123, 0.999, 1, 7.3, 59, 61, 200,
      1000, 5000, 50000, 1e6, 1e8 }
    do
      local step = units.step(wall, 8)
      assert.is_true(wall / step <= 8.0001, tostring(wall))
      assert.is_true(wall / step > 1.5, tostring(wall))
      local seen = {}
      for i = 1, math.floor(wall / step) do
        local text = units.tick(i * step, step, wall)
        assert.is_nil(seen[text])
        seen[text] = true
      end
    end
    assert.equal("0.5 s", units.tick(0.5, 0.5, 3))
    assert.equal("20 ms", units.tick(0.02, 0.02, 0.1))
    assert.equal("1:20", units.tick(80, 20, 120))
    assert.equal("1:00:00", units.tick(3600, 3600, 9000))
  end)
end)
