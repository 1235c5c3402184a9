--- Limits of time and memory: each ends the run by a state of its own, soon.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local host = require "support.host"
local system = require "system"
local zvm = require "zvm"

-- How late a run may end after its limit. 20 ms are promised; a loaded
-- machine gives the host itself its turn later than that.
local LATE = tonumber(os.getenv "ZVM_TEST_LATE") or 0.25

local loop = code.new():raw "eb fe":module()
-- 48 MiB by one instruction, over and over
local stores = code.new():mov("ebx", 0x21000):raw "89 df"
  :mov("ecx", 0x3000000):raw "67 f3 aa":raw "eb f4":module()
-- 24 MiB from here to there, likewise
local copies = code.new():mov("esi", 0x21000):mov("edi", 0x1821000)
  :mov("ecx", 0x1800000):raw "67 f3 a4":raw "eb ec":module()
local waits = code.new():pread(0, 0x21000, 4096):exit(0):module()
local writes = code.new():pwrite(1, 0x22000, 2 ^ 20):exit(0):module()

-- Touches page after page of a heap of 256 MiB, then loops.
local touches = code.new():mov("eax", 0x21000)
  :raw "67 c6 00 01":raw "05 00 10 00 00":raw "3d 00 00 00 0f"
  :raw "72 f0":raw "eb fe":module()

-- The line that the script says on stderr: stdin and stdout are pipes that
-- nobody writes to and nobody reads from. What sleeps there is not waited for.
local function with_pipes(body)
  local script = host.temporary()
  host.write_file(script, body)
  local pipe = io.popen(("{ sleep 5 | %s %s | sleep 5; } 2>&1 &"):format(
    os.getenv "ZVM_TEST_LUA" or "lua5.1", script))
  local text = pipe:read "*l"
  pipe:close()
  os.remove(script)
  return text
end

