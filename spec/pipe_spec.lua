--- Pipes between runs: whole streams, ends, growth, levels; progress of runs
-- that were started, waiting for any of them, and slices of files.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local zvm = require "zvm"

local OPS = assert(zvm.load(host.guest "channel_ops"))
local LUA = os.getenv "ZVM_TEST_LUA" or "luajit"

local function options(channels, ...)
  return { program = OPS, args = { ... }, channels = channels, timeout = 20,
    isolation = "process" }
end

local function start(channels, ...)
  return assert(zvm.start(options(channels, ...)))
end

local function finish(session)
  local report = assert(session:wait())
  assert.equal("exit", report.state)
  return (report.channels.stdout.data:gsub("\n$", ""):gsub("\n", " ")), report
end

--- Wait until `is_so` says so, while runs are looked after.
local function until_so(sessions, is_so)
  for _ = 1, 2000 do
    if is_so() then
      return true
    end
    zvm.wait(sessions, 0.005)
  end
end

local function blocked(session)
  return session:progress().blocked
end

describe("a ring", function()
  it("carries the same bytes whatever its size", function()
    local etag
    for _, size in ipairs { 1, 4097, "64K", "1M" } do
      local p = assert(zvm.pipe { size = size })
      local writer = start({ x = { pipe = p, mode = "w", etag = true } },
        "fill", "3", "200")
      local reader = start({ x = { pipe = p, etag = true } }, "drain", "3",
        "777")
      local said, there = finish(reader)
      local _, here = finish(writer)
      assert.equal("204800 0", said)
      assert.equal(here.channels.x.etag, there.channels.x.etag)
      assert.equal(etag or here.channels.x.etag, here.channels.x.etag)
      etag = here.channels.x.etag
      assert.equal(204800, here.channels.x.put_bytes)
      assert.equal(204800, there.channels.x.get_bytes)
    end
  end)

  it("is bounded by limits as each stream is", function()
    local p = assert(zvm.pipe { size = 1 })
    local writer = start({ x = { pipe = p, mode = "w",
      limits = { put_bytes = 10000 } } }, "fill", "3", "20")
    local reader = start({ x = { pipe = p, limits = { get_bytes = 6000 } } },
      "drain", "3", "1000")
    assert.equal("6000 -122", finish(reader))
    local said, report = finish(writer)
    assert.equal("-122", said)
    assert.equal(10000, report.channels.x.put_bytes)
  end)

  it("ends for its reader when its writer is killed", function()
    local p = assert(zvm.pipe { size = 1 })
    local writer = start({ x = { pipe = p, mode = "w" } }, "put", "3", "0",
      "left", "loop")
    local reader = start({ x = { pipe = p } }, "drain", "3", "100")
    assert.truthy(until_so({ writer, reader }, function()
      local written = writer:progress().channels.x
      return written and written.put_bytes == 4 and blocked(reader)
    end))
    writer:close()
    assert.equal("4 0", finish(reader))
  end)

  it("lets a writer go on when its reader is killed", function()
    local p = assert(zvm.pipe { size = 1 })
    local writer = start({ x = { pipe = p, mode = "w" } }, "fill", "3", "100")
    local reader = start({ x = { pipe = p } }, "get", "3", "1", "0", "loop")
    assert.truthy(until_so({ writer, reader }, function()
      return blocked(writer)
    end))
    reader:close()
    local said, report = finish(writer)
    assert.equal("1024", said)
    assert.equal(102400, report.channels.x.put_bytes)
    assert.is_nil(report.channels.x.error)
  end)

  it("does not keep a run from its limits of time", function()
    for _, limit in ipairs { "timeout", "cpu" } do
      for _, mode in ipairs { "r", "w" } do
        local p = assert(zvm.pipe { size = 1 })
        local chosen = options({ x = { pipe = p, mode = mode } },
          mode == "r" and "get" or "fill", "3", mode == "r" and "1" or "9",
          mode == "r" and "0" or nil)
        chosen.cpu, chosen.timeout = limit == "cpu" and 0.1 or nil, 0.1
        for _, isolation in ipairs { "process", "inline" } do
          if isolation == "inline" then
            p = assert(zvm.pipe { size = 1 })
            chosen.channels.x.pipe = p
          end
          chosen.isolation = isolation
          assert.equal("timeout", assert(zvm.run(chosen)).state)
        end
      end
    end
  end)

  it("works inline, either way", function()
    local p, q = zvm.pipe { size = 1 }, zvm.pipe { size = 1 }
    local writer = start({ x = { pipe = p, mode = "w" } }, "fill", "3", "90")
    local reader = start({ x = { pipe = q } }, "drain", "3", "500")
    local chosen = options({ i = { pipe = p }, o = { pipe = q, mode = "w" } },
      "copy", "3", "4", "1000")
    chosen.isolation = "inline"
    assert.equal("92160\n", assert(zvm.run(chosen)).channels.stdout.data)
    assert.equal("92160 0", finish(reader))
    finish(writer)
  end)

  it("grows while both sides are at it, and nothing is lost", function()
    local p = assert(zvm.pipe { size = 1 })
    local writer = start({ x = { pipe = p, mode = "w", etag = true } },
      "fill", "3", "900")
    for used = 12, 15 do
      assert.truthy(until_so({ writer }, function()
        return blocked(writer) and p:level().size == 2 ^ used
      end))
      assert.is_true(p:grow())
    end
    local reader = start({ x = { pipe = p, etag = true } }, "drain", "3",
      "1000")
    assert.is_true(p:grow())
    local said, there = finish(reader)
    local _, here = finish(writer)
    assert.equal("921600 0", said)
    assert.equal(here.channels.x.etag, there.channels.x.etag)
  end)

  it("may be one of more than a message has descriptors for", function()
    local channels, pipes = {}, {}
    for i = 1, 140 do
      pipes[i] = assert(zvm.pipe { size = 1 })
      channels[("c%03d"):format(i)] = { pipe = pipes[i] }
    end
    local reader = start(channels, "get", "3", "9", "0", "get", "142", "9",
      "0", "get", "139", "9", "0")
    local writer = start({ x = { pipe = pipes[140], mode = "w" } }, "put",
      "3", "0", "last")
    for i = 1, 140 do -- whose write ends nobody has
      pipes[i]:close()
    end
    assert.equal("0 4 last 0", finish(reader))
    finish(writer)
  end)

  it("tells its level, and who is at its ends", function()
    local p = assert(zvm.pipe { size = 5000 })
    assert.same({ used = 0, size = 8192, reader = "none", writer = "none" },
      p:level())
    finish(start({ x = { pipe = p, mode = "w" } }, "fill", "3", "5"))
    assert.same({ used = 5120, size = 8192, reader = "none",
      writer = "ended" }, p:level())
    local reader = start({ x = { pipe = p } }, "get", "3", "120", "0", "loop")
    assert.truthy(until_so({ reader }, function()
      return p:level().used == 5000
    end))
    assert.equal("open", p:level().reader)
    reader:close()
    assert.equal("ended", p:level().reader)
  end)

  it("says what is wrong with its options", function()
    local pipe, message, status = zvm.pipe { size = 0 }
    assert.is_nil(pipe)
    assert.equal("zvm.pipe: size: 1 byte to 1G expected", message)
    assert.equal("OPTION", status)
    assert.equal("zvm.pipe: size: 1 byte to 1G expected",
      (select(2, zvm.pipe { size = "2G" })))
    assert.truthy(select(2, zvm.pipe { sise = 1 }):find("size", 1, true))
    assert.has_error(function() zvm.pipe(64) end)
    local p = zvm.pipe()
    p:close()
    assert.has_error(function() p:grow() end)
    assert.has_error(function() p:level() end)
  end)

  it("leaves nothing behind, run or not", function()
    host.assert_flat(function()
      local p, q = zvm.pipe { size = 1 }, zvm.pipe { size = 1 }
      local chosen = options({ x = { pipe = p }, y = { pipe = q } }, "list")
      chosen.isolation = "inline"
      assert(zvm.run(chosen))
      local writer = start({ x = { pipe = p, mode = "w" } }, "fill", "3", "9")
      writer:progress()
      finish(writer)
      chosen = options({ x = { pipe = q, mode = "w" },
        y = { path = "/nowhere" } }, "list")
      chosen.isolation = "inline"
      assert.is_nil(zvm.run(chosen))
      start({ x = { pipe = q, mode = "w" } }, "loop"):close()
      p:close()
      q:close()
    end)
  end)
end)

