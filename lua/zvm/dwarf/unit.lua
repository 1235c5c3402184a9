--- A unit of a line table: numbers, names, and the header in front of the
-- line program.
--
-- Damage is an error, which zvm.dwarf catches. All reading moves forward.
--
-- Source: DWARF 5 standard, sections 6.2.4 (header), 7.5.6 (forms) and 7.6
-- (LEB128); DWARF 4, section 6.2.4 for versions 2 to 4.
--
-- SPDX-License-Identifier: Apache-2.0
local elf = require "zvm.elf"

local M = {}

local byte, find = string.byte, string.find
local u16, u32 = elf.u16, elf.u32

local ENTRIES_MAX = 2 ^ 18 -- files and directories of all units

local function damage()
  error("damage", 0)
end

-- -- Numbers ----------------------------------------------------------------

-- Unsigned LEB128 at offset `at`: value, offset behind. What does not fit
-- 49 bits is dropped.
local function uleb(s, at)
  local value, scale = 0, 1
  repeat
    local b = byte(s, at + 1) or damage()
    at = at + 1
    if scale < 2 ^ 49 then
      value = value + b % 128 * scale
      scale = scale * 128
    end
  until b < 128
  return value, at
end

local function sleb(s, at)
  local value, scale = 0, 1
  local b
  repeat
    b = byte(s, at + 1) or damage()
    at = at + 1
    if scale < 2 ^ 49 then
      value = value + b % 128 * scale
      scale = scale * 128
    end
  until b < 128
  if b >= 64 then
    value = value - scale
  end
  return value, at
end

-- An offset of the unit's width.
local function offset(u, s, at)
  if at + u.width > #s then
    damage()
  end
  if u.width == 8 and u32(s, at + 4) ~= 0 then
    damage()
  end
  return u32(s, at), at + u.width
end

-- The offset behind the NUL of the string at offset `at`.
local function text_end(s, at)
  return find(s, "\0", at + 1, true) or damage()
end

-- One more file or directory of unit `u`, which the tables must not lie
-- behind.
local function claim(u, at)
  local budget = u.budget
  budget.entries = budget.entries + 1
  if at > u.program or budget.entries > ENTRIES_MAX then
    damage()
  end
end

-- -- Names ------------------------------------------------------------------

-- form → function(u, s, at) → value, offset behind. A name's value is the
-- number of its section and where in it.
local FORM = {
  [0x08] = function(_, s, at) return { 1, at }, text_end(s, at) end,
  [0x0b] = function(_, s, at) return byte(s, at + 1), at + 1 end,
  [0x05] = function(_, s, at) return u16(s, at), at + 2 end,
  [0x06] = function(_, s, at) return u32(s, at), at + 4 end,
  [0x07] = function(_, s, at) return u32(s, at), at + 8 end,
  [0x1e] = function(_, _, at) return 0, at + 16 end,
  [0x0f] = function(_, s, at) return uleb(s, at) end,
  [0x09] = function(_, s, at)
    local size, after = uleb(s, at)
    return 0, after + size
  end,
  [0x1f] = function(u, s, at)
    local where, after = offset(u, s, at)
    return { 2, where }, after
  end,
  [0x0e] = function(u, s, at)
    local where, after = offset(u, s, at)
    return { 3, where }, after
  end,
}

-- Version 5: a list of formats, then that many entries of each.
local function read_table(u, s, at)
  local formats = {}
  local kinds = byte(s, at + 1) or damage()
  at = at + 1
  for i = 1, kinds do
    local content, form
    content, at = uleb(s, at)
    form, at = uleb(s, at)
    formats[i] = { content, FORM[form] or damage() }
  end
  local count
  count, at = uleb(s, at)
  local list = {}
  for i = 0, count - 1 do
    local entry = { directory = 0 }
    for k = 1, kinds do
      local value
      value, at = formats[k][2](u, s, at)
      if formats[k][1] == 1 then
        entry.name = type(value) == "table" and value or damage()
      elseif formats[k][1] == 2 then
        entry.directory = type(value) == "number" and value or damage()
      end
    end
    list[i] = entry
    claim(u, at)
  end
  return list, at
end

-- One entry of versions 2 to 4: name, directory, time, size.
local function read_file(s, at)
  local entry, after = { name = { 1, at } }, text_end(s, at)
  entry.directory, after = uleb(s, after)
  local _
  _, after = uleb(s, after)
  _, after = uleb(s, after)
  return entry, after
end

local function read_old_tables(u, s, at)
  while (byte(s, at + 1) or damage()) ~= 0 do
    u.directories[#u.directories + 1] = { name = { 1, at } }
    at = text_end(s, at)
    claim(u, at)
  end
  at = at + 1
  while (byte(s, at + 1) or damage()) ~= 0 do
    u.files[#u.files + 1], at = read_file(s, at)
    claim(u, at)
  end
end

-- -- Headers ----------------------------------------------------------------

--- Read the unit at `at`, up to its line program.
--
-- @tparam string s .debug_line
-- @tparam number at offset of the version
-- @tparam number stop offset of the unit's end
-- @tparam number width of offsets in it: 4 or 8
-- @tparam table budget `entries`: how many all units together have
-- @treturn table the unit
function M.read(s, at, stop, width, budget)
  local u = { width = width, stop = stop, directories = {}, files = {},
    version = u16(s, at), budget = budget }
  at = at + 2
  if u.version < 2 or u.version > 5 then
    damage()
  end
  if u.version == 5 then
    at = at + 2 -- sizes of addresses and of segment selectors
  end
  local length
  length, at = offset(u, s, at)
  u.program = at + length
  if u.program > stop then
    damage()
  end
  local fields = { byte(s, at + 1, at + (u.version >= 4 and 6 or 5)) }
  at = at + #fields
  if u.version >= 4 then
    table.remove(fields, 2) -- operations of a VLIW instruction
  end
  u.step, u.line_base, u.line_range = fields[1], fields[3], fields[4]
  u.opcode_base = fields[5] or damage()
  if u.line_base >= 128 then
    u.line_base = u.line_base - 256
  end
  if u.line_range == 0 or u.opcode_base == 0 then
    damage()
  end
  u.operands = { byte(s, at + 1, at + u.opcode_base - 1) }
  at = at + u.opcode_base - 1
  if u.version == 5 then
    u.directories, at = read_table(u, s, at)
    u.files = read_table(u, s, at)
  else
    read_old_tables(u, s, at)
  end
  return u
end

M.damage, M.uleb, M.sleb = damage, uleb, sleb
M.read_file, M.claim = read_file, claim

return M
