--- Why an instruction of an accepted text is safe: the rule that it satisfies.
--
-- For people, from disassembly. What is said here decides nothing; the core's
-- validator has accepted the text before.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

--- Names of the traps, by slot of the gate.
M.SLOTS = { [0] = "trap", "pread", "pwrite", "jail", "unjail", "exit", "fork" }

local GATE, TEXT, BUNDLE = 0x10000, 0x20000, 32

-- Direct branches: where they go is known.
local function branch(text, place)
  local target = tonumber(text:match "^j%a+%s+0x(%x+)$"
    or text:match "^call%s+0x(%x+)$" or "", 16)
  if not target then
    return nil
  elseif target >= GATE and target < TEXT then
    local slot = (target - GATE) / BUNDLE
    return "R_FLOW_OUTSIDE", ("to gate slot %d, the trap %s"):format(slot,
      M.SLOTS[slot] or "that is none")
  end
  return "R_FLOW_TARGET", ("to %s, where an instruction begins"):format(
    place(target))
end

local GUARD = "nothing is mapped below 0x10000"

-- The address of an operand that names no register, as in `mov %eax, 0x10`.
local function absolute(text)
  for operand in (text:match "^%S+%s+(.+)$" or ""):gmatch "[^,%s]+" do
    local digits = operand:match "^0x(%x+)$"
    if digits then
      return tonumber(digits, 16)
    end
  end
end

local PATTERNS = {
  { "%(%%rip%)", "R_MEM_RIP", "its address is fixed, and the guest's" },
  { "%(%%rsp%)", "R_MEM_RSP", "beside the stack pointer, which is below "
    .. "4 GiB; guards lie around" },
  { "%(.*%%e[a-ds][xpi].*%)", "R_MEM_ADDR32", "its address is cut to 32 bits" },
  { "%(.*%%r%d+d.*%)", "R_MEM_ADDR32", "its address is cut to 32 bits" },
}

local WRITES_RSP = { mov = true, lea = true, add = true, sub = true,
  ["and"] = true }

local function stack(text)
  local word = text:match "^(%a+)"
  if word == "push" or word == "pop" then
    return "R_RSP_WRITE", "moves the stack pointer by 8; guards lie around"
  elseif text:find ",%s*%%esp$" and WRITES_RSP[(word:gsub("l$", ""))] then
    return "R_RSP_WRITE", "writes all of the stack pointer, as 32 bits"
  end
end

-- Instructions on strings are printed without their operands.
local STRINGS = { movs = true, cmps = true, stos = true, lods = true,
  scas = true }

local function memory(text)
  if text:find "^lea" or text:find "^nop" or text:find "^prefetch" then
    return nil
  end
  local word = text:match "^rep%l*%s+(%l+)$" or text:match "^(%l+)$"
  if word and STRINGS[word:sub(1, -2)] then
    return "R_MEM_ADDR32", "its addresses are cut to 32 bits"
  end
  for _, pattern in ipairs(PATTERNS) do
    if text:find(pattern[1]) then
      return pattern[2], pattern[3]
    end
  end
  local address = absolute(text)
  if address then
    return "R_MEM_ADDR32", ("its address is a number of 32 bits%s"):format(
      address < GATE and "; " .. GUARD .. ": a fault" or "")
  end
end

-- Without operands, and no memory.
local PLAIN = {}
for word in ("cbw cwde cdqe cwd cdq cqo cbtw cwtl cltq cwtd cltd cqto pause "
  .. "mfence lfence sfence emms vzeroupper vzeroall clc stc cmc lahf sahf "
  .. "fld1 fldz fnop wait fninit"):gmatch "%S+" do
  PLAIN[word] = true
end

-- In words, what neither touches memory nor goes elsewhere; nil for what is not
-- known to be like that.
local function harmless(text)
  local word, operands = text:match "^(%S+)%s*(.*)$"
  if not word then
    return nil
  elseif word:find "^nop" or word:find "^endbr" then
    return "does nothing"
  elseif word:find "^lea" then
    return "registers only: the address is not accessed"
  elseif word:find "^prefetch" then
    return "a hint: nothing is accessed"
  elseif word == "ud2" or word == "int3" then
    return "ends the run, as a fault"
  end
  for operand in operands:gmatch "[^,%s]+" do
    if not operand:find "^%%%w+$" and not operand:find "^%$%-?0x%x+$" then
      return nil
    end
  end
  return (operands ~= "" or PLAIN[word]) and "registers and flags only" or nil
end

local FUSED = {
  first = { jump = { "R_FLOW_INDIRECT", "the next jump's target becomes the "
    .. "start of a bundle" },
    ret = { "R_FLOW_RETURN", "looks at the return address ..." } },
  middle = { ret = { "R_FLOW_RETURN", "... and goes on only if it is the "
    .. "start of a bundle below 2 GiB" } },
  last = { jump = { "R_FLOW_INDIRECT", "to the start of a bundle: the mask "
    .. "is just before, and nothing comes between" },
    ret = { "R_FLOW_RETURN", "the test is just before, and nothing comes "
    .. "between" } },
}

--- The rule, and in words why it holds; rule nil for what touches neither
-- memory nor the flow of control.
--
-- @tparam table entry of a bundle: `disasm`, `fused` (zvm.explain.bundle)
-- @tparam function place gives an address of the text a name
function M.of(entry, place)
  local text = entry.disasm or ""
  if entry.fused then
    local ends_in = (text:find "^ret" or text:find "^testq" or text:find "^jn")
      and "ret" or "jump"
    local found = FUSED[entry.fused][ends_in]
    return found[1], found[2]
  elseif text == "hlt" then
    return nil, "ends the run, as a fault"
  end
  local rule, why = branch(text, place)
  if not rule then
    rule, why = stack(text)
  end
  if not rule then
    rule, why = memory(text)
  end
  return rule, why or harmless(text)
    or "the validator has accepted it; its rule is not told here"
end

-- -- Faults -----------------------------------------------------------------

local OTHERS = {
  SIGILL = "no such instruction, or one that is there to end the run",
  SIGFPE = "a division by zero, or its result has no room",
  SIGTRAP = "an int3, just before",
  SIGBUS = "the system had no memory to give",
  SIGSEGV = "an instruction that no guest may execute, such as hlt, or an "
    .. "address that is not aligned",
}

--- Why the sandbox, or the machine, catches a fault.
--
-- @tparam string signal its name
-- @tparam ?number address of the access, if it is known
-- @tparam number pc
function M.caught(signal, address, pc)
  if signal ~= "SIGSEGV" or not address then
    return OTHERS[signal]
  elseif address == pc then
    return "no code is there that may be executed"
  elseif address < GATE then
    return GUARD .. ", so that null pointers are caught"
  elseif address < TEXT then
    return "the gate is there to be called, nothing else"
  elseif address >= 2 ^ 32 then
    return "that is above the guest's 4 GiB, where a guard lies"
  end
  return "the guest has no memory there, or none for this: .step's `map` "
    .. "shows what it has"
end

return M
