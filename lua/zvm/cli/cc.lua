--- zvm cc: zvm-cc by another name.
--
-- SPDX-License-Identifier: Apache-2.0
local shell = require "zvm.toolchain.shell"

local M = {}

function M.run(_, args, here)
  return shell.run(here .. "/zvm-cc", args)
end

return M