describe("session:progress", function()
  it("counts bytes while a run goes on, if it was asked to", function()
    local chosen = options({}, "put", "1", "0", "four", "loop")
    chosen.progress = true
    local session = assert(zvm.start(chosen))
    assert.truthy(until_so({ session }, function()
      return session:progress().put_bytes >= 6
    end))
    local p = session:progress()
    assert.equal("running", p.state)
    assert.same({ get_bytes = 0, put_bytes = 6 }, p.channels.stdout)
    assert.same({ get_bytes = 0, put_bytes = 0 }, p.channels.stdin)
    assert.equal(0, p.get_bytes)
    assert.is_nil(p.blocked)
    session:close()
    assert.has_error(function() session:progress() end)
  end)

  it("of a run that was not asked gives its state alone", function()
    local session = start({}, "put", "1", "0", "four")
    assert.equal(1, zvm.wait { session })
    assert.equal("ended", session:progress().state)
    assert.equal(6, session:progress().channels.stdout.put_bytes)
    finish(session)
  end)

  it("says which pipe a run waits for, and another turn each time", function()
    local p, q = zvm.pipe { size = 1 }, zvm.pipe { size = 1 }
    local session = start({ i = { pipe = p }, o = { pipe = q, mode = "w" } },
      "copy", "3", "4", "3000")
    assert.truthy(until_so({ session }, function() return blocked(session) end))
    local first = blocked(session)
    assert.equal("i", first.channel)
    assert.equal("get", first.way)
    assert.same(first, blocked(session))
    local writer = start({ x = { pipe = p, mode = "w" } }, "fill", "3", "10")
    assert.truthy(until_so({ session, writer }, function()
      local now = blocked(session)
      return now and now.way == "put"
    end))
    assert.equal("o", blocked(session).channel)
    assert.are_not.equal(first.turn, blocked(session).turn)
    local reader = start({ x = { pipe = q } }, "drain", "3", "100")
    assert.equal("10240 0", finish(reader))
    finish(writer)
    finish(session)
  end)

  it("tells who waits for a turn", function()
    zvm.workers(1)
    local first = start({}, "loop")
    local second = start({}, "list")
    assert.equal("running", first:progress().state)
    assert.equal("waiting", second:progress().state)
    first:close()
    finish(second)
    zvm.workers(1024)
  end)
end)

