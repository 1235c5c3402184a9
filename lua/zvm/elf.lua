--- The headers of an ELF32 file, read for people: segments, sections, notes.
--
-- Input is hostile. Nothing here raises an error, and work is bounded by the
-- number of headers that fit into the file. Whether a file may run is the
-- core's question (core/module/elf.c), not ours.
--
-- Source: System V gABI, chapters 4 and 5.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local byte, find, sub = string.byte, string.find, string.sub

local EHDR, PHDR, SHDR = 52, 32, 40
local PHDRS_MAX, SHDRS_MAX = 64, 4096
local NAME_MAX = 64

local PT_LOAD, PT_NOTE = 1, 4
local SHT_NOBITS = 8
local SHF_COMPRESSED = 0x800

-- Little-endian, at an offset from 0; 0 outside of the string.
local function u16(s, at)
  local a, b = byte(s, at + 1, at + 2)
  return b and a + b * 256 or 0
end

local function u32(s, at)
  local a, b, c, d = byte(s, at + 1, at + 4)
  return d and a + b * 256 + c * 65536 + d * 16777216 or 0
end

M.u16, M.u32 = u16, u32

--- The string that ends with a NUL at offset `at` of `s`, cut at `max`
-- bytes; nil when it lies outside.
--
-- @tparam string s
-- @tparam number at from 0
-- @tparam[opt] number max
-- @treturn ?string
function M.text(s, at, max)
  if at < 0 or at >= #s then
    return nil
  end
  local text = sub(s, at + 1, at + max)
  local stop = find(text, "\0", 1, true)
  return stop and sub(text, 1, stop - 1) or text
end

local function read_segments(s, out)
  local at = u32(s, 28)
  for _ = 1, math.min(u16(s, 44), PHDRS_MAX) do
    if at + PHDR > #s then
      return
    end
    out[#out + 1] = {
      type = u32(s, at), offset = u32(s, at + 4), address = u32(s, at + 8),
      size = u32(s, at + 16), flags = u32(s, at + 24),
    }
    at = at + PHDR
  end
end

local function read_section(s, at, strings)
  local flags = u32(s, at + 8)
  local section = {
    type = u32(s, at + 4), address = u32(s, at + 12),
    offset = u32(s, at + 16), size = u32(s, at + 20), link = u32(s, at + 24),
    executable = flags % 8 >= 4,
    compressed = flags % (2 * SHF_COMPRESSED) >= SHF_COMPRESSED,
  }
  if strings then
    section.name = M.text(s, strings + u32(s, at), NAME_MAX)
  end
  section.usable = section.type ~= SHT_NOBITS and not section.compressed
    and section.offset + section.size <= #s
  return section
end

-- Sections by number from 0, and by name: the first of each.
local function read_sections(s, out)
  local at, count, names = u32(s, 32), u16(s, 48), u16(s, 50)
  if at == 0 or u16(s, 46) ~= SHDR then
    return
  end
  local strings
  if names < count and at + (names + 1) * SHDR <= #s then
    strings = u32(s, at + names * SHDR + 16)
  end
  for i = 0, math.min(count, SHDRS_MAX) - 1 do
    if at + (i + 1) * SHDR > #s then
      return
    end
    local section = read_section(s, at + i * SHDR, strings)
    out[i] = section
    if section.name and not out[section.name] then
      out[section.name] = section
    end
  end
end

--- Read the headers of `bytes`.
--
-- @tparam string bytes a file
-- @treturn[1] table `entry`; `segments`: list of `type`, `offset`,
--  `address`, `size` (in the file), `flags`; `sections`: by number from 0 and
--  by name, each `type`, `name`, `address`, `offset`, `size`, `link`,
--  `executable`, `usable` (its bytes are in the file as they are)
-- @treturn[2] nil when it is no ELF32 file
function M.read(bytes)
  if #bytes < EHDR or sub(bytes, 1, 6) ~= "\127ELF\1\1" then
    return nil
  end
  local elf = { entry = u32(bytes, 24), segments = {}, sections = {} }
  read_segments(bytes, elf.segments)
  read_sections(bytes, elf.sections)
  return elf
end

--- The bytes of a section or a segment.
--
-- @tparam string bytes of the file
-- @tparam table part of `sections` or `segments`
-- @treturn string shorter than `part.size` where the file ends before
function M.content(bytes, part)
  return sub(bytes, part.offset + 1, part.offset + part.size)
end

--- The segment that executes: nil when there is none.
--
-- @tparam table elf
-- @treturn ?table
function M.text_segment(elf)
  for _, segment in ipairs(elf.segments) do
    if segment.type == PT_LOAD and segment.flags % 2 == 1
      and segment.size > 0
    then
      return segment
    end
  end
end

--- The CPU level that the module's note declares (zvm_abi.h): 2 or 3.
--
-- @tparam string bytes of the file
-- @tparam table elf
-- @treturn number
function M.level(bytes, elf)
  for _, segment in ipairs(elf.segments) do
    if segment.type == PT_NOTE and segment.size >= 24 then
      local at = segment.offset
      if sub(bytes, at + 13, at + 16) == "zvm\0" and u32(bytes, at + 8) == 1
        and u32(bytes, at + 20) == 3
      then
        return 3
      end
    end
  end
  return 2
end

--- Where the module wants to be told of its own faults (zvm_abi.h): an
-- address, or nil.
--
-- @tparam string bytes of the file
-- @tparam table elf
-- @treturn ?number
function M.faults(bytes, elf)
  for _, segment in ipairs(elf.segments) do
    local notes = segment.type == PT_NOTE and M.content(bytes, segment) or ""
    local at = 0
    while at + 20 <= #notes do
      if u32(notes, at + 8) == 2 and sub(notes, at + 13, at + 16) == "zvm\0"
      then
        return u32(notes, at + 16)
      end
      local sizes = { u32(notes, at), u32(notes, at + 4) }
      at = at + 12 + sizes[1] + -sizes[1] % 4 + sizes[2] + -sizes[2] % 4
    end
  end
  return nil
end

--- Which field of the ELF header a file offset is in: nil when none.
--
-- @tparam number offset from 0
-- @treturn ?string
function M.field(offset)
  local FIELDS = {
    { 0, "the magic number" }, { 4, "e_ident, class" },
    { 5, "e_ident, byte order" }, { 6, "e_ident, version" },
    { 7, "e_ident" }, { 16, "e_type" }, { 18, "e_machine" },
    { 20, "e_version" }, { 24, "e_entry" }, { 28, "e_phoff" },
    { 32, "e_shoff" }, { 36, "e_flags" }, { 40, "e_ehsize" },
    { 42, "e_phentsize" }, { 44, "e_phnum" }, { 46, "e_shentsize" },
    { 48, "e_shnum" }, { 50, "e_shstrndx" },
  }
  if offset >= EHDR then
    return nil
  end
  local name
  for _, field in ipairs(FIELDS) do
    if field[1] <= offset then
      name = field[2]
    end
  end
  return name
end

return M
