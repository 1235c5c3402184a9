--- Line tables: .debug_line of DWARF 2 to 5, read for people.
--
-- Input is hostile. Every step of the reading moves forward in the section,
-- so time and memory are bounded by its size, and by fixed limits; damage
-- ends the unit it is in and is kept from the caller. Names are looked up
-- when a row is asked for, as many entries may share one long string.
--
-- Source: DWARF 5 standard, section 6.2.
--
-- SPDX-License-Identifier: Apache-2.0
local elf = require "zvm.elf"
local program = require "zvm.dwarf.program"
local sorted = require "zvm.sorted"
local unit = require "zvm.dwarf.unit"

local M = {}

local u32 = elf.u32

local SECTION_MAX = 2 ^ 25 -- what lies behind is not read
local NAME_MAX = 512

local function read_unit(t, s, at, stop, width)
  program.run(t, unit.read(s, at, stop, width, t), s)
end

-- Offsets of the unit at `at`: of its content, of its end, and the width of
-- offsets in it. Nil when there is no more.
local function unit_bounds(s, at)
  local length, width = u32(s, at), 4
  at = at + 4
  if length == 0xffffffff then
    length, width = u32(s, at) + u32(s, at + 4) * 2 ^ 32, 8
    at = at + 8
  end
  if length == 0 or at + length > #s then
    return nil
  end
  return at, at + length, width
end

local Lines = {}
Lines.__index = Lines

--- Read a .debug_line section.
--
-- @tparam string section
-- @tparam function name (2 or 3, offset) → the string there, of
--  .debug_line_str or .debug_str; nil when there is none
-- @tparam[opt] number rows_max how many rows are kept, of all units: what is
--  behind is not known
-- @treturn table with the method `find`
function M.read(section, name, rows_max)
  section = section:sub(1, SECTION_MAX)
  local t = { count = 0, entries = 0, addresses = {}, files = {}, lines = {},
    sequences = {}, section = section, name = name, rows_max = rows_max }
  local at = 0
  while at < #section do
    local start, stop, width = unit_bounds(section, at)
    if not start then
      break
    end
    pcall(read_unit, t, section, start, stop, width)
    t.count = #t.sequences > 0 and t.sequences[#t.sequences].last or 0
    at = stop
  end
  t.sequences = sorted.by(t.sequences, "start")
  return setmetatable(t, Lines)
end

local function name_of(self, entry)
  if not entry or not entry.name then
    return nil
  end
  local place, at = entry.name[1], entry.name[2]
  if place == 1 then
    return elf.text(self.section, at, NAME_MAX)
  end
  return self.name(place, at, NAME_MAX)
end

-- A file's path, relative to where the compiler ran when it lies there.
local function path_of(self, u, number)
  local entry = u.files[number]
  local name = name_of(self, entry)
  if not name or name == "" then
    return nil
  end
  local home = name_of(self, u.directories[0])
  local directory = entry.directory ~= 0
    and name_of(self, u.directories[entry.directory])
  if directory and directory ~= "" and name:sub(1, 1) ~= "/" then
    name = directory .. "/" .. name
  end
  if home and home ~= "" and name:sub(1, #home + 1) == home .. "/" then
    name = name:sub(#home + 2)
  end
  return name, home
end

--- The source of the instruction at an address.
--
-- @tparam number address
-- @treturn[1] string file
-- @treturn[1] number line; nil when the compiler gave none
-- @treturn[1] string the directory that a relative file is relative to; nil
--  when unknown
-- @treturn[2] nil
function Lines:find(address)
  local sequences = self.sequences
  local n = sorted.last(1, #sequences, address, function(i)
    return sequences[i].start
  end)
  local sequence = sequences[n]
  if not sequence or address >= sequence.stop then
    return nil
  end
  local row = sorted.last(sequence.first, sequence.last, address,
    function(i)
      return self.addresses[i]
    end)
  local file, directory = path_of(self, sequence.unit, self.files[row])
  local line = self.lines[row]
  if not file then
    return nil
  end
  return file, line >= 1 and line < 2 ^ 31 and line or nil, directory
end

return M
