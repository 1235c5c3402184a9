--- Entry of the launcher: main.lua <folder of the launchers> arguments...
--
-- Whatever goes wrong here is no verdict: exit code 2.
--
-- SPDX-License-Identifier: Apache-2.0
local cli = require "zvm.cli"

local args = {}
for i = 2, #arg do args[i - 1] = arg[i] end

local ok, code = pcall(cli.main, args, arg[1])
if not ok then
  io.stderr:write("zvm: ", tostring(code), "\n")
  os.exit(2)
end
local written, message = io.stdout:flush()
if not written then
  io.stderr:write("zvm: standard output: ", tostring(message), "\n")
  os.exit(2)
end
os.exit(code)
