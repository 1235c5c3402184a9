--- `isolation = "process"`: what is particular to worker processes. That a
-- run gives the same as inline, the other specs say: `make test` runs them a
-- second time with ZVM_ISOLATION=process.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local elf = require "support.elf"
local host = require "support.host"
local zvm = require "zvm"

local function apart(options)
  options.isolation = "process"
  return zvm.run(options)
end

describe("isolation", function()
  it("is inline or process, and nothing else", function()
    local report, message, status = zvm.run {
      program = code.exit(0), isolation = "none",
    }
    assert.is_nil(report)
    assert.equal('zvm.run: isolation: "inline" or "process" expected, '
      .. 'got "none"', message)
    assert.equal("OPTION", status)
  end)

  it("does not show in a report", function()
    local function run(isolation)
      local report = assert(zvm.run {
        program = host.guest "channel_ops", isolation = isolation,
        args = { "list", "put", "3", "0", "text", "drain", "4", "100" },
        channels = { a = { buffer = true, etag = true },
          b = { data = ("0123456789"):rep(100), etag = true } },
      })
      report.times, report.usage = nil, nil
      return report
    end
    assert.same(run "inline", run "process")
  end)

  it("as a process maps nothing into this one", function()
    -- A process of its own, where nothing has been reserved yet.
    local script = host.temporary()
    host.write_file(script, [[
      local zvm = require "zvm"
      local host = require "support.host"
      local before = host.guest_map()
      local report = assert(zvm.run { program = arg[1],
        isolation = "process" })
      assert(report.state == "exit" and host.guest_map() == before)
      print "same"
    ]])
    local pipe = io.popen(("%s %s %s 2>&1"):format(
      os.getenv "ZVM_TEST_LUA" or "lua5.1", script, host.guest "arguments"))
    assert.equal("same\n", pipe:read "*a")
    pipe:close()
    os.remove(script)
  end)
end)

-- Limits of the process that runs a guest, in words of the kernel's.
local function limits_with(bounds)
  local found
  local function look()
    for _, id in ipairs(host.workers()) do
      local text = host.read_file("/proc/" .. id .. "/limits")
      if text:find "Max open files +1 " then found = text end
    end
    return nil -- the end
  end
  local options = { program = code.new():pread(0, 0x21000, 1):exit(0):module(),
    channels = { stdin = { read = look } } }
  for name, value in pairs(bounds) do
    options[name] = value
  end
  assert.equal("exit", assert(apart(options)).state)
  return assert(found)
end

describe("the processor", function()
  it("is a guest's no longer than the smaller of timeout and cpu allows",
    function()
      for _, case in ipairs { { {}, "unlimited" }, { { timeout = 4 }, "6" },
        { { cpu = 3.5, timeout = 60 }, "5" }, { { cpu = 9, timeout = 4 }, "6" },
        { { cpu = 2 }, "4" } }
      do
        assert.equal(case[2],
          limits_with(case[1]):match "Max cpu time +(%w+)")
      end
    end)
end)

