--- Faults in terms of the source: what the core cannot know.
--
-- Called once for each fault (zvm.so-src/lfault.c). A module keeps what was
-- read of its symbols, for the next fault.
--
-- SPDX-License-Identifier: Apache-2.0
local backtrace = require "zvm.backtrace"
local symbols = require "zvm.symbols"

local M = {}

-- Tables are read whole. Nobody asked for it, and the guest made them: it may
-- not take long.
local LIMITS = { lines = 2 ^ 22, rows = 2 ^ 20, symbols = 2 ^ 16 }

local FIELDS = { "func", "offset", "file", "line", "directory" }

-- The guest's libc halts in these, and the text says more than "hlt". Any
-- guest may do the same: it is a text, and nothing depends on it.
local HALTS = {
  zvm_deadlock = "deadlock: no thread can run",
  zvm_stack_overflow = "a thread's stack has overflowed",
}

--- Add `where` and `backtrace` to a fault.
--
-- @tparam table fault of a report
-- @tparam table memory of the module: `symbols`, filled the first time
-- @tparam[opt] string bytes of the module's file, if `memory` has no symbols
--  and the file is there
-- @tparam string stack what is kept of it
-- @tparam number address of its first byte
function M.complete(fault, memory, bytes, stack, address)
  local reader = memory.symbols
  if not reader then
    reader = symbols.read(bytes or "", LIMITS)
    memory.symbols = bytes and reader
  end
  local list = backtrace.walk(reader, fault, stack, address)
  if not (bytes or memory.symbols) then
    list.stop = "the program's file has changed, or is gone"
  end
  local where
  for _, field in ipairs(FIELDS) do
    if list[1][field] ~= nil then
      where = where or {}
      where[field] = list[1][field]
    end
  end
  fault.where, fault.backtrace = where, list
  if fault.kind == "halt" and where then
    fault.text = HALTS[where.func] or fault.text
  end
end

return M
