--- The distribution's busted, for any interpreter: busted asks every LuaJIT
-- for its FFI, which some are built without.
--
-- usage: <interpreter> spec/support/busted.lua <busted's own arguments>
--
-- ZVM_TEST_ISOLATION is the isolation of runs that do not choose one.
--
-- SPDX-License-Identifier: Apache-2.0
if not pcall(require, "ffi") then
  package.loaded["busted.luajit"] = function() end
end

local isolation = os.getenv "ZVM_TEST_ISOLATION"
if isolation then
  local zvm = require "zvm"
  local run = zvm.run
  function zvm.run(options)
    if type(options) == "table" and options.isolation == nil then
      local chosen = { isolation = isolation }
      for key, value in pairs(options) do
        chosen[key] = value
      end
      options = chosen
    end
    return run(options)
  end
end

require "busted.runner" { standalone = false }
