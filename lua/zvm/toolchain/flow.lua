--- Branches, calls and returns: what the validator's flow.c checks.
--
-- A call is a record {before, size, after}: `bundle` puts `size` bytes at
-- the end of a bundle, since a return address is the start of one.
--
-- SPDX-License-Identifier: Apache-2.0

local lexer = require "zvm.toolchain.lexer"
local mem = require "zvm.toolchain.mem"
local regs = require "zvm.toolchain.regs"

local M = {}

local fail = lexer.fail

-- The jump of the test goes to the hlt: a return to nowhere is a fault. The
-- alignment pads by long nops what .bundle_lock would by single bytes.
local RETURN = ".p2align 5,,11; .bundle_lock; "
  .. "testq $0xffffffff8000001f, (%rsp); .byte 0x75, 1; ret; hlt; "
  .. ".bundle_unlock"

function M.ret(ops)
  if ops ~= "" then
    fail("ret with an operand", "return with plain ret")
  end
  return RETURN
end

--- The symbol that a direct branch names, or an empty string.
function M.symbol(ops)
  return ops:match "^[%a_.$][%w_.$]*" or ""
end

-- Bytes of `and $-32, %r32` and `call *%r64` together.
local function fused_size(r32)
  return r32:find "^%%r" and 7 or 5
end

-- Register that holds an indirect target, and the load before it.
local function target(op)
  local r32 = regs.to32[op]
  if r32 == "%esp" then
    fail("indirect branch through the stack pointer", "load a register")
  elseif r32 then
    return "", r32, regs.to64[op]
  elseif op:find "^%%%w+$" then
    fail("indirect branch through " .. op, "use a 64-bit register")
  end
  return "movl " .. (mem.access(op) or op) .. ", %r11d; ", "%r11d", "%r11"
end

--- A jump to `far`, see M.call, goes through a register; nil when a direct
-- one may stay.
function M.jmp(ops, far)
  local op = ops:match "^%*%s*(.+)$"
  local load, r32, r64
  if op then
    load, r32, r64 = target(op)
  elseif far[M.symbol(ops)] then
    load, r32, r64 = "movl $" .. ops:gsub("@.*", "") .. ", %r11d; ",
      "%r11d", "%r11"
  else
    return nil
  end
  return ("%s.p2align 5,,%d; .bundle_lock; andl $-32, %s; jmp *%s; "
    .. ".bundle_unlock"):format(load, fused_size(r32) - 1, r32, r64)
end

--- A call of `far`, symbols whose address may be no direct target (weak and
-- undefined, or data), goes through a register: then it is a fault.
function M.call(ops, far)
  local op = ops:match "^%*%s*(.+)$"
  if not op then
    if not far[M.symbol(ops)] then
      return { "", 5, "call " .. ops }
    end
    return { "movl $" .. ops:gsub("@.*", "") .. ", %r11d; ", 7,
      ".bundle_lock; andl $-32, %r11d; call *%r11; .bundle_unlock" }
  end
  local load, r32, r64 = target(op)
  return { load, fused_size(r32), ".bundle_lock; andl $-32, " .. r32
    .. "; call *" .. r64 .. "; .bundle_unlock" }
end

return M
