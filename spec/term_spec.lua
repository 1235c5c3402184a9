--- Runs of pipelines that are over while the host itself works for them.
--
-- SPDX-License-Identifier: Apache-2.0
local cut = require "zvm.pipeline.cut"
local host = require "support.host"
local lfs = require "lfs"
local term = require "zvm.pipeline.term"
local zvm = require "zvm"

local NODE = host.guest "node"
local LUA = os.getenv "ZVM_TEST_LUA" or "lua5.1"

-- A file that nobody can read to its end while a test waits.
local HUGE = "256G"
-- Seconds: far more than it takes to give up, and far less than it would
-- take to go on.
local LONG = 30

local function names_in(dir, out)
  out = out or {}
  for name in lfs.dir(dir) do
    local path = dir .. "/" .. name
    if name == "." or name == ".." then
      name = nil
    elseif lfs.attributes(path, "mode") == "directory" then
      names_in(path, out)
    end
    out[#out + 1] = name and lfs.attributes(path, "mode") == "file" and name
      or nil
  end
  table.sort(out)
  return out
end

local function reader(input, more)
  local stage = { name = "a", program = assert(zvm.load(NODE)),
    input = input,
    args = { "quiet", "get", "stdin", "10" } }
  for key, value in pairs(more or {}) do
    stage[key] = value
  end
  return { stage }
end

describe("the timeout of a pipeline", function()
  local function huge(body)
    host.inside(function(dir)
      host.shell("truncate -s %s %s/huge", HUGE, dir)
      body(dir, dir .. "/huge")
    end)
  end

  -- It ends by its timeout, with nothing begun and nothing left.
  local function ends(dir, stages, options)
    options.timeout = "100ms"
    local began, fds = zvm.host.now(), host.descriptors()
    local report = assert(assert(zvm.pipeline(stages)):run(options))
    assert.equal("timeout", report.state)
    assert.equal("0.1 seconds are over", report.reason)
    assert.is_true(zvm.host.now() - began < LONG)
    assert.same({ "huge" }, names_in(dir))
    return report, host.descriptors() - fds
  end

  it("ends the digest of an input", function()
    huge(function(dir, path)
      collectgarbage "stop"
      local report, more = ends(dir, reader(path), { memo = dir .. "/memo" })
      collectgarbage "restart"
      assert.equal("unbegun", report.instances.a.state)
      assert.equal(0, more)
      ends(dir, reader(nil, { images = { path } }), { memo = dir .. "/memo" })
    end)
  end)

  it("ends the digest of a part of one", function()
    huge(function(dir, path)
      collectgarbage "stop"
      local _, more = ends(dir, reader { path = path, split = 1000 },
        { memo = dir .. "/memo" })
      collectgarbage "restart"
      assert.equal(0, more)
    end)
  end)

  it("ends the search for a record's end", function()
    huge(function(dir, path)
      collectgarbage "stop"
      local _, more = ends(dir, reader({ path = path, split = "newline" },
        { count = 2 }), {})
      collectgarbage "restart"
      assert.equal(0, more)
    end)
  end)

  it("ends the search for a pattern", function()
    huge(function(dir, path)
      collectgarbage "stop"
      ends(dir, reader({ path = path, split = { pattern = "x" } },
        { count = 2 }), {})
      local rest = host.workers_rest()
      collectgarbage "restart"
      assert.is_true(rest)
    end)
  end)

  it("ends the digest of what was written", function()
    huge(function(dir, path)
      local own = dir .. "/own"
      local stages = reader(nil, { channels = { own = { path = own,
        mode = "w" } } })
      local began = zvm.host.now()
      local report = assert(assert(zvm.pipeline(stages)):run { verify = 2,
        timeout = "1s", listener = function(event)
          if event.kind == "end" then -- as if the guest had
            assert(os.rename(path, own))
          end
        end })
      assert.equal("timeout", report.state)
      assert.equal("exit", report.instances.a.state)
      assert.is_true(zvm.host.now() - began < LONG)
    end)
  end)

  -- What is printed by a script that gets a signal.
  local function signalled(signal, script)
    return host.output(([[timeout -k %d -s %s 0.6 %s -e '%s' 2>&1]])
      :format(LONG, signal, LUA, script))
  end

  it("and Ctrl-C reach a digest", function()
    huge(function(dir, path)
      local script = ([[
        local zvm = require "zvm"
        local p = assert(zvm.pipeline { { name = "a", program = "%s",
          input = "%s", output = "%s/out" } })
        print(pcall(p.run, p, { memo = "%s/memo" }))]]):format(NODE, path,
        dir, dir)
      assert.truthy(signalled("INT", script):find("interrupted!", 1, true))
      assert.same({ "huge" }, names_in(dir))
      signalled("TERM", script)
      assert.same({ "huge" }, names_in(dir))
    end)
  end)

  it("and Ctrl-C reach a cut", function()
    huge(function(_, path)
      for _, split in ipairs { '"newline"', '{ pattern = "x" }' } do
        local text = signalled("INT", ([[
          local zvm = require "zvm"
          local p = assert(zvm.pipeline { { name = "a", program = "%s",
            input = { path = "%s", split = %s }, count = 2 } })
          print(pcall(p.run, p))]]):format(NODE, path, split))
        assert.truthy(text:find("interrupted!", 1, true), text)
      end
    end)
  end)
end)

describe("a run that is over", function()
  local over = term.over

  after_each(function()
    term.over = over
  end)

  -- Whether work is over is asked at n moments; at the last of them, it is.
  local function over_at(n)
    term.over = function()
      n = n - 1
      return n == 0 and { state = "timeout", reason = "over" } or nil
    end
  end

  it("leaves nothing half-done, whenever that is", function()
    host.inside(function(dir)
      host.write_file(dir .. "/in", ("line\n"):rep(10000))
      local got = {}
      local p = assert(zvm.pipeline {
        { name = "a", program = NODE, pipe = "b",
          args = { "quiet", "copy", "stdin", "stdout" }, count = 2,
          input = { path = dir .. "/in", split = "newline" } },
        { name = "b", program = NODE, images = { (dir .. "/x.tar") },
          args = { "quiet", "copy", "stdin", "out", "say", "stdout",
            "hello" }, channels = { out = { type = 0 } },
          output = { { path = dir .. "/out-%i", channel = "out" },
            function(bytes, instance)
              got[#got + 1] = instance.name .. " " .. bytes
            end } } })
      host.shell("cd %s && tar cf x.tar in", dir)
      local function run(n, options)
        got = {}
        over_at(n)
        local report = assert(p:run(options))
        term.over = over
        return report
      end
      local function has(list)
        local is = {}
        for _, name in ipairs(names_in(dir)) do
          if not name:find "^%x+$" then -- of the memo
            is[#is + 1] = name
          end
        end
        assert.same(list, is)
      end
      local function each_moment(options)
        local n = 0
        repeat
          n = n + 1
          os.remove(dir .. "/out-1")
          os.remove(dir .. "/out-2")
          local report = run(n, options)
          if report.state ~= "exit" then
            assert.equal("timeout", report.state)
            assert.equal("over", report.reason)
            has { "in", "x.tar" }
            assert.same({}, got)
          end
        until report.state == "exit"
        has { "in", "out-1", "out-2", "x.tar" }
        for _, name in ipairs { "/out-1", "/out-2" } do
          assert.equal(25000, #host.read_file(dir .. name))
        end
        assert.equal(2, #got)
        return n
      end
      assert.is_true(each_moment { memo = dir .. "/memo", workers = 2 } > 20)
      assert.is_true(each_moment { memo = dir .. "/memo", workers = 1 } > 20)
      each_moment { verify = 2 }
    end)
  end)

  it("closes the files that it copies, and drops the copy", function()
    host.inside(function(dir)
      host.write_file(dir .. "/a", ("x"):rep(3 * 2 ^ 20))
      local shelf = assert(require "zvm.pipeline.contents".open(dir
        .. "/memo"))
      local digest = zvm.digest_file(dir .. "/a")
      collectgarbage "stop"
      local before, moments = host.descriptors(), 0
      repeat
        moments = moments + 1
        over_at(moments)
        local ok, problem = pcall(shelf.put_file, shelf, dir .. "/a", digest)
        assert.is_true(ok or term.caught(problem).reason == "over")
        assert.same(ok and { digest, "a" } or { "a" }, names_in(dir))
      until ok
      assert.equal(before, host.descriptors())
      collectgarbage "restart"
      assert.is_true(moments > 5)
    end)
  end)

  it("closes a file that it cuts", function()
    host.inside(function(dir)
      host.write_file(dir .. "/a", ("x"):rep(1000))
      collectgarbage "stop"
      local before = host.descriptors()
      over_at(3)
      local ok, problem = pcall(cut.ranges, dir .. "/a", { newline = true },
        2, 100, term.new())
      assert.is_false(ok)
      assert.equal("over", term.caught(problem).reason)
      assert.equal(before, host.descriptors())
      collectgarbage "restart"
    end)
  end)
end)

describe("a store", function()
  it("is closed when its run cannot even begin", function()
    local wire = require "zvm.pipeline.wire"
    local new, closed = wire.new, 0
    local store = { close = function()
      closed = closed + 1
    end }
    local p = assert(zvm.pipeline(reader()))
    wire.new = function()
      error("no memory", 0)
    end
    local ok, message = pcall(p.run, p, { store = store })
    wire.new = new
    assert.same({ false, "no memory", 1 }, { ok, message, closed })
    p = assert(zvm.pipeline(reader(nil, { program = "/nowhere" })))
    assert.is_nil(p:run { store = store })
    assert.equal(2, closed)
  end)

  it("is not opened for listeners that cannot be had", function()
    host.inside(function(dir)
      local line = require "zvm.pipeline.timeline"
      local new = line.new
      line.new = function()
        error("no memory", 0)
      end
      local p = assert(zvm.pipeline(reader()))
      local ok = pcall(p.run, p, { memo = dir .. "/memo" })
      line.new = new
      assert.is_false(ok)
      assert.is_nil(lfs.attributes(dir .. "/memo"))
    end)
  end)
end)

describe("a digest in pieces", function()
  it("is that of the whole, or says why there is none", function()
    host.inside(function(dir)
      local path = dir .. "/a"
      for _, size in ipairs { 0, 1, 65536, 2 ^ 22, 2 ^ 22 + 1, 9000000 } do
        host.write_file(path, ("\0a"):rep(math.ceil(size / 2)):sub(1, size))
        assert.equal(zvm.digest_file(path), term.new():digest_file(path))
      end
      assert.same({ nil, "/nowhere: No such file or directory" },
        { term.new():digest_file "/nowhere" })
      assert.same({ nil, "/: Is a directory" }, { term.new():digest_file "/" })
      local digester = zvm.host.digester(path)
      assert.is_true(digester:close())
      assert.is_true(digester:close())
      assert.same({ false, "Bad file descriptor" }, { digester:step() })
    end)
  end)
end)
