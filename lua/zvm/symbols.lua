--- What stands at an address of a program: function, file and line.
--
-- For people: in findings and in faults. The file is hostile and is read
-- here, in a language that has no stray pointers, within bounds set by its
-- size; damage gives "not known", never an error. Nothing is read before it
-- is asked for.
--
-- Source: System V gABI, chapter 4 (symbol table); see zvm.dwarf for lines.
--
-- SPDX-License-Identifier: Apache-2.0
local dwarf = require "zvm.dwarf"
local elf = require "zvm.elf"
local sorted = require "zvm.sorted"

local M = {}

local byte = string.byte
local u32 = elf.u32

local SYMBOL = 16 -- bytes of an entry
local SYMBOLS_MAX = 2 ^ 18
local NAME_MAX = 256
local SHT_SYMTAB = 2
local NOTYPE, FUNC = 0, 2

local Symbols = {}
Symbols.__index = Symbols

-- What would move a terminal's cursor, or worse, becomes a question mark:
-- C0 and C1 controls (the latter in UTF-8), delete, and what turns the
-- direction of the text.
local function shown(text)
  return text and (text:gsub("[%z\1-\31\127]", "?")
    :gsub("\194[\128-\159]", "?"):gsub("\226\128[\170-\174]", "?")
    :gsub("\226\129[\166-\169]", "?"))
end

--- A name out of a file, harmless on a terminal; nil of nil.
M.shown = shown

-- -- Functions --------------------------------------------------------------

-- Of several names for one address: the first in the table that is global,
-- else weak, else local.
local RANK = { [0] = 1, [1] = 3, [2] = 2 }

-- The entry at `at`, as a record when it names code; and its type.
local function read_symbol(self, at, names)
  local bytes = self.bytes
  local info = byte(bytes, at + 13)
  local kind = info % 16
  local section = self.elf.sections[elf.u16(bytes, at + 14)]
  local name = u32(bytes, at)
  if (kind ~= FUNC and kind ~= NOTYPE) or name >= names.size or not section
    or not section.executable
  then
    return nil
  end
  local a, b = byte(bytes, names.offset + name + 1, names.offset + name + 2)
  if a == 0 or a == 46 and b == 76 then -- "", ".L"
    return nil
  end
  return { address = u32(bytes, at + 4), size = u32(bytes, at + 8),
    name = names.offset + name, rank = RANK[(info - kind) / 16] or 0 }, kind
end

-- In order of address, one record for each.
local function settle(list)
  local out = {}
  for _, symbol in ipairs(sorted.by(list, "address")) do
    local last = out[#out]
    if last and last.address == symbol.address then
      if symbol.rank > last.rank then
        out[#out] = symbol
      end
    else
      out[#out + 1] = symbol
    end
  end
  return out
end

local function symbol_table(sections)
  for i = 0, #sections do
    if sections[i] and sections[i].type == SHT_SYMTAB
      and sections[i].usable
    then
      return sections[i], sections[sections[i].link]
    end
  end
end

-- Functions with a size, and labels without (hand-written code).
local function read_symbols(self)
  local functions, labels = {}, {}
  local symbols, names = symbol_table(self.elf.sections)
  local count = symbols and math.floor(symbols.size / SYMBOL) or 0
  if names and names.usable and count <= (self.limits.symbols or count) then
    count = math.min(count, SYMBOLS_MAX)
    for i = 0, count - 1 do
      local symbol, kind = read_symbol(self, symbols.offset + i * SYMBOL,
        names)
      if symbol and kind == FUNC and symbol.size > 0 then
        functions[#functions + 1] = symbol
      elseif symbol then
        labels[#labels + 1] = symbol
      end
    end
  end
  self.functions, self.labels = settle(functions), settle(labels)
end

local function nearest(list, address)
  return list[sorted.last(1, #list, address, function(i)
    return list[i].address
  end)]
end

-- A function that spans the address; else the label before it, unless a
-- function lies between.
local function find_function(self, address)
  if not self.functions then
    read_symbols(self)
  end
  local symbol = nearest(self.functions, address)
  if symbol and address >= symbol.address + symbol.size then
    local label = nearest(self.labels, address)
    symbol = label and label.address >= symbol.address + symbol.size
      and label
  elseif not symbol then
    symbol = nearest(self.labels, address)
  end
  if not symbol then
    return nil
  end
  return shown(elf.text(self.bytes, symbol.name, NAME_MAX)),
    address - symbol.address
end

-- -- Lines ------------------------------------------------------------------

local STRINGS = { [2] = ".debug_line_str", [3] = ".debug_str" }

local function read_lines(self)
  local sections = self.elf.sections
  local section = sections[".debug_line"]
  local content = section and section.usable
    and section.size <= (self.limits.lines or math.huge)
    and elf.content(self.bytes, section) or ""
  return dwarf.read(content, function(place, at, max)
    local strings = sections[STRINGS[place]]
    if strings and strings.usable and at < strings.size then
      return elf.text(self.bytes, strings.offset + at,
        math.min(max, strings.size - at))
    end
  end, self.limits.rows)
end

-- -- Public -----------------------------------------------------------------

--- Look an address up.
--
-- @tparam number address as the guest sees it
-- @treturn table `func` and `offset` into it, `file` and `line`, and
--  `directory`, to which a relative `file` is relative; what is not known is
--  nil
function Symbols:lookup(address)
  local found = {}
  if not self.elf then
    return found
  end
  found.func, found.offset = find_function(self, address)
  self.lines = self.lines or read_lines(self)
  local file, line, directory = self.lines:find(address)
  if line then
    found.file, found.line = shown(file), line
    found.directory = shown(directory)
  end
  return found
end

--- Read a program for its symbols.
--
-- @tparam string bytes a file; anything
-- @tparam[opt] table limits `lines`, bytes of line tables; `symbols`, entries
--  of the symbol table. Of a larger one nothing is read. `rows`, of line
--  tables: what is behind is not known
-- @treturn table with the method `lookup`
-- @usage
-- local symbols = require("zvm.symbols").read(bytes)
-- print(symbols:lookup(0x20000).func)
function M.read(bytes, limits)
  return setmetatable({ bytes = bytes, elf = elf.read(bytes),
    limits = limits or {} }, Symbols)
end

return M
