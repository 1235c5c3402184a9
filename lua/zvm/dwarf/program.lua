--- The line program of a unit: bytecode that makes rows of address, file
-- and line.
--
-- Every opcode is a byte at least, makes one row at most and moves forward.
--
-- Source: DWARF 5 standard, section 6.2.5.
--
-- SPDX-License-Identifier: Apache-2.0
local elf = require "zvm.elf"
local unit = require "zvm.dwarf.unit"

local M = {}

local byte, floor = string.byte, math.floor
local u16, u32 = elf.u16, elf.u32
local damage, sleb, uleb = unit.damage, unit.sleb, unit.uleb

local ROWS_MAX = 2 ^ 21 -- of all units
local SEQUENCES_MAX = 2 ^ 18
local LOWEST = 0x10000 -- no guest has code below; the linker puts what it
                       -- has thrown away at 0

-- Rows of the sequence being read are those from t.first to t.count; when
-- addresses go backwards it is dropped.
local function restart(t)
  t.address, t.file, t.line = 0, 1, 1
  t.first, t.backwards = t.count + 1, false
end

-- The last of several rows with one address counts, as for binutils.
local function emit(t)
  local n = t.count
  if n >= t.first and t.addresses[n] >= t.address then
    if t.addresses[n] > t.address then
      t.backwards = true
    end
  else
    n = n + 1
    if n > (t.rows_max or ROWS_MAX) then
      damage()
    end
    t.count = n
  end
  t.addresses[n], t.files[n], t.lines[n] = t.address, t.file, t.line
end

local function end_sequence(t, u)
  local start = t.addresses[t.first]
  if t.count < t.first or t.backwards or start < LOWEST
    or start >= t.address or #t.sequences >= SEQUENCES_MAX
  then
    t.count = t.first - 1
  else
    t.sequences[#t.sequences + 1] = { start = start, stop = t.address,
      first = t.first, last = t.count, unit = u }
  end
  restart(t)
end

local function advance(t, u, amount)
  t.address = (t.address + amount * u.step) % 2 ^ 32
end

local EXTENDED = {
  [1] = end_sequence,
  [2] = function(t, _, s, at) t.address = u32(s, at) end,
  [3] = function(_, u, s, at)
    if u.version < 5 then
      u.files[#u.files + 1] = unit.read_file(s, at)
      unit.claim(u, u.program)
    end
  end,
}

local STANDARD = {
  [1] = function(t, _, _, at)
    emit(t)
    return at
  end,
  [2] = function(t, u, s, at)
    local amount, after = uleb(s, at)
    advance(t, u, amount)
    return after
  end,
  [3] = function(t, _, s, at)
    local amount, after = sleb(s, at)
    t.line = t.line + amount
    return after
  end,
  [4] = function(t, _, s, at)
    local after
    t.file, after = uleb(s, at)
    return after
  end,
  [8] = function(t, u, _, at)
    advance(t, u, floor((255 - u.opcode_base) / u.line_range))
    return at
  end,
  [9] = function(t, _, s, at)
    t.address = (t.address + u16(s, at)) % 2 ^ 32
    return at + 2
  end,
}

local function extended(t, u, s, at)
  local length, after = uleb(s, at)
  local code = byte(s, after + 1)
  if length == 0 or not code or after + length > u.stop then
    damage()
  end
  if EXTENDED[code] then
    EXTENDED[code](t, u, s, after + 1)
  end
  return after + length
end

-- A standard opcode that changes nothing of interest: skip its operands.
local function skip(u, s, at, code)
  for _ = 1, u.operands[code] or damage() do
    local _, after = uleb(s, at)
    at = after
  end
  return at
end

--- Run the program of unit `u` of section `s` into the table `t`: `count`
-- rows in `addresses`, `files` and `lines`, and `sequences` of them.
-- `rows_max`, if it is there, is how many rows there may be.
function M.run(t, u, s)
  local at, stop, base = u.program, u.stop, u.opcode_base
  restart(t)
  while at < stop do
    local code = byte(s, at + 1) or damage()
    at = at + 1
    if code >= base then
      local special = code - base
      advance(t, u, floor(special / u.line_range))
      t.line = t.line + u.line_base + special % u.line_range
      emit(t)
    elseif code == 0 then
      at = extended(t, u, s, at)
    elseif STANDARD[code] then
      at = STANDARD[code](t, u, s, at)
    else
      at = skip(u, s, at, code)
    end
  end
end

return M
