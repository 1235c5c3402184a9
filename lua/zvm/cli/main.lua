-- Entry of the launcher: main.lua <folder of the launchers> arguments...
-- SPDX-License-Identifier: Apache-2.0
local cli = require "zvm.cli"

local args = {}
for i = 2, #arg do args[i - 1] = arg[i] end
os.exit(cli.main(args, arg[1]))
