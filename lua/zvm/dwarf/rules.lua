--- The instructions of call frame information: how registers of the caller are
-- found, from one place of the code to the next.
--
-- Damage is an error, which zvm.dwarf.frame catches.
--
-- Source: DWARF 5 standard, sections 6.4.2 and 7.24; Linux Standard Base 5.0,
-- Core, section 10.5 (encodings of pointers).
--
-- SPDX-License-Identifier: Apache-2.0
local elf = require "zvm.elf"
local unit = require "zvm.dwarf.unit"

local M = {}

local byte = string.byte
local u16, u32 = elf.u16, elf.u32
local damage, sleb, uleb = unit.damage, unit.sleb, unit.uleb

local STEPS_MAX = 2 ^ 13 -- instructions for one address
local SAVED_MAX = 32     -- states remembered at once
local REGISTERS = 17     -- those of the processor, and the return address

-- -- Pointers ---------------------------------------------------------------

-- Pointers are as wide as the ABI's, or as their encoding says.
local WIDTH = { [0x0] = 4, [0x2] = 2, [0x3] = 4, [0x4] = 8, [0xa] = 2,
  [0xb] = 4, [0xc] = 8 }

-- A pointer in the given encoding: its value, offset behind. `base`: address
-- of `s`.
local function pointer(s, at, encoding, base)
  local width = WIDTH[encoding % 16] or damage()
  local value = width == 2 and u16(s, at) or u32(s, at)
  if encoding % 16 == 0xa and value >= 2 ^ 15 then
    value = value - 2 ^ 16
  end
  local how = (encoding - encoding % 16) / 16
  if how == 1 then
    value = value + base + at
  elseif how ~= 0 then
    damage()
  end
  return value % 2 ^ 32, at + width
end

-- -- Instructions -----------------------------------------------------------

-- How registers of the caller are found: rules by number, and `cfa`, the
-- value of rsp there. A rule is { kind, value [, end and text of an
-- expression] }.
local function rule(row, register, kind, value, stop, text)
  if register < REGISTERS then
    row.rules[register] = { kind, value, stop, text }
  end
end

local function restore(row, register)
  if register < REGISTERS then
    row.rules[register] = row.initial and row.initial[register]
  end
end

local function copied(rules)
  local copy = {}
  for register, how in pairs(rules) do
    copy[register] = how
  end
  return copy
end

local function block(s, at)
  local size, after = uleb(s, at)
  if after + size > #s then
    damage()
  end
  return after, after + size
end

-- opcode → function(row, s, at, cie) → offset behind
local INSTRUCTION = {
  [0x00] = function(_, _, at) return at end,
  [0x01] = function(row, s, at, cie)
    local after
    row.place, after = pointer(s, at, cie.encoding, row.base)
    return after
  end,
  [0x02] = function(row, s, at, cie)
    row.place = row.place + (byte(s, at + 1) or damage()) * cie.code_step
    return at + 1
  end,
  [0x03] = function(row, s, at, cie)
    row.place = row.place + u16(s, at) * cie.code_step
    return at + 2
  end,
  [0x04] = function(row, s, at, cie)
    row.place = row.place + u32(s, at) * cie.code_step
    return at + 4
  end,
  [0x07] = function(row, s, at)
    local register, after = uleb(s, at)
    rule(row, register, "undefined")
    return after
  end,
  [0x08] = function(row, s, at)
    local register, after = uleb(s, at)
    rule(row, register, "same")
    return after
  end,
  [0x06] = function(row, s, at)
    local register, after = uleb(s, at)
    restore(row, register)
    return after
  end,
  [0x0a] = function(row, _, at)
    if #row.saved >= SAVED_MAX then
      damage()
    end
    row.saved[#row.saved + 1] = { copied(row.rules), row.cfa }
    return at
  end,
  [0x0b] = function(row, _, at)
    local state = table.remove(row.saved) or damage()
    row.rules, row.cfa = state[1], state[2]
    return at
  end,
  [0x0c] = function(row, s, at)
    local register, offset
    register, at = uleb(s, at)
    offset, at = uleb(s, at)
    row.cfa = { register = register, offset = offset }
    return at
  end,
  [0x0d] = function(row, s, at)
    local register, after = uleb(s, at)
    row.cfa = { register = register, offset = row.cfa.offset or damage() }
    return after
  end,
  [0x0e] = function(row, s, at)
    local offset, after = uleb(s, at)
    row.cfa = { register = row.cfa.register or damage(), offset = offset }
    return after
  end,
  [0x0f] = function(row, s, at)
    local from, after = block(s, at)
    row.cfa = { at = from, stop = after, text = s }
    return after
  end,
  [0x12] = function(row, s, at, cie)
    local register, offset
    register, at = uleb(s, at)
    offset, at = sleb(s, at)
    row.cfa = { register = register, offset = offset * cie.data_step }
    return at
  end,
  [0x13] = function(row, s, at, cie)
    local offset, after = sleb(s, at)
    row.cfa = { register = row.cfa.register or damage(),
      offset = offset * cie.data_step }
    return after
  end,
  [0x2e] = function(_, s, at) -- size of arguments
    local _, after = uleb(s, at)
    return after
  end,
}

-- register, then an offset
local function with_offset(kind, read, sign)
  return function(row, s, at, cie)
    local register, offset
    register, at = uleb(s, at)
    offset, at = read(s, at)
    rule(row, register, kind, offset * cie.data_step * sign)
    return at
  end
end

-- register, then an expression
local function with_block(kind)
  return function(row, s, at)
    local register, from
    register, at = uleb(s, at)
    from, at = block(s, at)
    rule(row, register, kind, from, at, s)
    return at
  end
end

INSTRUCTION[0x05] = with_offset("offset", uleb, 1)
INSTRUCTION[0x11] = with_offset("offset", sleb, 1)
INSTRUCTION[0x2f] = with_offset("offset", uleb, -1)
INSTRUCTION[0x14] = with_offset("value", uleb, 1)
INSTRUCTION[0x15] = with_offset("value", sleb, 1)
INSTRUCTION[0x10] = with_block "expression"
INSTRUCTION[0x16] = with_block "value_expression"
INSTRUCTION[0x09] = function(row, s, at)
  local register, from
  register, at = uleb(s, at)
  from, at = uleb(s, at)
  rule(row, register, "register", from)
  return at
end

--- Run `s` up to the row of `address`.
--
-- @tparam table row `place`, where it is; `rules` and `cfa`, which are changed;
--  `steps`, how many instructions were run; `saved`, a list; `initial`, the
--  rules that come back by name; `base`, address of `s`
-- @tparam string s
-- @tparam table cie `code_step`, `data_step` and `encoding`
-- @tparam number address
function M.run(row, s, cie, address)
  local at = 0
  while at < #s and row.place <= address do
    local code = byte(s, at + 1)
    row.steps = row.steps + 1
    if row.steps > STEPS_MAX then
      damage()
    end
    local low = code % 64
    at = at + 1
    if code >= 0xc0 then
      restore(row, low)
    elseif code >= 0x80 then
      local offset, after = uleb(s, at)
      rule(row, low, "offset", offset * cie.data_step)
      at = after
    elseif code >= 0x40 then
      row.place = row.place + low * cie.code_step
    else
      at = (INSTRUCTION[code] or damage())(row, s, at, cie)
    end
  end
end

M.pointer = pointer

return M
