--- Writes of the stack pointer: always 32-bit, so that it stays one.
--
-- SPDX-License-Identifier: Apache-2.0

local lexer = require "zvm.toolchain.lexer"
local mem = require "zvm.toolchain.mem"
local regs = require "zvm.toolchain.regs"

local M = {}

local fail = lexer.fail

M.LEAVE = ".p2align 5,,2; movl %ebp, %esp; popq %rbp"

local NARROW = {
  mov = "movl", movq = "movl", movl = "movl", movslq = "movl",
  movabs = "movl", movabsq = "movl",
  add = "addl", addq = "addl", addl = "addl",
  sub = "subl", subq = "subl", subl = "subl",
  ["and"] = "andl", andq = "andl", andl = "andl",
  lea = "leal", leaq = "leal", leal = "leal",
}

local READS = {
  cmp = true, cmpq = true, cmpl = true, test = true, testq = true,
  testl = true, push = true, pushq = true, bt = true, btq = true,
  btl = true,
}

--- Rewrite an instruction whose last operand is %rsp or %esp, or return
-- nil when it only reads it.
function M.write(name, text)
  if READS[name] then return nil end
  local ops = lexer.operands(text)
  local new = NARROW[name]
  if not new or #ops ~= 2 then
    fail(name .. " writes the stack pointer",
      "use 32-bit mov, lea, add, sub or and")
  end
  local source = regs.to32[ops[1]] or ops[1]
  if new == "leal" then
    source = mem.compute(source)
  else
    source = mem.access(source) or source
  end
  return new .. " " .. source .. ", %esp"
end

return M
