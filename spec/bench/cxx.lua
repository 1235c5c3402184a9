--- usage: cxx.lua <folder of the programs>
--
-- Exceptions through 10, 100 and 1000 frames, spec/bench/throw.cc: guest and
-- native runs alternate. A guest's time is that of a run less that of one that
-- throws once. Prints "frames ratio ns" for each: medians, and nanoseconds a
-- frame natively.
--
-- SPDX-License-Identifier: Apache-2.0

local zvm = require "zvm"

local DIR = arg[1]
local ROUNDS, FRAMES = 9, 200000

local module = assert(zvm.load(DIR .. "throw.zvm"))

local function guest(depth, times)
  local report = assert(zvm.run { program = module,
    args = { tostring(depth), tostring(times) } })
  assert(report.state == "exit" and report.code == 0, report.state)
  return report.times.user + report.times.system,
    report.channels.stdout.data:match "^%x+"
end

local function native(depth, times)
  local pipe = assert(io.popen(("%sthrow.native %d %d"):format(DIR, depth,
    times)))
  local sum, ns = pipe:read "*a":match "^(%x+) (%d+)"
  pipe:close()
  return tonumber(ns) / 1e9, sum
end

local function median(list)
  table.sort(list)
  return list[(#list + 1) / 2]
end

for _, depth in ipairs { 10, 100, 1000 } do
  local times = math.floor(FRAMES / depth)
  local ours, theirs = {}, {}
  for round = 1, ROUNDS do
    local expected, sum
    theirs[round], expected = native(depth, times)
    ours[round], sum = guest(depth, times)
    assert(sum == expected, "checksum")
    ours[round] = ours[round] - guest(depth, 1)
  end
  local one = median(theirs)
  print(("%d %.3f %.0f"):format(depth, median(ours) / one,
    one / times / depth * 1e9))
end