describe("zvm.wait", function()
  it("gives the first that has ended, and no report is lost", function()
    local a, b = start({}, "loop"), start({}, "exit", "7")
    assert.equal(2, zvm.wait({ a, b }))
    assert.equal(2, zvm.wait({ a, b }, 0))
    assert.equal(7, b:wait().code)
    a:close()
  end)

  it("gives up when the time is over", function()
    local a = start({}, "loop")
    assert.same({ nil, "timeout" }, { zvm.wait({ a }, 0) })
    assert.same({ nil, "timeout" }, { zvm.wait({ a }, 0.02) })
    a:close()
  end)

  it("serves the functions of all runs", function()
    local got = {}
    local a = start({ x = { write = function(text) got[1] = text end } },
      "put", "3", "0", "to-a")
    local b = start({}, "loop")
    assert.equal(2, zvm.wait({ b, a }, 10))
    assert.equal("to-a", got[1])
    assert.is_not_nil(a:wait())
    b:close()
  end)

  it("keeps what it waits for, whatever a function makes of it", function()
    local list, inner = {}, nil
    list[1] = start({ x = { write = function()
      inner = { pcall(function() return list[1]:wait() end) }
      list[1], list[2] = nil, nil
      collectgarbage()
    end } }, "put", "3", "0", "x")
    list[2] = start({}, "loop")
    assert.equal(1, zvm.wait(list, 10))
    assert.is_false(inner[1])
    assert.truthy(inner[2]:find("is being waited for", 1, true))
  end)

  it("takes only sessions that can be waited for", function()
    local a = start({}, "list")
    local _, message, status = zvm.wait { a, a }
    assert.equal("session 2 of the list is there twice", message)
    assert.equal("STATE", status)
    assert.equal("STATE", (select(3, zvm.wait {})))
    finish(a)
    assert.has_error(function() zvm.wait { a } end)
    assert.has_error(function() zvm.wait { 1 } end)
    assert.has_error(function() zvm.wait() end)
    assert.has_error(function() zvm.wait({ a }, -1) end)
  end)

  it("stops all of them for a signal that stops runs", function()
    local script = host.temporary()
    host.write_file(script, [[
      local zvm = require "zvm"
      local function spins()
        return assert(zvm.start { program = arg[1], args = { "loop" },
          on_stop = "report" })
      end
      local list = { spins(), spins() }
      os.execute("(sleep 0.2; kill -INT " .. arg[2] .. ") &")
      local first = zvm.wait(list)
      print(first, list[1]:wait().state, list[2]:wait().state)
    ]])
    local said = host.output(("sh -c 'exec %s %s %s $$'"):format(LUA, script,
      host.guest "channel_ops"))
    os.remove(script)
    assert.truthy(said:find "^[12]\tstopped\tstopped")
  end)
end)

