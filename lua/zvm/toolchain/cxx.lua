--- zvm-c++: zvm-cc with the C++ library; see cc.lua.
-- SPDX-License-Identifier: Apache-2.0

local cc = require "zvm.toolchain.cc"

local M = {}

--- Run; returns the exit code. `here` is the folder of this file.
function M.main(args, here)
  return cc.main(args, here, "c++")
end

return M
