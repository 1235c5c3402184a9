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

local function memory(text)
  if text:find "^lea" or text:find "^nop" then
    return nil
  elseif text:find "^rep" or text:find "^movs[bwlq]%s*%(?" and
    text:find "%%e[sd]i.*%%e[sd]i" then
    return "R_MEM_ADDR32", "both addresses are cut to 32 bits"
  end
  for _, pattern in ipairs(PATTERNS) do
    if text:find(pattern[1]) then
      return pattern[2], pattern[3]
    end
  end
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
  if not rule then
    return nil, text:find "^nop" and "does nothing"
      or "registers and flags only"
  end
  return rule, why
end

return M
