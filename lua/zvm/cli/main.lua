--- Entry of the launcher: main.lua <folder of the launchers> arguments...
--
-- SPDX-License-Identifier: Apache-2.0
local cli = require "zvm.cli"

local args = {}
for i = 2, #arg do args[i - 1] = arg[i] end

local code = cli.main(args, arg[1])
local written, message = io.stdout:flush()
if not written then
  io.stderr:write("zvm: standard output: ", tostring(message), "\n")
  os.exit(2)
end
os.exit(code)
