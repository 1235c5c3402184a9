--- usage: spawn.lua <module> [<isolation> [<pause in seconds>]]
--
-- Time from the call of zvm.run to its return, for a hello world whose
-- module is loaded. Prints microseconds, the median and the 99th percentile,
-- and runs a second. A pause before each lets the pool of workers be full.
-- SPDX-License-Identifier: Apache-2.0

local system = require "system"
local zvm = require "zvm"

local RUNS = 3000
local started = system.monotime()

local module = assert(zvm.load(arg[1]))
local times = {}
for i = 1, RUNS + 200 do
  if arg[3] then
    system.sleep(tonumber(arg[3]))
  end
  local start = system.monotime()
  local report = zvm.run { program = module, isolation = arg[2] }
  local stop = system.monotime()
  assert(report.channels.stdout.data == "hello, world\n")
  -- The first runs warm the caches, and the compiler of LuaJIT.
  if i > 200 then
    times[i - 200] = (stop - start) * 1e6
  end
end
table.sort(times)
print(string.format("%.1f %.1f %.1f", times[RUNS / 2], times[RUNS * 0.99],
  (RUNS + 200) / (system.monotime() - started)))