describe("a slice", function()
  local path
  before_each(function()
    path = host.temporary()
    host.write_file(path, "0123456789abcdef")
  end)
  after_each(function() os.remove(path) end)

  local function run(isolation, spec, ...)
    spec.path = spec.path or path
    local chosen = options({ x = spec }, ...)
    chosen.isolation = isolation
    local report, message, status = zvm.run(chosen)
    if not report then
      return message, status
    end
    return (report.channels.stdout.data:gsub("\n", " ")), report.channels.x
  end

  it("is all that there is, of each type, in either isolation", function()
    for _, isolation in ipairs { "inline", "process" } do
      for type = 0, 3 do
        local said, x = run(isolation, { slice = { 3, 5 }, type = type,
          etag = true }, "get", "3", "2", "0", "get", "3", "100", "2",
          "get", "3", "1", "99")
        assert.equal("2 34 3 567 0 ", said)
        assert.equal(zvm.digest "34567", x.etag)
      end
    end
  end)

  it("of one file may be many", function()
    for part = 0, 3 do
      local said = run("process", { slice = { part * 4, 4 }, type = 0 },
        "get", "3", "9", "0")
      assert.equal("4 " .. ("0123456789abcdef"):sub(part * 4 + 1,
        part * 4 + 4) .. " ", said)
    end
  end)

  it("may be empty, at the end too", function()
    assert.equal("0 ", (run("process", { slice = { 16, 0 }, type = 0 },
      "get", "3", "9", "0")))
  end)

  it("tells a guest its size", function()
    assert.truthy(run("process", { slice = { 3, 5 } }, "list")
      :find("/dev/x type=3 size=5 ", 1, true))
  end)

  it("has to be there", function()
    assert.equal("channel /dev/x: the slice ends at 17, and the file has 16 " ..
      "bytes", (run("process", { slice = { 3, 14 } }, "list")))
    assert.equal("channel /dev/x: not a regular file, so there is no slice " ..
      "of it", (run("process", { path = "/dev/zero", slice = { 0, 0 } },
      "list")))
  end)

  it("is two numbers, of a file that is read", function()
    for _, slice in ipairs { {}, { 1 }, { 1, 2, 3 }, 7 } do
      assert.equal("zvm.run: channels.x.slice: { offset, length } expected",
        (run("process", { slice = slice }, "list")))
    end
    assert.truthy(run("process", { slice = { 1, -1 } }, "list")
      :find("^zvm.run: channels.x.slice.2: whole number"))
    local only = 'zvm.run: channels.x.slice: only a channel with "path" or ' ..
      '"fd" and mode "r" can be a slice'
    assert.equal(only, (run("process", { slice = { 0, 1 }, mode = "r+" },
      "list")))
    assert.equal(only, (select(2, zvm.run(options({ x = { data = "x",
      slice = { 0, 1 } } }, "list")))))
  end)
end)
