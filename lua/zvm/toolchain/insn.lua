--- One instruction in, its sandboxed form out.
--
-- The answer depends on nothing but the text (and on which symbols are
-- far, see flow.lua), so that `rewrite` may remember it by line.
--
-- SPDX-License-Identifier: Apache-2.0

local flow = require "zvm.toolchain.flow"
local lexer = require "zvm.toolchain.lexer"
local mem = require "zvm.toolchain.mem"
local stack = require "zvm.toolchain.stack"

local M = {}

local fail = lexer.fail
local find = string.find

local function set(words, value)
  local t = {}
  for word in words:gmatch "%S+" do t[word] = value or true end
  return t
end

-- What the validator would refuse anyway, said with a line number.
local REFUSED = {}
local function refuse(words, text, remedy)
  for word in words:gmatch "%S+" do
    REFUSED[word] = { text, remedy }
  end
end

refuse("syscall sysenter sysexit sysret sysretl sysretq int into int1 icebp"
  .. " in inb inw inl out outb outw outl ins insb insw insl outs outsb"
  .. " outsw outsl cli sti clts wrmsr rdmsr iret iretq lret lretq retf"
  .. " lcall ljmp swapgs invlpg wbinvd invd lgdt lidt sgdt sidt lldt sldt"
  .. " ltr str lmsw smsw lar lsl verr verw monitor mwait xsave xsaveopt"
  .. " xrstor fxsave fxrstor fxsave64 fxrstor64 pushf pushfq popf popfq",
  "belongs to the system", "ask the host through the gate (zvm.h)")
refuse("rdtsc rdtscp rdpmc cpuid rdrand rdseed rdpid xgetbv xbegin xend"
  .. " xabort xtest clflush clflushopt clwb",
  "gives results that differ from run to run",
  "take time and randomness from a channel")
refuse("wrfsbase wrgsbase rdfsbase rdgsbase lss lfs lgs",
  "uses a segment register", "use plain variables")
refuse("emms femms wait fwait", "belongs to x87 and MMX",
  "long double is double here; use SSE")
refuse("xlat xlatb maskmovq maskmovdqu vmaskmovdqu",
  "addresses memory through an implied register",
  "use a plain load or store")
refuse("std", "sets the direction flag", "copy backwards with plain moves")
refuse("enter", "writes the stack pointer", "use push, mov and sub")
refuse("rcpss rcpps rsqrtss rsqrtps vrcpss vrcpps vrsqrtss vrsqrtps",
  "differs between processors", "compile with -mrecip=none")

local BIT_TEST = set("bt btw btl btq bts btsw btsl btsq btr btrw btrl btrq"
  .. " btc btcw btcl btcq")

-- These compute an address or hint; they touch no memory.
local ADDRESS_ONLY = set("lea leal leaq leaw nop nopw nopl nopq prefetcht0"
  .. " prefetcht1 prefetcht2 prefetchnta prefetchw")

local PREFIX = set("rep repe repz repne repnz lock addr32 notrack bnd data16"
  .. " cs ds es ss xacquire xrelease")
M.prefix = PREFIX

local REPEAT = {
  rep = "rep ", repe = "repe ", repz = "repe ", repne = "repne ",
  repnz = "repne ",
}

local insn

-- Rewritten instruction as one text.
local function whole(name, ops, far)
  local new, changed = insn(name, ops, far)
  if new == name and changed then return name .. " " .. changed end
  return new or ops ~= "" and name .. " " .. ops or name
end

