--- Expressions of DWARF, as far as call frame information has them: where
-- gcc realigns a stack.
--
-- Values are addresses of the guest: 32 bits. Damage, and what is not known,
-- is an error, which zvm.backtrace catches.
--
-- Source: DWARF 5 standard, sections 2.5 and 7.7.1.
--
-- SPDX-License-Identifier: Apache-2.0
local elf = require "zvm.elf"
local unit = require "zvm.dwarf.unit"

local M = {}

local byte = string.byte
local u16, u32 = elf.u16, elf.u32
local damage, sleb, uleb = unit.damage, unit.sleb, unit.uleb

local STEPS_MAX = 64
local WORD = 2 ^ 32

local function push(stack, value)
  stack[#stack + 1] = value
end

local function pop(stack)
  local n = #stack
  local value = stack[n] or damage()
  stack[n] = nil
  return value
end

local function signed(value, bits)
  return value >= 2 ^ (bits - 1) and value - 2 ^ bits or value
end

-- opcode → function(stack, s, at, frame) → offset behind
local OPERATION = {
  [0x03] = function(stack, s, at)
    push(stack, u32(s, at))
    return at + 4
  end,
  [0x06] = function(stack, _, at, frame)
    push(stack, frame.load(pop(stack)))
    return at
  end,
  [0x08] = function(stack, s, at)
    push(stack, byte(s, at + 1) or damage())
    return at + 1
  end,
  [0x09] = function(stack, s, at)
    push(stack, signed(byte(s, at + 1) or damage(), 8))
    return at + 1
  end,
  [0x0a] = function(stack, s, at)
    push(stack, u16(s, at))
    return at + 2
  end,
  [0x0b] = function(stack, s, at)
    push(stack, signed(u16(s, at), 16))
    return at + 2
  end,
  [0x10] = function(stack, s, at)
    local value, after = uleb(s, at)
    push(stack, value)
    return after
  end,
  [0x11] = function(stack, s, at)
    local value, after = sleb(s, at)
    push(stack, value)
    return after
  end,
  [0x1c] = function(stack, _, at)
    local b = pop(stack)
    push(stack, pop(stack) - b)
    return at
  end,
  [0x22] = function(stack, _, at)
    local b = pop(stack)
    push(stack, pop(stack) + b)
    return at
  end,
  [0x23] = function(stack, s, at)
    local value, after = uleb(s, at)
    push(stack, pop(stack) + value)
    return after
  end,
}
OPERATION[0x0c], OPERATION[0x0d] = OPERATION[0x03], OPERATION[0x03]

for n = 0, 31 do
  OPERATION[0x30 + n] = function(stack, _, at)
    push(stack, n)
    return at
  end
  OPERATION[0x70 + n] = function(stack, s, at, frame)
    local offset, after = sleb(s, at)
    push(stack, (frame.registers[n] or damage()) + offset)
    return after
  end
end

--- The value of an expression.
--
-- @tparam string s
-- @tparam number at offset of the expression in it
-- @tparam number stop offset of its end
-- @tparam table frame `registers`, by DWARF's numbers; `load`, function from
--  address to the 32-bit word there
-- @tparam[opt] number first what lies on the stack at the start
-- @treturn number
function M.run(s, at, stop, frame, first)
  local stack, steps = { first }, 0
  while at < stop do
    steps = steps + 1
    local run = OPERATION[byte(s, at + 1)]
    if not run or steps > STEPS_MAX then
      damage()
    end
    at = run(stack, s, at + 1, frame)
    if #stack > 0 then
      stack[#stack] = stack[#stack] % WORD
    end
  end
  return pop(stack)
end

return M