for _, isolation in ipairs { "inline", "process" } do
  describe("in " .. isolation .. ", a timeout", function()
    local function timed(program, options)
      options.program, options.isolation = program, isolation
      local start = system.monotime()
      local report = assert(zvm.run(options))
      return report, system.monotime() - start
    end

    it("ends a guest that loops", function()
      for _, time in ipairs { 0.05, "50ms" } do
        local report, took = timed(loop, { timeout = time })
        assert.equal("timeout", report.state)
        assert.is_nil(report.code)
        assert.truthy(took >= 0.05 and took < 0.05 + LATE, took)
        assert.truthy(report.times.wall >= 0.05)
      end
    end)

    it("ends one in the middle of a string instruction", function()
      for _, program in ipairs { stores, copies } do
        local report, took = timed(program, { timeout = 0.05 })
        assert.equal("timeout", report.state)
        assert.truthy(took < 0.05 + LATE, took)
      end
    end)

    it("ends one in the middle of a large put", function()
      -- The digest of a gigabyte takes the host most of a second.
      local report, took = timed(code.new():pwrite(3, 0x22000, 2 ^ 30)
        :exit(0):module(), { timeout = 0.05, memory = "1100M",
          channels = { out = { null = true, etag = true } } })
      assert.equal("timeout", report.state)
      assert.truthy(took < 0.05 + LATE, took)
      local moved = report.channels.out.put_bytes
      assert.truthy(moved > 0 and moved % 2 ^ 20 == 0, moved)
      assert.equal(64, #report.channels.out.etag)
    end)

    it("ends one in the middle of a large hole", function()
      local report, took = timed(code.new():pwrite(3, 0x22000, 1, 2 ^ 30 - 1)
        :exit(0):module(), { timeout = 0.02, channels = { out = {
          buffer = true, type = 3, limits = { put_bytes = "1G" } } } })
      assert.equal("timeout", report.state)
      assert.truthy(took < 0.02 + LATE, took)
      assert.equal("", report.channels.out.data)
    end)

    it("ends one that waits for a pipe, to read or to write", function()
      for _, program in ipairs { waits, writes } do
        local path = host.temporary()
        host.write_file(path, program)
        local text = with_pipes(([[
          local zvm = require "zvm"
          local report = assert(zvm.run { program = %q, timeout = 0.1,
            isolation = %q, channels = { stdin = { fd = 0 },
              stdout = { fd = 1, mode = "w" } } })
          io.stderr:write(report.state, " ", report.traps.exit, " ",
            report.times.wall < 1 and "soon" or "late", "\n")
        ]]):format(path, isolation))
        os.remove(path)
        assert.equal("timeout 0 soon", text)
      end
    end)

    it("keeps what was written before", function()
      local report = timed(code.new():pwrite(1, 0x40000, 4):raw "eb fe"
        :module "data", { timeout = 0.05 })
      assert.equal("timeout", report.state)
      assert.equal("data", report.channels.stdout.data)
    end)

    it("that is not reached does nothing", function()
      for _ = 1, 200 do
        local report = timed(code.exit(3), { timeout = 0.005, cpu = 5 })
        assert.truthy(report.state == "exit" or report.state == "timeout")
      end
      assert.equal(3, timed(code.exit(3), { timeout = 10 }).code)
    end)

    it("by CPU time ends a guest that computes", function()
      for _, program in ipairs { loop, copies } do
        local report, took = timed(program, { cpu = 0.05, timeout = 20 })
        assert.equal("limit", report.state)
        assert.equal("cpu", report.limit)
        local cpu = report.times.user + report.times.system
        assert.truthy(cpu >= 0.0499 and cpu < 0.05 + LATE, cpu)
        assert.truthy(took < 5, took)
      end
    end)

    it("by CPU time does not count what the host used before", function()
      local start = os.clock()
      while os.clock() - start < 0.1 do -- as long as two limits
        assert(zvm)
      end
      local report = timed(loop, { cpu = 0.05, timeout = 20 })
      assert.truthy(report.times.user + report.times.system >= 0.0499)
    end)

    it("by CPU time does not count the wait for a pipe", function()
      local path = host.temporary()
      host.write_file(path, waits)
      local text = with_pipes(([[
        local zvm = require "zvm"
        local report = assert(zvm.run { program = %q, timeout = 0.2,
          cpu = 0.05, isolation = %q, channels = { stdin = { fd = 0 } } })
        io.stderr:write(report.state, "\n")
      ]]):format(path, isolation))
      os.remove(path)
      assert.equal("timeout", text)
    end)

    it("and a run after it are apart", function()
      assert.equal("timeout", timed(loop, { timeout = 0.02 }).state)
      assert.equal(7, timed(code.exit(7), {}).code)
    end)
  end)
end

for _, isolation in ipairs { "inline", "process" } do
  describe("in " .. isolation .. ", resident memory", function()
    local function run(program, resident)
      return assert(zvm.run { program = program, memory = "256M",
        resident = resident, timeout = 0.5, isolation = isolation })
    end

    it("above its limit ends the run", function()
      local report = run(touches, "32M")
      assert.equal("limit", report.state)
      assert.equal("resident", report.limit)
      assert.is_nil(report.channel)
    end)

    it("below its limit does nothing", function()
      assert.equal("timeout", run(touches, "250M").state)
      assert.equal("timeout", run(loop, "64K").state)
    end)

    it("is the guest's alone, whatever the host has", function()
      local hosts = ("x"):rep(2 ^ 26)
      assert.equal("timeout", run(loop, "1M").state)
      assert.equal(2 ^ 26, #hosts)
    end)

    it("does not count what a run before touched", function()
      -- Pages that the first runs of a module touch stay mapped inline.
      -- Touches 31 pages if it is given a byte, else loops.
      local module = assert(zvm.load(code.new():pread(0, 0x21000, 1)
        :raw "85 c0":raw "74 fe":mov("eax", 0x21000):raw "67 c6 00 01"
        :raw "05 00 10 00 00":raw "3d 00 00 04 00":raw "72 f0"
        :exit(0):module()))
      for _ = 1, 4 do
        assert.equal("exit", zvm.run({ program = module, memory = "256M",
          isolation = isolation, channels = { stdin = "x" } }).state)
      end
      assert.equal("timeout", run(module, "64K").state)
    end)
  end)
end

describe("a limit that is none", function()
  for _, case in ipairs {
    { { timeout = 0 }, "timeout: more than 0" },
    { { timeout = -1 }, "timeout: more than 0" },
    { { timeout = 0 / 0 }, "timeout: more than 0" },
    { { timeout = 1e9 }, "timeout: more than 0" },
    { { cpu = "5" }, "cpu: time such as" },
    { { cpu = "5m" }, "cpu: time such as" },
    { { cpu = true }, "cpu: number of seconds or string" },
    { { resident = 0 }, "resident: more than 0 bytes" },
  } do
    it("is refused: " .. case[2], function()
      case[1].program = loop
      local report, message, status = zvm.run(case[1])
      assert.is_nil(report)
      assert.equal("OPTION", status)
      assert.truthy(message:find(case[2], 1, true), message)
    end)
  end
end)

describe("zvm.workers", function()
  it("takes a number from 1 to 1024", function()
    assert.is_true(zvm.workers(1))
    assert.equal(3, zvm.run({ program = code.exit(3),
      isolation = "process" }).code)
    assert.is_true(zvm.workers(1024))
    for _, n in ipairs { 0, 1025, 1.5, -1 } do
      assert.has_error(function()
        zvm.workers(n)
      end)
    end
  end)

  -- Runs of 20 ms of processor time, started one after the other.
  local function started(first, last, list)
    for i = first, last do
      list[#list + 1] = { number = i, session = assert(zvm.start {
        program = loop, cpu = 0.02, timeout = 20 }) }
    end
    return list
  end

  -- The number of the first one that ends, and why: it is taken off.
  local function ended(list)
    local sessions = {}
    for i, one in ipairs(list) do
      sessions[i] = one.session
    end
    local one = table.remove(list, assert(zvm.wait(sessions, 20)))
    return one.number, one.session:wait().limit
  end

  it("has who was started first run first", function()
    finally(function() zvm.workers(1024, nil) end)
    zvm.workers(1)
    local list, order = started(1, 4, {}), {}
    for i = 1, 4 do
      order[i] = ended(list)
    end
    assert.same({ 1, 2, 3, 4 }, order)
  end)

  it("has nobody wait while others come and go", function()
    finally(function() zvm.workers(1024, nil) end)
    zvm.workers(1)
    local list, order = started(1, 3, {}), {}
    for i = 4, 9 do
      order[#order + 1] = ended(list)
      started(i, i, list)
    end
    assert.same({ 1, 2, 3, 4, 5, 6 }, order)
    while #list > 0 do
      ended(list)
    end
  end)

  it("refuses who comes when as many as may wait are waiting", function()
    finally(function() zvm.workers(1024, nil) end)
    zvm.workers(1, 1)
    local list, refused = started(1, 4, {}), {}
    while #list > 0 do
      local number, limit = ended(list)
      refused[number] = limit
    end
    assert.same({ "cpu", "cpu", "workers", "workers" }, refused)
  end)

  it("takes how many runs may wait, any number at first", function()
    for _, queue in ipairs { 0, 3, 2 ^ 40, math.huge } do
      assert.is_true(zvm.workers(1, queue))
      assert.equal(3, zvm.run({ program = code.exit(3),
        isolation = "process" }).code)
    end
    assert.is_true(zvm.workers(1024, nil))
    for _, queue in ipairs { -1, 1.5, 0 / 0, "many" } do
      local ok, message = pcall(zvm.workers, 1, queue)
      assert.is_false(ok)
      assert.truthy(message:find("bad argument #2", 1, true), message)
    end
  end)
end)
