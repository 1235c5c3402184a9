-- Entry of the launchers: main.lua as|cc arguments...
-- SPDX-License-Identifier: Apache-2.0

local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/../../?.lua;" .. package.path

local tool = require("zvm.toolchain." .. arg[1])
local args = {}
for i = 2, #arg do args[i - 1] = arg[i] end
os.exit(tool.main(args, here))