describe("a job for a worker", function()
  it("may be larger than a message", function()
    local text = ("0123456789abcdef"):rep(4096 * 16)
    local guest = code.new():pread(0, 0x21000, #text)
      :pwrite(1, 0x21000, #text):exit(0):module()
    local report = assert(apart {
      program = guest, channels = { stdin = text },
    })
    assert.equal("exit", report.state)
    assert.equal(text, report.channels.stdout.data)
  end)

  it("may have more descriptors than a message takes", function()
    local channels = {}
    for i = 1, 600 do
      channels[("c%03d"):format(i)] = { path = "/dev/null" }
    end
    host.assert_flat(function()
      local report = assert(apart {
        program = host.guest "channel_ops", channels = channels,
        args = { "get", "602", "1", "0", "get", "603", "1", "0" },
      })
      assert.equal("0\n-9\n", report.channels.stdout.data)
    end, 3)
  end)

  it("may have thousands of arguments", function()
    local args = {}
    for i = 1, 20000 do
      args[i] = tostring(i)
    end
    local report = assert(apart {
      program = host.guest "arguments", args = args,
    })
    assert.equal(20001, report.code)
  end)

  it("keeps the position of a descriptor that is shared", function()
    local path = host.temporary()
    local file = assert(io.open(path, "w"))
    file:write "first,second"
    file:close()
    local script = host.temporary()
    host.write_file(script, ([[
      local zvm = require "zvm"
      local report = assert(zvm.run { program = %q, isolation = "process",
        args = { "get", "0", "6", "0" }, channels = { stdin = { fd = 0 } } })
      io.write(report.channels.stdout.data, io.read "*a")
    ]]):format(host.guest "channel_ops"))
    local pipe = io.popen(("%s %s <%s"):format(
      os.getenv "ZVM_TEST_LUA" or "lua5.1", script, path))
    assert.equal("6 first,\nsecond", pipe:read "*a")
    pipe:close()
    os.remove(script)
    os.remove(path)
  end)
end)

describe("what a worker collected", function()
  it("comes back whole, whatever its size", function()
    for _, kib in ipairs { 1, 63, 64, 65, 1000, 20000 } do
      local report = assert(apart {
        program = host.guest "channel_ops",
        args = { "fill", "3", tostring(kib) },
        channels = { b = { buffer = true, etag = true } },
      })
      assert.equal(kib * 1024, #report.channels.b.data)
      assert.equal(host.sha256(report.channels.b.data),
        report.channels.b.etag)
    end
  end)
end)

describe("a lost run", function()
  it("is told in words", function()
    local text = require("zvm.report").format {
      state = "lost", message = "why", times = { wall = 0, user = 0,
        system = 0 }, channels = { stdin = { alias = "/dev/stdin" } },
    }
    assert.truthy(text:find "^lost: why")
  end)
end)

describe("a thousand runs", function()
  it("leave nothing over", function()
    local good = assert(zvm.load(code.print "x"))
    local bad = assert(zvm.load(code.instruction "f4"))
    host.assert_flat(function()
      assert.equal("exit", apart({ program = good }).state)
      assert.equal("fault", apart({ program = bad }).state)
    end, 500)
  end)

  it("may be of modules and sizes in any order", function()
    local a = assert(zvm.load(code.print "a"))
    local b = assert(zvm.load(code.print "b"))
    for _, which in ipairs { "aaaaaaab", "bbbbbbbaab", "abababab" } do
      for i = 1, #which do
        local name = which:sub(i, i)
        local report = apart { program = name == "a" and a or b,
          memory = (i % 3 + 1) * 2 ^ 20, stack = (i % 2 + 1) * 2 ^ 16 }
        assert.equal(name, report.channels.stdout.data)
      end
    end
  end)

  it("see nothing of each other", function()
    local count = code.new():raw "67 83 04 25 00000400 01"
      :raw "67 8b 3c 25 00000400":call "exit"
    local module = assert(zvm.load(count:module(elf.le(41, 4))))
    for _ = 1, 20 do
      assert.equal(42, apart({ program = module }).code)
    end
  end)
end)

describe("barriers", function()
  it("are in force, and can be asked for", function()
    local barriers = assert(zvm.barriers())
    for _, name in ipairs { "filter", "privileges", "limits" } do
      assert.equal("string", type(barriers[name]), name)
    end
    for name in pairs(barriers) do
      assert.truthy(name:find "^%l+$", name)
    end
  end)
end)

describe("docs/threat-model.md", function()
  local text = host.read_file "docs/threat-model.md"
  local calls, n = {}, 0
  for name, check, reason in host.read_file("core/cell/filter.def")
    :gmatch 'CALL%(([%w_]+), ([%u_]+), "(.-)"%)' do
    calls[name], n = { check = check, reason = reason }, n + 1
  end

  it("lists the system calls of a worker, each with its reason", function()
    assert.truthy(n > 20)
    for name, call in pairs(calls) do
      local row = ("| `%s` | %s |"):format(name, call.reason)
      assert.truthy(text:find(row, 1, true), "row is missing: " .. row)
    end
  end)

  it("lists no others", function()
    local listed = 0
    local table_text = text:match "\n| system call |.-\n\n"
    for name in table_text:gmatch "\n| `([%w_]+)` |" do
      assert.truthy(calls[name], name)
      listed = listed + 1
    end
    assert.equal(n, listed)
  end)
end)
