--- Results of pipelines kept by content, and runs compared.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local lfs = require "lfs"
local tar = require "zvm.tar"
local term = require "zvm.pipeline.term"
local zvm = require "zvm"

local NODE = host.guest "node"

-- Run a pipeline: its report, and the names of the instances that ran, sorted,
-- in one string.
local function run(stages, options)
  local started, found = {}, {}
  local given = { listener = function(event)
    if event.kind == "start" then
      started[#started + 1] = event.instance.name
    elseif event.kind == "look-up" then
      found[#found + 1] = event.instance.name
    end
    if options.listener then
      options.listener(event)
    end
  end }
  for key, value in pairs(options) do
    given[key] = given[key] or value
  end
  local report = assert(assert(zvm.pipeline(stages)):run(given))
  table.sort(started)
  table.sort(found)
  return report, table.concat(started, " "), table.concat(found, " ")
end

-- Two mappers, each with a file, and one who reads both.
local function stages(dir, more)
  local list = {
    { name = "map", program = NODE, input = dir .. "/in-*",
      args = { "quiet", "copy", "stdin", "out/sum" }, connect = "sum" },
    { name = "sum", program = NODE, args = { "copy", "in/map-1", "stdout",
      "copy", "in/map-2", "stdout" }, output = dir .. "/all" },
  }
  for key, value in pairs(more or {}) do
    list[2][key] = value
  end
  return list
end

local function fill(dir)
  host.write_file(dir .. "/in-1", ("one\n"):rep(1000))
  host.write_file(dir .. "/in-2", ("two\n"):rep(3000))
end

-- A report without what a look-up has others of.
local function plain(value, key)
  if key == "times" or key == "usage" or key == "memo" or key == "timeline"
  then
    return nil
  elseif type(value) ~= "table" then
    return value
  end
  local out = {}
  for name, each in pairs(value) do
    out[name] = plain(each, name)
  end
  return out
end

local function files_in(dir, out)
  out = out or {}
  for name in lfs.dir(dir) do
    local path = dir .. "/" .. name
    if lfs.attributes(path, "mode") == "file" then
      out[#out + 1] = path
    elseif name ~= "." and name ~= ".." then
      files_in(path, out)
    end
  end
  table.sort(out)
  return out
end

local function in_memo(body)
  host.inside(function(dir)
    fill(dir)
    body(dir, dir .. "/memo")
  end)
end

describe("memo", function()
  it("looks up what was done, and reports and writes the same", function()
    in_memo(function(dir, memo)
      local first, ran = run(stages(dir), { memo = memo })
      assert.equal("map-1 map-2 sum", ran)
      local whole = host.read_file(dir .. "/all")
      assert.equal(16000 + 17, #whole)
      os.remove(dir .. "/all")
      local second, again, found = run(stages(dir), { memo = memo })
      assert.equal("", again)
      assert.equal("map-1 map-2 sum", found)
      assert.equal(whole, host.read_file(dir .. "/all"))
      assert.same(plain(first), plain(second))
      assert.is_nil(first.instances.sum.memo)
      assert.is_true(second.instances.sum.memo)
      assert.same({ wall = 0, user = 0, system = 0 },
        second.instances.sum.times)
    end)
  end)

  it("gives the report of a run without it", function()
    in_memo(function(dir, memo)
      local without = run(stages(dir), {})
      local with = run(stages(dir), { memo = memo })
      assert.same(plain(without), plain(with))
    end)
  end)

  it("runs only what depends on a changed input", function()
    in_memo(function(dir, memo)
      run(stages(dir), { memo = memo })
      host.write_file(dir .. "/in-2", ("three\n"):rep(100))
      local _, ran, found = run(stages(dir), { memo = memo })
      assert.equal("map-2 sum", ran)
      assert.equal("map-1", found)
      assert.truthy(host.read_file(dir .. "/all"):find "three")
      fill(dir) -- what was there before is still known
      _, ran = run(stages(dir), { memo = memo })
      assert.equal("", ran)
      assert.falsy(host.read_file(dir .. "/all"):find "three")
    end)
  end)

  it("stops at a stage whose output is as it was", function()
    in_memo(function(dir, memo)
      local list = stages(dir)
      list[1].args = { "quiet", "get", "stdin", "100", "say", "out/sum",
        "the same" }
      run(list, { memo = memo })
      host.write_file(dir .. "/in-2", "another")
      local _, ran = run(list, { memo = memo })
      assert.equal("map-2", ran)
    end)
  end)

  it("knows the parts of a file", function()
    in_memo(function(dir, memo)
      local list = { { name = "part", program = NODE, count = 4,
        input = { path = dir .. "/in-1", split = 4 },
        args = { "copy", "stdin", "stdout" } } }
      run(list, { memo = memo })
      host.write_file(dir .. "/in-1", ("one\n"):rep(600) .. "two\n"
        .. ("one\n"):rep(399))
      local _, ran = run(list, { memo = memo })
      assert.equal("part-3", ran)
    end)
  end)

  it("runs again for whatever a program can see", function()
    in_memo(function(dir, memo)
      local image = tar.pack { { name = "f", data = "x" } }
      host.write_file(dir .. "/image.tar", image)
      local base = { images = { dir .. "/image.tar" },
        channels = { extra = "data" } }
      run(stages(dir, base), { memo = memo })
      local _, ran = run(stages(dir, base), { memo = memo })
      assert.equal("", ran)
      local function changed(more)
        local options = { images = base.images, channels = base.channels }
        for key, value in pairs(more) do
          options[key] = value
        end
        _, ran = run(stages(dir, options), { memo = memo })
        return ran
      end
      for _, more in ipairs {
        { args = { "copy", "in/map-1", "stdout" } },
        { env = { A = "1" } }, { env = { A = "2" } }, { memory = "65M" },
        { stack = "7M" }, { seed = 5 }, { clock = 1 }, { directory = "/x" },
        { files = { ["/f"] = "1" } }, { files = { ["/f"] = "2" } },
        { images = { { path = dir .. "/image.tar", at = "/m" } } },
        { channels = { extra = "atad" } },
        { channels = { extra = "data", stdout = { limits = {
          put_bytes = "1M" } } } },
        { channels = { extra = "data", stdout = { etag = true } } },
        { memory_etag = true },
      } do
        assert.equal("sum", changed(more))
        assert.equal("", changed(more))
      end
      assert.equal("", changed { timeout = 100 })
      assert.equal("", changed { cpu = 100 })
      host.write_file(dir .. "/image.tar", image .. ("\0"):rep(512))
      assert.equal("sum", changed {})
    end)
  end)

  it("gives functions the same pieces", function()
    in_memo(function(dir, memo)
      local pieces
      local list = stages(dir, { output = function(bytes, instance)
        pieces[#pieces + 1] = instance.name .. ":" .. bytes
      end })
      pieces = {}
      run(list, { memo = memo })
      local first = pieces
      assert.equal(18, #first) -- 16 copied, and what printf makes of a line
      pieces = {}
      local _, ran = run(list, { memo = memo })
      assert.equal("", ran)
      assert.same(first, pieces)
    end)
  end)

  it("keeps what stays in memory, large or small", function()
    in_memo(function(dir, memo)
      for _, size in ipairs { "10", "300000" } do
        local list = { { name = "a", program = NODE,
          args = { "put", "stdout", size } } }
        local first = run(list, { memo = memo })
        local second, ran = run(list, { memo = memo })
        assert.equal("", ran)
        assert.equal(tonumber(size) + 17, #second.outputs.a)
        assert.same(plain(first), plain(second))
      end
      assert.falsy(host.read_file(dir .. "/in-1") == "")
    end)
  end)

  it("takes damage for nothing there", function()
    in_memo(function(dir, memo)
      local _, ran
      run(stages(dir), { memo = memo })
      local paths = files_in(memo)
      assert.is_true(#paths >= 6)
      for _, path in ipairs(paths) do
        local bytes = host.read_file(path)
        for _, damage in ipairs { "", bytes:sub(1, -2), bytes .. "\n",
          "X" .. bytes:sub(2), bytes:sub(1, -2) .. "X" }
        do
          if damage ~= bytes then
            host.write_file(path, damage)
            _, ran = run(stages(dir), { memo = memo })
            assert.truthy(ran ~= "", path)
            assert.equal(16017, #host.read_file(dir .. "/all"))
            assert.equal(bytes, host.read_file(path)) -- mended
          end
        end
      end
      -- A result under the name of another one.
      local results = files_in(memo .. "/results")
      host.write_file(results[1], host.read_file(results[2]))
      _, ran = run(stages(dir), { memo = memo })
      assert.truthy(ran ~= "")
      _, ran = run(stages(dir), { memo = memo })
      assert.equal("", ran)
    end)
  end)

  it("runs again what it cannot bring back whole", function()
    in_memo(function(dir, memo)
      local function both()
        return { { name = "a", program = NODE, pipe = "b", output = {
            { path = dir .. "/e", channel = "stderr" } },
            args = { "quiet", "say", "stdout", "x", "say", "stderr", "y" } },
          { name = "b", program = NODE, args = { "copy", "stdin",
            "stdout" }, output = dir .. "/all" } }
      end
      local first = run(both(), { memo = memo })
      assert.equal("exit", first.state)
      local copy = term.copy_file
      term.copy_file = function()
        return nil, "no room"
      end
      local ok, second, ran = pcall(run, both(), { memo = memo, verify = 2 })
      term.copy_file = copy
      assert.is_true(ok, second)
      assert.equal("exit", second.state)
      assert.truthy(ran:find("a a", 1, true))
      for _, path in ipairs(files_in(memo)) do
        assert.falsy(path:find(".zvm-", 1, true), path)
      end
    end)
  end)

  it("does not keep failures", function()
    in_memo(function(dir, memo)
      local list = stages(dir, { args = { "exit", "3" } })
      for _ = 1, 2 do
        local report, ran = run(list, { memo = memo })
        assert.equal("failed", report.state)
        assert.truthy(ran:find "sum")
      end
      assert.equal(2, #files_in(memo .. "/results"))
      list[2].codes = { 3 }
      run(list, { memo = memo })
      local report, ran = run(list, { memo = memo })
      assert.equal("", ran)
      assert.equal(3, report.instances.sum.code)
    end)
  end)

  it("runs each time what has inputs that nobody knows", function()
    in_memo(function(dir, memo)
      local list = stages(dir, { channels = { more = { read = function()
        return nil
      end } } })
      for _ = 1, 2 do
        local _, ran = run(list, { memo = memo })
        assert.truthy(ran:find "sum")
      end
      local _, ran, found = run(list, { memo = memo })
      assert.equal("sum", ran)
      assert.equal("map-1 map-2", found)
    end)
  end)

  it("leaves stages on cycles alone, and keeps the others", function()
    in_memo(function(dir, memo)
      local list = {
        { name = "from", program = NODE, input = dir .. "/in-1",
          args = { "quiet", "copy", "stdin", "out/ping" }, connect = "ping" },
        { name = "ping", program = NODE, connect = { "pong", "to" },
          args = { "quiet", "get", "in/from", "100", "put", "out/pong", "9",
            "get", "in/pong", "9", "put", "out/to", "50" } },
        { name = "pong", program = NODE, connect = "ping",
          args = { "quiet", "get", "in/ping", "9", "put", "out/ping", "9" } },
        { name = "to", program = NODE,
          args = { "copy", "in/ping", "stdout" } },
      }
      local without = run(list, {})
      local first, ran = run(list, { memo = memo })
      assert.equal("from ping pong to", ran)
      assert.same(plain(without), plain(first))
      local second, again, found = run(list, { memo = memo })
      assert.equal("ping pong", again)
      assert.equal("from to", found)
      assert.same(plain(first), plain(second))
    end)
  end)

  -- A graph by chance: later stages read earlier ones, some of it or all.
  local function chance(random)
    local list = {}
    for i = 1, random(4) + 1 do
      list[i] = { name = "s" .. i, program = NODE, count = random(2),
        args = {}, connect = {}, etag = random(2) == 1 or nil }
    end
    local function join(from, to)
      table.insert(from.connect, to.name)
      for k = 1, to.count do
        local args = from.args
        args[#args + 1] = "put"
        args[#args + 1] = "out/" .. to.name .. (to.count > 1 and "-" .. k
          or "")
        args[#args + 1] = tostring(random(20000))
      end
      for k = 1, from.count do
        local name = "in/" .. from.name .. (from.count > 1 and "-" .. k or "")
        local words = random(2) == 1 and { "drain", name }
          or { "get", name, tostring(random(5000)) }
        for n, word in ipairs(words) do
          table.insert(to.args, n, word)
        end
      end
    end
    for j = 2, #list do
      for i = 1, j - 1 do
        if random(2) == 1 then
          join(list[i], list[j])
        end
      end
    end
    return list
  end

  it("changes nothing that a graph by chance does", function()
    local state = 4711
    local function random(n)
      state = (state * 16807) % 2147483647
      return state % n + 1
    end
    in_memo(function(_, memo)
      for n = 1, 3 do
        local list = chance(random)
        local without = plain(run(list, { workers = random(3) }))
        assert.equal("exit", without.state)
        for _ = 1, 2 do
          assert.same(without, plain(run(list, { workers = random(3),
            memo = memo .. n, verify = random(2) })))
        end
        local _, ran = run(list, { memo = memo .. n })
        assert.equal("", ran)
      end
    end)
  end)

  it("may be shared by processes", function()
    in_memo(function(dir, memo)
      local script = ([[
        local zvm = require "zvm"
        local p = assert(zvm.pipeline {
          { name = "map", program = %q, input = %q,
            args = { "quiet", "copy", "stdin", "out/sum" }, connect = "sum" },
          { name = "sum", program = %q, args = { "copy", "in/map-1", "stdout",
            "copy", "in/map-2", "stdout" } } })
        for i = 1, 10 do
          local r = assert(p:run { memo = %q })
          assert(r.state == "exit", r.reason)
          assert(#r.outputs.sum == 16017)
        end]]):format(NODE, dir .. "/in-*", NODE, memo)
      host.write_file(dir .. "/script.lua", script)
      local lua = os.getenv "ZVM_TEST_LUA" or "lua5.1"
      host.shell("%s %s/script.lua & a=$!; %s %s/script.lua & b=$!; "
        .. "wait $a && wait $b", lua, dir, lua, dir)
      assert.equal(3, #files_in(memo .. "/results"))
    end)
  end)

  it("keeps nothing of a run in which the host failed", function()
    in_memo(function(_, memo)
      local graph = require "zvm.pipeline.graph".read {
        { name = "a", program = NODE, connect = "b" },
        { name = "b", program = NODE } }
      local store = assert(require "zvm.pipeline.memo".open(graph,
        { memo = memo }))
      local program = assert(zvm.load(NODE))
      local function run_with(i, name, channel)
        local instance = graph.stages[i].instances[1]
        assert.is_nil(store:find(instance, { channels = {},
          program = program }))
        return store:kept(instance, { state = "exit", code = 0, channels = {
          [name] = channel } })
      end
      assert.is_nil(run_with(2, "stdin", { error = "Input/output error" }))
      assert.equal(0, #files_in(memo .. "/results"))
      local kept, why = run_with(1, "out/b", { error = "No space left" })
      assert.is_false(kept)
      assert.equal("memo: channel /dev/out/b: No space left", why)
      assert.is_nil(run_with(2, "stdin", {}))
      assert.equal(1, #files_in(memo .. "/results"))
      store:close()
    end)
  end)

  it("leaves nothing behind but what it keeps", function()
    in_memo(function(dir, memo)
      local n = 0
      host.assert_flat(function()
        n = n + 1
        run(stages(dir, { env = { N = tostring(n % 8) } }), { memo = memo })
      end, 8)
      run(stages(dir, { args = { "fault" } }), { memo = memo })
      for _, path in ipairs(files_in(memo)) do
        assert.falsy(path:find ".zvm-", 1, true)
      end
    end)
  end)

  it("needs a directory that nobody else can write", function()
    in_memo(function(dir, memo)
      host.shell("mkdir -m 777 %s", memo)
      local p = assert(zvm.pipeline(stages(dir)))
      local report, message, code = p:run { memo = memo }
      assert.is_nil(report)
      assert.equal(("memo: %s: others may write it; give it to this user, "
        .. "mode 0700"):format(memo), message)
      assert.equal("OPTION", code)
      report, message, code = p:run { memo = dir .. "/in-1" }
      assert.is_nil(report)
      assert.equal(("memo: %s/in-1: Not a directory"):format(dir), message)
      assert.equal("SYSTEM", code)
    end)
  end)
end)

describe("verify", function()
  local function leftovers()
    local n = 0
    for name in lfs.dir "/tmp" do
      n = n + (name:find "^lua_.*%.d$" and 1 or 0)
    end
    return n
  end

  it("runs each instance so often, and leaves nothing", function()
    in_memo(function(dir)
      local before = leftovers()
      local without = run(stages(dir), {})
      local report, ran = run(stages(dir), { verify = 3 })
      assert.equal("exit", report.state)
      assert.equal("map-1 map-1 map-1 map-2 map-2 map-2 sum sum sum", ran)
      assert.same(plain(without), plain(report))
      assert.equal(before, leftovers())
    end)
  end)

  it("leaves nothing where a program cannot be loaded", function()
    local before = leftovers()
    local report, message = assert(zvm.pipeline {
      { name = "a", program = "/nowhere" } }):run { verify = 2 }
    assert.is_nil(report)
    assert.truthy(message:find("No such file or directory", 1, true))
    assert.equal(before, leftovers())
  end)

  it("keeps what it has compared", function()
    in_memo(function(dir, memo)
      run(stages(dir), { verify = 2, memo = memo })
      local _, ran = run(stages(dir), { verify = 2, memo = memo })
      assert.equal("", ran)
    end)
  end)

  it("fails where outputs of two runs differ, and says which", function()
    in_memo(function(dir)
      local list, n = stages(dir), 0
      list[1] = { name = "map", program = NODE, count = 2, connect = "sum",
        args = { "quiet", "copy", "more", "out/sum" },
        channels = { more = { read = function()
          n = n + 1
          return n % 2 == 1 and "run " .. n or nil
        end } } }
      local report = run(list, { verify = 2, workers = 1 })
      assert.equal("failed", report.state)
      assert.equal("map-1", report.failed.instance)
      assert.equal(("map-1: runs 1 and 2 with the same inputs differ: out/sum "
        .. "%s and %s"):format(zvm.digest "run 1", zvm.digest "run 3"),
        report.reason)
      assert.is_nil(io.open(dir .. "/all"))
    end)
  end)

  it("sees a file that changes between two runs", function()
    in_memo(function(dir)
      local report = run({ { name = "a", program = NODE,
        args = { "quiet", "copy", "stdin", "stdout" },
        input = dir .. "/in-1", output = function() end } },
        { verify = 2, listener = function(event)
          if event.kind == "end" then
            host.write_file(dir .. "/in-1", ("won\n"):rep(1000))
          end
        end })
      assert.equal("failed", report.state)
      assert.equal(("a: runs 1 and 2 with the same inputs differ: stdout %s "
        .. "and %s"):format(zvm.digest(("one\n"):rep(1000)),
        zvm.digest(("won\n"):rep(1000))), report.reason)
    end)
  end)

  it("compares exit codes too", function()
    local graph = require "zvm.pipeline.graph".read {
      { name = "a", program = NODE } }
    local store = assert(require "zvm.pipeline.memo".open(graph,
      { verify = 3 }))
    local instance = graph.stages[1].instances[1]
    local function run_with(code, again)
      assert.is_nil(store:find(instance, { channels = {} }, again))
      return store:kept(instance, { state = "exit", code = code,
        channels = {} })
    end
    assert.equal("again", run_with(0))
    assert.equal("again", run_with(0, true))
    local kept, why = run_with(1, true)
    assert.is_false(kept)
    assert.equal("runs 1 and 3 with the same inputs differ: exit code 0 and "
      .. "1", why)
    store:close()
  end)

  it("is not fooled by what is kept of a run that was not repeated",
    function()
      in_memo(function(dir, memo)
        local list = { { name = "a", program = NODE,
          args = { "copy", "stdin", "stdout" }, input = dir .. "/in-1" } }
        local report = run(list, { verify = 2, memo = memo,
          listener = function(event)
            if event.kind == "end" then
              host.write_file(dir .. "/in-1", ("won\n"):rep(1000))
            end
          end })
        assert.equal("failed", report.state)
        assert.equal(0, #files_in(memo .. "/results"))
        fill(dir)
        run(list, { memo = memo, listener = function(event)
          if event.kind == "start" then -- before or after it is read
            host.write_file(dir .. "/in-1", ("owt\n"):rep(1000))
          end
        end })
        assert.equal(0, #files_in(memo .. "/results"))
      end)
    end)
end)
