--- Memory operands: what the validator's mem.c checks, made true.
--
-- Every access is 32-bit addressed, rip-relative, or disp(%rsp). Thread-
-- local variables lie where the linker put them plus what __zvm_tp holds: 0
-- for the first thread. That variable is all there is of %fs.
--
-- SPDX-License-Identifier: Apache-2.0

local lexer = require "zvm.toolchain.lexer"
local regs = require "zvm.toolchain.regs"

local M = {}

local fail = lexer.fail
local byte, find = string.byte, string.find
local concat = table.concat

local PERCENT, DOLLAR, STAR = byte("%$*", 1, 3)

-- "(%rax,%rdx,4)" → "(%eax,%edx,4)". Filled on demand.
local narrowed = setmetatable({}, { __index = function(t, parens)
  local inner = parens:sub(2, -2):gsub("%s+", "")
  local new
  if not find(inner, "%", 1, true) then
    new = parens -- an expression, not an address
  elseif inner == "%rsp" or inner == "%rip" or inner == "%eip" then
    new = "(" .. inner:gsub("%%eip", "%%rip") .. ")"
  elseif find(inner, "mm", 1, true) then
    fail("gather and scatter address memory element by element",
      "use plain loads, or compile with -fno-tree-vectorize")
  else
    new = "(" .. inner:gsub("%%%w+", function(name)
      local r = regs.to32[name]
      if not r then
        fail("cannot address memory through " .. name,
          "use a 32- or 64-bit general register")
      end
      return r
    end) .. ")"
  end
  t[parens] = new
  return new
end })

local function is_memory(op)
  return not find(op, "^[%%$*]") or find(op, "^%%[c-gs]s:") ~= nil
end
M.is_memory = is_memory

-- May a displacement from rsp be less than -128? Then the operand must be
-- addressed 32 bits wide. gcc writes sums of decimal numbers.
local function is_far_below(op)
  local disp = op:match "^%s*(.-)%s*%(%s*%%rsp%s*%)$"
  if not disp or disp == "" then return false end
  if find(disp, "[^%d+-]") or find(disp, "%f[%d]0%d") then return true end
  local sum = 0
  for term in disp:gmatch "[+-]?%d+" do sum = sum + tonumber(term) end
  return sum < -128
end

-- One memory operand that has no segment and no TLS suffix left. The same
-- few come again and again, so answers are kept.
local addresses = setmetatable({}, { __index = function(t, key)
  local op = key
  if is_far_below(op) then op = op:gsub("%%rsp", "%%esp") end
  local new = op:gsub("%b()", narrowed)
  if not find(new, "(%", 1, true) and not find(new, "(,", 1, true) then
    if find(op, "^[-+%d%s()*xXa-fA-F~|&<>]+$")
      and find(op, "^[-+~(%s]*%d") and not find(op, "^%d+[bf]$") then
      new = "(" .. op .. ")(,%eiz,1)"
    else
      new = op .. "(%rip)"
    end
  end
  t[key] = new
  return new
end })

-- How far the thread's variables are from where the linker put them.
local POINTER = "__zvm_tp(%rip)"

local TLS_REMEDY = "load %fs:0 into a register, then use x@tpoff(%register)"

-- Thread-local forms of one operand.
local function thread_local(op)
  local seg, rest = op:match "^%%([c-gs]s)%s*:%s*(.*)$"
  if seg == "fs" then
    if rest == "0" then return POINTER end
    if not find(rest, "@", 1, true) then
      fail("segment register %fs",
        "use plain variables; there is no thread control block")
    end
    fail("a thread-local variable without a register for its base",
      TLS_REMEDY)
  elseif seg == "es" or seg == "ds" or seg == "ss" then
    op = rest -- flat by definition in 64-bit code
  elseif seg then
    fail("segment register %" .. seg, "use plain variables")
  end
  if find(op, "@", 1, true) then
    if find(op, "@gottpoff", 1, true) then
      return "$" .. op:gsub("@gottpoff%s*%(%%[re]ip%)", "")
    elseif find(op, "@tls", 1, true) or find(op, "@dtpoff", 1, true) then
      fail("dynamic thread-local storage", "use -ftls-model=local-exec")
    end
    op = op:gsub("@[n]?tpoff", "")
    if op:byte(1) ~= DOLLAR and not find(op, "(%", 1, true) then
      fail("a thread-local variable without a base", TLS_REMEDY)
    end
  end
  return op
end

--- A plain load of a thread-local variable into a general register, which
-- is its own base: the text of two instructions; nil for anything else.
function M.load_local(name, text)
  if not find(text, "%fs", 1, true) or not find(name, "^mov[lq]?$") then
    return nil
  end
  local ops = lexer.operands(text)
  local variable = #ops == 2
    and ops[1]:match "^%%fs%s*:%s*([^()]-)@n?tpoff%s*$"
  local offset = ""
  if #ops == 2 and not variable then
    variable, offset = ops[1]:match "^%%fs%s*:%s*([^()]-)@n?tpoff(%+%d+)%s*$"
  end
  local base = variable and regs.to32[ops[2]]
  if not base or base == "%esp" then return nil end
  return ("movl %s, %s; %s %s%s(%s), %s"):format(POINTER, base, name,
    variable, offset, base, ops[2])
end

--- Rewrite the operands of an instruction that accesses memory.
-- Returns the new text, or nil when nothing changes, and its operands.
function M.access(text)
  local ops = lexer.operands(text)
  local changed = false
  local odd = find(text, "[:@]")
  for i = 1, #ops do
    local op = ops[i]
    if odd and find(op, "[:@]") then op = thread_local(op) end
    local c = byte(op, 1)
    if c ~= PERCENT and c ~= DOLLAR and c ~= STAR then
      op = addresses[op]
    end
    if op ~= ops[i] then
      ops[i] = op
      changed = true
    end
  end
  return changed and concat(ops, ", ") or nil, ops
end

--- Rewrite the operands of an instruction that only computes an address.
function M.compute(text)
  if find(text, "@", 1, true) then
    text = text:gsub("@n?tpoff", "")
  end
  return (text:gsub("%%eip", "%%rip"))
end

-- String instructions without operands, and their 32-bit counterparts.
M.string = {}
for _, name in ipairs { "movs", "stos", "cmps", "scas", "lods" } do
  for _, size in ipairs { "b", "w", "l", "q", "d" } do
    local gas = (name .. size):gsub("^(%a+)d$", "%1l")
    M.string[name .. size] = "addr32 %s" .. gas
  end
end

return M
