--- The distribution's busted, for any interpreter: busted asks every LuaJIT
-- for its FFI, which some are built without.
--
-- usage: <interpreter> spec/support/busted.lua <busted's own arguments>
--
-- SPDX-License-Identifier: Apache-2.0
if not pcall(require, "ffi") then
  package.loaded["busted.luajit"] = function() end
end

require "busted.runner" { standalone = false }
