--- A second host, beside soak.c: it kills nothing, and nothing that the other
-- one kills is its own. So each report must be right, none lost.
--
-- usage: luajit spec/soak/beside.lua <runs> [<seed>]
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local report_text = require "zvm.report"
local zvm = require "zvm"

local runs = tonumber(arg[1])
math.randomseed(tonumber(arg[2]) or os.time())

local ops = assert(zvm.load(host.guest "channel_ops"))
local callers = assert(zvm.load(host.guest "callers"))

local function isolation()
  return math.random(4) == 1 and "inline" or "process"
end

local kinds = {}

function kinds.text()
  local text = ("%08d"):format(math.random(99999999)):rep(math.random(200))
  local report = assert(zvm.run {
    program = ops, isolation = isolation(), args = { "get", "0", "9999", "0" },
    channels = { stdin = text },
  })
  assert(report.state == "exit" and report.code == 0)
  assert(report.channels.stdout.data == #text .. " " .. text .. "\n")
  return report
end

function kinds.quota()
  local stops = math.random(2) == 1
  local puts = math.random(20)
  local report = assert(zvm.run {
    program = ops, isolation = isolation(), args = { "fill", "3", "30" },
    channels = { out = { buffer = true, limits = { puts = puts },
      on_limit = stops and "stop" or "error" } },
  })
  assert(report.channels.out.data == ("x"):rep(puts * 1024))
  if stops then
    assert(report.state == "limit" and report.limit == "puts")
    assert(report.channel == "out")
  else
    assert(report.state == "exit")
    assert(report.channels.stdout.data == "-122\n")
  end
  return report
end

function kinds.fault()
  local report = assert(zvm.run {
    program = callers, isolation = isolation(), args = { "recurse" },
  })
  assert(report.state == "fault" and report.fault.kind == "memory")
  local frames = report.fault.backtrace
  for i, name in ipairs { "fault", "recurse", "recurse", "recurse", "recurse",
    "recurse", "recurse", "main" } do
    assert(frames[i].func == name)
  end
  return report
end

function kinds.timeout()
  local report = assert(zvm.run {
    program = callers, isolation = "process", timeout = "5ms",
    args = { "overflow" }, cpu = "60s",
  })
  assert(report.state == "fault" or report.state == "timeout")
  return report
end

local order = { "text", "text", "quota", "quota", "fault", "timeout" }

local function run(count)
  for _ = 1, count do
    local kind = order[math.random(#order)]
    local ok, report = pcall(kinds[kind])
    if not ok or report.state == "lost" then
      print("not ok - beside: " .. kind .. ": "
        .. (ok and report_text.format(report) or tostring(report)))
      os.exit(1)
    end
  end
  collectgarbage()
  collectgarbage()
  return host.descriptors(), collectgarbage "count"
end

run(runs / 4)
local fds, kib = run(runs / 4)
local fds_end, kib_end = run(runs / 2)
local flat = fds_end <= fds and kib_end < kib + 256
print(("%s - beside: %d reports of a Lua host are right; descriptors from %d "
  .. "to %d, KiB of Lua from %.0f to %.0f"):format(flat and "ok" or "not ok",
  runs, fds, fds_end, kib, kib_end))
os.exit(flat and 0 or 1)