local function prefixed(name, text, far)
  local base, ops = text:match "^([%w_.]+)%s*(.*)$"
  if not base then
    fail("prefix " .. name .. " without an instruction",
      "write both in one statement")
  end
  if name == "notrack" or name == "bnd" or name == "cs" or name == "ds"
    or name == "es" or name == "ss" or name == "xacquire"
    or name == "xrelease" then
    return whole(base, ops, far)
  end
  local rep = REPEAT[name]
  if not rep then
    if name == "addr32" and (PREFIX[base] or mem.string[base]) then
      return whole(base, ops, far)
    end
    local new = whole(base, ops, far)
    return type(new) == "string" and name .. " " .. new or new
  end
  if PREFIX[base] then -- rep addr32 movsb
    return prefixed(name, ops, far)
  elseif mem.string[base] and ops == "" then
    return mem.string[base]:format(rep)
  elseif base:find "^bsr" then
    fail("rep bsr is lzcnt or bsr, as the processor has it",
      "write the one that is meant")
  elseif base:find "^bsf" then -- tzcnt of level v3, equal but for zero
    return whole(base, ops, far)
  elseif base == "nop" then
    return "pause"
  elseif base:find "^ret" then
    return flow.ret(ops)
  end
  local new = whole(base, ops, far)
  return type(new) == "string" and rep .. new or new
end

local function bit_test(name, text)
  local ops = lexer.operands(text)
  if #ops == 2 and find(ops[1], "^%%") and mem.is_memory(ops[2]) then
    fail(name .. " with a register offset reaches outside its operand",
      "load first, then test the bit in a register")
  end
end

-- No x87 instruction can run, so nothing sees its control word: reading
-- gives the one at start, writing does nothing. gnulib's printf does both.
local CONTROL_WORD = set "fnstcw fstcw fldcw"

local function control_word(name, text)
  if name == "fldcw" then return "" end
  return "movw $0x37f, " .. (mem.access(text) or text)
end

function insn(name, ops, far)
  local c = name:sub(1, 1)
  if c == "r" and (name == "ret" or name == "retq") then
    return flow.ret(ops)
  elseif c == "c" and (name == "call" or name == "callq") then
    return flow.call(ops, far)
  elseif c == "j" or c == "l" and find(name, "^loop") then
    if name == "jmp" or name == "jmpq" then return flow.jmp(ops, far) end
    return nil
  elseif c == "f" then
    if CONTROL_WORD[name] then return control_word(name, ops) end
    fail("x87 instruction " .. name,
      "long double is double here; use SSE, or plain C")
  elseif name == "leave" or name == "leaveq" then
    return stack.LEAVE
  elseif PREFIX[name] then
    return prefixed(name, ops, far)
  elseif ops == "" and mem.string[name] then
    return mem.string[name]:format ""
  elseif REFUSED[name] then
    fail("instruction " .. name .. " " .. REFUSED[name][1], REFUSED[name][2])
  elseif BIT_TEST[name] then
    bit_test(name, ops)
  elseif c == "p" and find(name, "^pop[wlq]?$") then
    if mem.is_memory(ops) or ops == "%rsp" then
      fail(name .. " to memory or to the stack pointer",
        "pop a register, then store it")
    end
    return nil
  elseif c == "m" and find(name, "^movabs") and not find(ops, "^%$") then
    fail(name .. " with a 64-bit address", "use mov")
  elseif c == "x" and (find(name, "^xchg") or find(name, "^xadd"))
    and find(ops:gsub("%b()", ""), "%%[re]sp") then
    fail(name .. " writes the stack pointer", "use mov")
  end
  if find(ops, "%%[re]sp$") then
    local new = stack.write(name, ops)
    if new then return new end
  elseif find(ops, "%mm", 1, true) or find(ops, "%st", 1, true) then
    fail("x87 or MMX register in " .. name, "use SSE registers")
  end
  if ADDRESS_ONLY[name] then
    if not find(ops, "@", 1, true) and not find(ops, "%eip", 1, true) then
      return nil
    end
    return name, mem.compute(ops)
  end
  local load = c == "m" and mem.load_local(name, ops)
  if load then return load end
  local new, list = mem.access(ops)
  if new then return name, new, list end
  return nil, nil, list
end

--- Returns nil when the instruction may stay as it is; a call record; the
-- text of one or more statements; or the name and the new operands. The
-- third result is the list of operands where one was made.
M.rewrite = insn

return M
