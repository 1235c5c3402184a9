--- usage: late.lua <isolation>
--
-- How long after its limit a run is back: for each limit and each thing that
-- a guest may be at, "name: median worst", in milliseconds. Lateness by CPU
-- time is the CPU time above the limit, and what the wall clock adds after
-- the run; that of memory is the whole run.
-- SPDX-License-Identifier: Apache-2.0

package.path = "spec/?.lua;" .. package.path
local code = require "support.code"
local system = require "system"
local zvm = require "zvm"

local TRIES = 15
local LIMIT = 0.03
local isolation = arg[1]

-- Two pipes of which this end is the only one that anybody uses.
local function pipes(body)
  local folder = os.tmpname()
  os.remove(folder)
  local silent, full = folder .. "r", folder .. "w"
  assert(os.execute(("mkfifo %s %s"):format(silent, full)) == 0)
  local other = io.popen(("exec 3<>%s 4<>%s; cat"):format(silent, full), "w")
  body(silent, full)
  other:close()
  os.remove(silent)
  os.remove(full)
end

local function run(options)
  options.isolation = isolation
  local start = system.monotime()
  local report = assert(zvm.run(options))
  return report, system.monotime() - start
end

--- Print median and worst of what `try` gives, seconds.
local function line(name, try)
  local late = {}
  for i = 1, TRIES do
    late[i] = try() * 1e3
  end
  table.sort(late)
  print(("%s: %.3f %.3f"):format(name, late[(TRIES + 1) / 2], late[TRIES]))
  io.flush()
end

local function timeout(name, program, channels, memory)
  local module = assert(zvm.load(program))
  line("timeout, " .. name, function()
    local report, took = run { program = module, timeout = LIMIT,
      channels = channels, memory = memory }
    assert(report.state == "timeout")
    return took - LIMIT
  end)
end

local function cpu(name, program)
  local module = assert(zvm.load(program))
  line("cpu, " .. name, function()
    local report, took = run { program = module, cpu = LIMIT }
    assert(report.limit == "cpu")
    local t = report.times
    return t.user + t.system - LIMIT + took - t.wall
  end)
end

--- The limit is small, so that it is reached as good as at once.
local function resident(name, program)
  local module = assert(zvm.load(program))
  line("resident, " .. name, function()
    local report, took = run { program = module, resident = "64K" }
    assert(report.limit == "resident")
    return took
  end)
end

local loop = code.new():raw "eb fe":module()
-- 24 MiB from here to there by one instruction, over and over
local copies = code.new():mov("esi", 0x21000):mov("edi", 0x1821000)
  :mov("ecx", 0x1800000):raw "67 f3 a4":raw "eb ec":module()
local reads = code.new():pread(0, 0x21000, 4096):exit(0):module()
local traps = code.new():call "fork":raw "eb de":module()
local writes = code.new():pwrite(1, 0x22000, 2 ^ 20):exit(0):module()

assert(run { program = code.exit(0) }) -- what starts once has started
timeout("loop", loop)
timeout("rep movsb", copies)
pipes(function(silent, full)
  timeout("read", reads, { stdin = { path = silent } })
  timeout("write", writes, { stdout = { path = full, mode = "w" } })
end)
line("timeout, trace that nobody reads", function()
  local report, took
  pipes(function(silent)
    report, took = run { program = traps, timeout = LIMIT, trace = silent }
  end)
  assert(report.state == "timeout" and report.trace_error)
  return took - LIMIT
end)
timeout("digest of a GiB", code.new():pwrite(3, 0x22000, 2 ^ 30):exit(0)
  :module(), { out = { null = true, etag = true } }, "1100M")
cpu("loop", loop)
cpu("rep movsb", copies)
resident("rep movsb", copies)
resident("touched, loop", code.new():mov("eax", 0x21000):raw "67 c6 00 01"
  :raw "05 00 10 00 00":mov("ebx", 0x61000):raw "39 d8":raw "72 ee"
  :raw "eb fe":module())
