--- Pipelines: how they run, and how they end.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local lfs = require "lfs"
local look = require "zvm.pipeline.look"
local zvm = require "zvm"

local LUA = os.getenv "ZVM_TEST_LUA" or "lua5.1"
local NODE = host.guest "node"

local function stage(name, args, fields)
  local out = { name = name, program = NODE, args = {} }
  for word in args:gmatch "%S+" do
    table.insert(out.args, word)
  end
  for key, value in pairs(fields or {}) do
    out[key] = value
  end
  return out
end

local function pipeline(...)
  return assert(zvm.pipeline { ... })
end

local function run(options, ...)
  return assert(pipeline(...):run(options))
end

-- What is in a directory, hidden or not.
local function names_in(dir)
  local out = {}
  for name in lfs.dir(dir) do
    if name ~= "." and name ~= ".." then
      out[#out + 1] = name
    end
  end
  table.sort(out)
  return out
end

local COPY = "quiet copy stdin stdout"

describe("a pipeline", function()
  it("moves bytes from stage to stage", function()
    local report = run(nil, stage("a", "quiet say stdout hello"),
      stage("b", COPY), stage("c", COPY))
    assert.equal("exit", report.state)
    assert.same({ c = "hello\n" }, report.outputs)
    assert.equal("c", report.stages[3].instances[1].name)
    assert.equal(6, report.instances.b.channels.stdin.get_bytes)
  end)

  it("moves more than rings hold, with few workers", function()
    for workers = 1, 3 do
      local report = run({ workers = workers, ring = "4K" },
        stage("a", "quiet put stdout 1000000"), stage("b", COPY),
        stage("c", "drain stdin"))
      assert.equal("exit", report.state)
      assert.equal(1000000, report.instances.c.channels.stdin.get_bytes)
    end
  end)

  it("joins each with each, under their names", function()
    local report = run({ ring = "4K" },
      stage("a", "quiet put out/b-1 10 put out/b-2 5000",
        { count = 2, connect = "b" }),
      stage("b", "drain in/a-2 drain in/a-1", { count = 2, etag = true }))
    local channels = report.instances["b-2"].channels
    assert.equal(5000, channels["in/a-1"].get_bytes)
    assert.equal(channels["in/a-1"].etag, channels["in/a-2"].etag)
    assert.equal(17, #report.outputs["b-1"])
  end)

  it("gives zvm.run's options to its instances, and names", function()
    local report = run(nil, { name = "a", count = 2, argv0 = "%n",
      program = host.guest "arguments", args = { "x" },
      env = { A = "b" }, codes = { 2 } })
    assert.is_truthy(report.outputs["a-2"]:find("a-2", 1, true))
    assert.is_truthy(report.outputs["a-2"]:find("A=b", 1, true))
    assert.is_nil(report.outputs["a-2"]:find("a-1", 1, true))
  end)

  it("gives each range of a file to one instance", function()
    local path = os.tmpname()
    local lines = {}
    for i = 1, 2000 do
      lines[i] = ("line %d %s\n"):format(i, ("x"):rep(i % 50))
    end
    local text = table.concat(lines)
    host.write_file(path, text)
    for _, split in ipairs { "newline", { pattern = "0\\d* x+\\n" } } do
      local report = run(nil, stage("a", COPY, { count = 5,
        input = { path = path, split = split }, output = true }))
      local parts = {}
      for i = 1, 5 do
        parts[i] = report.outputs["a-" .. i]
        assert.is_truthy(parts[i]:find "\n$")
      end
      assert.equal(text, table.concat(parts))
    end
    os.remove(path)
  end)

  it("reads listed inputs, also by other channels than stdin", function()
    local report = run(nil, stage("a", "quiet copy x stdout", { input = {
      channel = "x", "LICENSE", { data = "second" } },
      channels = { x = { type = 0 } } }))
    assert.equal(host.read_file "LICENSE", report.outputs["a-1"])
    assert.equal("second", report.outputs["a-2"])
  end)

  it("keeps several outputs of an instance", function()
    local report = run(nil, stage("a", "quiet say stderr e say log l",
      { output = { true, { channel = "stderr", buffer = true },
        { channel = "log", buffer = true } } }))
    assert.same({ a = "", ["a:stderr"] = "e\n", ["a:log"] = "l\n" },
      report.outputs)
  end)

  it("runs any number of times, and is the same each time", function()
    local p = pipeline(stage("a", "put stdout 99999", { etag = true }),
      stage("b", "drain stdin", { etag = true }))
    local first, second = assert(p:run()), assert(p:run { workers = 1 })
    assert.same(first.outputs, second.outputs)
    assert.same(first.instances.b.channels, second.instances.b.channels)
  end)

  it("calls functions in the order of stages and instances", function()
    local log = {}
    local function output(bytes, instance)
      log[#log + 1] = instance.name .. ":" .. bytes
    end
    run({ workers = 4 }, stage("a", "quiet spin 3000000 say stdout x",
      { output = output }), stage("b", "quiet say stdout y say stdout z",
      { count = 2, output = output, connect = {} }))
    assert.equal("a:x\n,b-1:y\n,b-1:z\n,b-2:y\n,b-2:z\n",
      table.concat(log, ","))
  end)

  it("tells a listener who began and who ended", function()
    local log = {}
    run({ workers = 1, listener = function(event)
      if event.kind ~= "progress" then
        log[#log + 1] = event.kind .. " " .. event.instance.name
        assert.is_true(event.time >= 0)
        assert.equal(event.kind == "end", event.report ~= nil)
      end
    end }, stage("a", "", { connect = {} }), stage("b", ""))
    assert.equal("start a,end a,start b,end b", table.concat(log, ","))
  end)

  describe("with a store", function()
    local function store_of(fields)
      local log = {}
      local store = { log = log }
      for _, name in ipairs { "is_file", "edge", "find", "kept", "close" } do
        store[name] = function(_, first, ...)
          local what = type(first) == "table" and first.name or first
          log[#log + 1] = ("%s %s"):format(name, tostring(what))
          if fields[name] then
            return fields[name](first, ...)
          end
        end
      end
      return store
    end

    local got
    local function output(bytes)
      got[#got + 1] = bytes
    end

    before_each(function()
      got = {}
    end)

    it("is asked for what is known, and told what is new", function()
      local store = store_of {}
      run({ store = store }, stage("a", "quiet say stdout x",
        { output = output }))
      assert.same({ "find a", "kept a", "close true" }, store.log)
      assert.same({ "x\n" }, got)
    end)

    it("may fail to close, and stops are let through again", function()
      local release, released = zvm.host.release_stops, 0
      zvm.host.release_stops = function()
        released = released + 1
        release()
      end
      local p = pipeline(stage("a", ""))
      local ok, message = pcall(p.run, p, { store = store_of {
        close = function()
          error("no room", 0)
        end } })
      zvm.host.release_stops = release
      assert.is_false(ok)
      assert.equal("no room", message)
      assert.equal(1, released)
    end)

    it("may have the report already", function()
      local first = run(nil, stage("a", "quiet say stdout x"))
      local kinds = {}
      local report = run({ store = store_of { find = function()
        return first.instances.a
      end }, listener = function(event)
        kinds[#kinds + 1] = event.kind
      end }, stage("a", "quiet say stdout x"))
      assert.same({ "look-up" }, kinds)
      assert.same(first.outputs, report.outputs)
    end)

    it("may have it run again, and nothing comes twice", function()
      host.inside(function(dir)
        local times = 0
        local report = run({ store = store_of { kept = function()
          times = times + 1
          return times < 3 and "again" or nil
        end } }, stage("a", "quiet say stdout x say log y", { output = {
          output, { path = dir .. "/f", channel = "log" } } }))
        assert.equal("exit", report.state)
        assert.equal(3, times)
        assert.same({ "x\n" }, got)
        assert.same({ "f" }, names_in(dir))
      end)
    end)

    it("may find fault with it", function()
      local report = run({ store = store_of { kept = function()
        return false, "it is another one"
      end } }, stage("a", "quiet say stdout x", { output = output }))
      assert.equal("a: it is another one", report.failed.text)
      assert.same({}, got)
    end)

    it("may have files instead of rings", function()
      local path = os.tmpname()
      local order = {}
      local report = run({ store = store_of {
        is_file = function()
          return true
        end,
        edge = function()
          return path
        end,
      }, workers = 4, listener = function(event)
        if event.kind ~= "progress" then
          order[#order + 1] = event.kind .. " " .. event.instance.name
        end
      end }, stage("a", "quiet put stdout 5000"), stage("b", "drain stdin"))
      os.remove(path)
      assert.equal(5000, report.instances.b.channels.stdin.get_bytes)
      assert.equal("start a,end a,start b,end b", table.concat(order, ","))
    end)
  end)

  it("refuses options that it does not know", function()
    local p = pipeline(stage("a", ""))
    for message, options in pairs {
      ['pipeline:run: unknown option "worker"; did you mean "workers"?'] =
        { worker = 1 },
      ["pipeline:run: workers: whole number from 1 to 1024 expected, got 0"] =
        { workers = 0 },
      ["pipeline:run: ring: 4K to 1G expected, got 4095"] = { ring = 4095 },
      ['pipeline:run: ring: size such as 4096 or "64M" expected, got "1 K"'] =
        { ring = "1 K" },
      ['pipeline:run: timeout: time such as 0.5, "250ms" or "10s" expected, '
        .. 'got "soon"'] = { timeout = "soon" },
      ["pipeline:run: progress: true or function expected, got 1"] =
        { progress = 1 },
      ["pipeline:run: table expected, got 5"] = 5,
    } do
      assert.same({ nil, message, "OPTION" }, { p:run(options) })
    end
  end)

  it("does not begin if a program cannot be loaded", function()
    local report, message, code = assert(zvm.pipeline {
      stage("a", ""), { name = "b", program = "/nowhere" } }):run()
    assert.is_nil(report)
    assert.equal("pipeline.stages[2] (b): program: /nowhere: No such file or "
      .. "directory", message)
    assert.equal("SYSTEM", code)
  end)
end)

describe("files that a pipeline writes", function()
  it("have the names that wildcards and numbers give", function()
    host.inside(function(dir)
      host.write_file(dir .. "/a.txt", "A")
      host.write_file(dir .. "/b.txt", "BB")
      run(nil, stage("copy", COPY, { input = dir .. "/*.txt",
        output = dir .. "/%1-%i.out" }))
      assert.same({ "a-1.out", "a.txt", "b-2.out", "b.txt" }, names_in(dir))
      assert.equal("BB", host.read_file(dir .. "/b-2.out"))
    end)
  end)

  it("may be those that it reads", function()
    host.inside(function(dir)
      host.write_file(dir .. "/f", "old")
      run(nil, stage("copy", "quiet copy stdin stdout say stdout new",
        { input = dir .. "/f", output = dir .. "/f" }))
      assert.equal("oldnew\n", host.read_file(dir .. "/f"))
      assert.same({ "f" }, names_in(dir))
    end)
  end)

  it("keep their permissions, and links to them stay", function()
    host.inside(function(dir)
      host.write_file(dir .. "/f", "old")
      host.shell("chmod 640 %s/f; ln -s f %s/link", dir, dir)
      run(nil, stage("a", "quiet say stdout x", { output = dir .. "/link" }))
      assert.equal("x\n", host.read_file(dir .. "/f"))
      assert.equal("rw-r-----", lfs.attributes(dir .. "/f", "permissions"))
      assert.equal("link", lfs.symlinkattributes(dir .. "/link", "mode"))
    end)
  end)

  it("may be devices", function()
    assert.equal("exit", run(nil, stage("a", "", { count = 2,
      output = "/dev/null" })).state)
  end)

  it("are as they were if a later stage fails", function()
    host.inside(function(dir)
      host.write_file(dir .. "/f", "old")
      local report = run(nil, stage("a", "say stdout x",
        { output = dir .. "/f", connect = "b" }),
        stage("b", "drain in/a exit 1", { output = dir .. "/g" }))
      assert.equal("failed", report.state)
      assert.equal("old", host.read_file(dir .. "/f"))
      assert.same({ "f" }, names_in(dir))
    end)
  end)

  it("have one writer each, however they are named", function()
    host.inside(function(dir)
      host.shell("mkdir %s/d %s/d/s; ln -s d %s/e", dir, dir, dir)
      local x, over, link = dir .. "/d/x", dir .. "/d/s/../x", dir .. "/e/x"
      for _ = 1, 2 do
        for _, case in ipairs {
          { { output = x }, { output = over }, "a" },
          { { output = x }, { output = link }, "a" },
          { { output = x }, { output = true,
            channels = { stderr = { path = link } } }, "a" },
          { { output = true, channels = { stderr = { path = x } } },
            { output = over }, "a" },
          { {}, { output = { over, { channel = "stderr", path = x } } },
            "another channel" },
        } do
          case[1].connect = {}
          local report = run({ workers = 1 }, stage("a", "", case[1]),
            stage("b", "", case[2]))
          assert.equal("failed", report.state)
          assert.truthy(report.failed.text:find("^b: .*/x: " .. case[3]
            .. " writes this file too$"))
        end
        -- What the channel wrote, and no more.
        assert.same({ "s", "x" }, names_in(dir .. "/d"))
      end
      local report = run({ verify = 2 }, stage("a", "say stdout x",
        { output = x, connect = {}, channels = { stderr = {
          path = dir .. "/d/y" } } }))
      assert.equal("exit", report.state)
      assert.equal("exit", run(nil, stage("a", "", { output = x,
        connect = {} }), stage("b", "", { output = dir .. "/x" })).state)
    end)
  end)

  it("fail by their names, and nothing is left", function()
    host.inside(function(dir)
      host.shell("ln -s nowhere/x %s/link", dir)
      for path, why in pairs { ["/none/x"] = "No such file or directory",
        [""] = "Is a directory", ["/link"] = "No such file or directory" } do
        local report = run(nil, stage("a", "", { output = dir .. path }))
        assert.equal("failed", report.state)
        assert.equal("a: " .. dir .. path .. ": " .. why,
          report.failed.text)
      end
      assert.same({ "link" }, names_in(dir))
    end)
  end)
end)

describe("a stage that fails", function()
  it("stops the others, and says which, why, and what they had done",
    function()
      local report = run({ workers = 3 },
        stage("a", "put stdout 50000 loop"),
        stage("b", "get stdin 50000 say stderr no_more exit 3"),
        stage("c", "drain stdin loop"))
      assert.equal("failed", report.state)
      assert.same({ "b", "b", "b: exit 3: no_more", "b: exit 3: no_more" },
        { report.failed.stage, report.failed.instance, report.failed.text,
          report.reason })
      assert.equal(3, report.failed.report.code)
      local a = report.failed.peers.a
      assert.same({ "unfinished", 50000, 50000 },
        { a.state, a.put_bytes, a.channels.stdout.put_bytes })
      assert.equal("unfinished", report.failed.peers.c.state)
      assert.is_nil(report.failed.peers.b)
      assert.same({}, report.outputs)
    end)

  it("may be any, and may fail in any way", function()
    for i = 1, 3 do
      for word, want in pairs { exit = "exit 7", fault = "fault memory: ",
        loop = "timeout" } do
        local stages = { stage("a", "put stdout 9000"), stage("b", COPY),
          stage("c", "drain stdin") }
        local before = i == 2 and "get stdin 10 " or ""
        stages[i] = stage(("abc"):sub(i, i), before .. word .. " 7",
          { timeout = word == "loop" and "50ms" or nil })
        local report = run({ ring = "4K" }, unpack(stages))
        assert.equal("failed", report.state)
        assert.equal(stages[i].name, report.failed.stage)
        assert.equal(stages[i].name .. ": " .. want,
          report.failed.text:sub(1, #want + 3))
      end
    end
  end)

  it("does not, with an exit code that is fine", function()
    local report = run(nil, stage("a", "say stdout x exit 1",
      { codes = { 0, 1 } }), stage("b", COPY, { codes = { 0 } }))
    assert.equal("exit", report.state)
    assert.equal("x\n", report.outputs.b)
  end)

  it("may be one that the host cannot open", function()
    local report = run({ workers = 1 }, stage("a", "", { count = 2,
      channels = { x = { path = "/nowhere" } } }))
    assert.equal("failed", report.state)
    assert.is_truthy(report.failed.text:find("/nowhere: No such file", 1,
      true))
    assert.equal("refused", report.failed.report.state)
    assert.equal("unbegun", report.instances["a-2"].state)
  end)

  it("may be one whose worker dies", function()
    local report = run({ listener = function(event)
      if event.kind == "progress" then
        for _, id in ipairs(host.workers "R") do
          os.execute("kill -9 " .. id)
        end
      end
    end }, stage("a", "loop"))
    assert.equal("failed", report.state)
    assert.equal("lost", report.failed.report.state)
    assert.equal("a: lost: ", report.failed.text:sub(1, 9))
  end)

  it("is told in lines", function()
    local text = run({ workers = 1 }, stage("a", "exit 4"),
      stage("b", "")):text()
    assert.equal("failed: a: exit 4\n  a                exit 4\n"
      .. "  b                did not begin", text)
  end)
end)

describe("a pipeline ends", function()
  it("when its time is over", function()
    local report = run({ timeout = "100ms", workers = 1 }, stage("a", "loop"),
      stage("b", ""))
    assert.equal("timeout", report.state)
    assert.equal("0.1 seconds are over", report.reason)
    assert.equal("unfinished", report.instances.a.state)
  end)

  it("by an error in a function of an output, which is raised", function()
    host.inside(function(dir)
      local thrown = {}
      local p = pipeline(stage("a", "loop", { output = dir .. "/f",
        connect = {} }), stage("b", "say stdout x", { output = function()
          error(thrown)
        end }))
      local ok, message = pcall(p.run, p, { workers = 2 })
      assert.is_false(ok)
      assert.equal(thrown, message)
      assert.same({}, names_in(dir))
    end)
  end)

  it("by an error in a listener, which is raised", function()
    local p = pipeline(stage("a", "loop"))
    local ok, message = pcall(p.run, p, { listener = function()
      error "enough"
    end })
    assert.is_false(ok)
    assert.is_truthy(message:find "enough")
  end)

  it("and leaves no descriptor, mapping or file, however it does", function()
    host.inside(function(dir)
      local good = pipeline(stage("a", "put stdout 9000"), stage("b",
        "drain stdin", { output = dir .. "/good" }))
      local bad = pipeline(stage("a", "put stdout 9000 loop"), stage("b",
        "get stdin 1 exit 1", { output = dir .. "/bad" }))
      local stuck = pipeline(stage("a", "get stdin 1", { pipe = "a",
        channels = {} }))
      local wrong = pipeline(stage("a", "loop"), stage("b", "say stdout x", {
        output = error, input = nil }))
      host.assert_flat(function()
        assert.equal("exit", good:run({ ring = "4K" }).state)
        assert.equal("failed", bad:run({ workers = 2 }).state)
        assert.equal("deadlock", stuck:run().state)
        assert.is_false(pcall(wrong.run, wrong, { workers = 2 }))
      end, 15)
      assert.same({ "good" }, names_in(dir))
    end)
  end)

  it("and kills those that run", function()
    collectgarbage "stop" -- which would do the same, some day
    local report = run({ workers = 4 }, stage("a", "loop", { count = 3,
      connect = {} }), stage("b", "exit 1"))
    assert.equal("failed", report.state)
    local rest = host.workers_rest()
    collectgarbage "restart"
    assert.is_true(rest)
  end)

  it("and says which outputs are new when one cannot get its name", function()
    host.inside(function(dir)
      for i = 1, 9 do
        host.write_file(dir .. "/out-" .. i, "old")
      end
      local function ends(count, bad)
        local p = pipeline(stage("a", "quiet say stdout new", { count = count,
          output = dir .. "/out-%i" }))
        local report = assert(p:run { workers = 1, listener = function(event)
          if event.kind == "end" and event.instance.index == bad then
            os.remove(dir .. "/out-" .. bad)
            host.shell("mkdir %s/out-%d", dir, bad)
          end
        end })
        host.shell("rmdir %s/out-%d", dir, bad)
        assert.equal("failed", report.state)
        assert.equal(report.reason, report.failed.text)
        local new = {}
        for i = 1, count do
          local path = ("%s/out-%d"):format(dir, i)
          local text = i ~= bad and host.read_file(path)
          new[#new + 1] = text == "new\n" and path or nil
          host.write_file(path, "old")
        end
        assert.same(new, report.failed.replaced)
        assert.equal(count, #new + #report.failed.unreplaced)
        assert.equal(("%s/out-%d"):format(dir, bad),
          report.failed.unreplaced[1])
        assert.equal(9, #names_in(dir))
        return (report.reason:gsub(dir:gsub("%p", "%%%0") .. "/", ""))
      end
      assert.equal("output: out-2: Is a directory; replaced: out-1; "
        .. "not replaced: out-2, out-3", ends(3, 2))
      assert.equal("output: out-1: Is a directory; replaced: none; "
        .. "not replaced: out-1, out-2, out-3, out-4, out-5, 4 more",
        ends(9, 1))
    end)
  end)

  -- Runs a pipeline that gets a signal when its instances run, and gives what
  -- is printed.
  local function signalled(signal, dir)
    local script = ([[
      local zvm = require "zvm"
      local begun = 0
      local p = assert(zvm.pipeline { { name = "a", program = "%s",
        args = { "loop" }, count = 2, output = "%s/f%%i" } })
      print(pcall(p.run, p, { workers = 2, listener = function(event)
        begun = begun + (event.kind == "start" and 1 or 0)
        if begun == 2 then
          begun = 3
          os.execute "(sleep 0.1; kill -%s $PPID) &"
        end
      end }))]]):format(NODE, dir, signal)
    return host.output(("timeout 60 %s -e '%s' 2>&1; echo $?"):format(LUA,
      script))
  end

  it("by Ctrl-C, and is put away before the host has it", function()
    host.inside(function(dir)
      local text = signalled("INT", dir)
      assert.is_truthy(text:find("interrupted!", 1, true))
      assert.same({}, names_in(dir))
      assert.is_truthy(signalled("TERM", dir):find "143\n$")
      assert.same({}, names_in(dir))
    end)
  end)
end)

describe("who waits", function()
  local function read(name)
    return { name = name, way = "get" }
  end

  it("for room while the reader waits for other bytes gets it", function()
    for workers = 1, 3 do
      local report = run({ ring = "4K", workers = workers },
        stage("a", "quiet put out/b 50000 put stdout 10", { connect = "b",
          pipe = "b" }), stage("b", "drain stdin drain in/a"))
      assert.equal("exit", report.state)
    end
  end)

  it("leaves a place to whom it waits for", function()
    local begun = false
    local report = run({ ring = "4K", workers = 2, timeout = 10,
      listener = function(event)
        begun = begun or event.kind == "start" and event.instance.name == "c"
      end }, stage("a", "drain x", { connect = {}, channels = { x = {
        -- This one does not end before c has begun.
        read = function()
          zvm.host.sleep(0.002)
          return not begun and "x" or nil
        end,
      } } }), stage("b", "quiet put stdout 9000", { pipe = "c" }),
      stage("c", "drain stdin"))
    assert.equal("exit", report.state)
  end)

  it("in a cycle whose rings are full gets room", function()
    local report = run({ ring = "4K" },
      stage("a", "quiet put out/b 30000 get in/b 40000", { connect = "b" }),
      stage("b", "quiet put out/a 40000 drain in/a", { connect = "a" }))
    assert.equal("exit", report.state)
    assert.equal(40000, report.instances.a.channels["in/b"].get_bytes)
  end)

  it("for what itself writes, too", function()
    assert.equal("exit", run({ ring = "4K" }, stage("a",
      "put out/a 9000 get in/a 9000", { connect = "a" })).state)
  end)

  it("for each other is a deadlock, and all is told", function()
    for workers = 1, 3 do
      local report = run({ workers = workers, ring = "4K" },
        stage("a", "say out/b x get in/b 1", { connect = "b" }),
        stage("b", "get in/a 2 get in/a 1", { connect = { "a", "c" } }),
        stage("c", "drain in/b"), stage("d", "say stdout y"))
      assert.equal("deadlock", report.state)
      assert.equal("a waits to read in/b from b; b waits to read in/a from a",
        report.deadlock.text)
      assert.same({
        { who = "a", channel = "in/b", way = "get", whom = "b" },
        { who = "b", channel = "in/a", way = "get", whom = "a" },
        { who = "c", channel = "in/b", way = "get", whom = "b" },
      }, report.deadlock.waits)
      assert.equal(2, report.instances.a.put_bytes)
      assert.equal("exit", report.instances.d.state)
    end
  end)

  it("and is stopped by the host is no deadlock", function()
    local report = run({ workers = 2 }, stage("a",
      "spin 30000000 say stdout x"), stage("b", COPY))
    assert.equal("exit", report.state)
  end)

  it("is believed when two looks in a row say so of one wait", function()
    local turns = {}
    local function session(name)
      return { progress = function()
        return { blocked = turns[name] and { channel = "/dev/in/x",
          way = "get", turn = turns[name] } }
      end }
    end
    local states, live = {}, {}
    for i, name in ipairs { "a", "x" } do
      states[name] = { instance = read(name), session = session(name) }
      live[i] = states[name]
    end
    local eyes = look.new({ edges = { { from = "x", to = "a",
      from_channel = "out/a", to_channel = "in/x" } } }, states)
    local function see()
      local sure, waiting = eyes:look(live)
      return sure.a ~= nil, waiting
    end
    assert.same({ false, 0 }, { see() })
    turns.a = 5
    assert.same({ false, 1 }, { see() })
    assert.same({ true, 1 }, { see() })
    turns.a = 6
    assert.same({ false, 1 }, { see() })
    turns.a = nil
    assert.same({ false, 0 }, { see() })
    turns.a = 6
    assert.same({ false, 1 }, { see() })
    states.x.status = "ended"
    assert.same({ false, 0 }, { see() })
  end)
end)
