--- usage: cold.lua <module> <isolation>
--
-- In a process that has run nothing yet: from the module's path to the report
-- of its first run. Workers are waiting. Prints microseconds.
-- SPDX-License-Identifier: Apache-2.0

local system = require "system"
local zvm = require "zvm"

if arg[2] == "process" then
  assert(zvm.barriers())
  system.sleep(0.02)
end
local start = system.monotime()
local report = assert(zvm.run { program = arg[1], isolation = arg[2] })
local stop = system.monotime()
assert(report.channels.stdout.data == "hello, world\n")
print(string.format("%.1f", (stop - start) * 1e6))
