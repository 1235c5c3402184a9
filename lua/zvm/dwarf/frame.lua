--- Call frame information: .debug_frame and .eh_frame.
--
-- Input is hostile. The entries are looked at once, forwards, and sorted;
-- what one of them says is run when it is asked for, within fixed limits.
-- Damage in an entry means that nothing is known of its code.
--
-- Source: DWARF 5 standard, section 6.4.1; Linux Standard Base 5.0, Core,
-- section 10.6 (.eh_frame).
--
-- SPDX-License-Identifier: Apache-2.0
local elf = require "zvm.elf"
local rules = require "zvm.dwarf.rules"
local sorted = require "zvm.sorted"
local unit = require "zvm.dwarf.unit"

local M = {}

local byte, find, sub = string.byte, string.find, string.sub
local u32 = elf.u32
local pointer = rules.pointer
local damage, sleb, uleb = unit.damage, unit.sleb, unit.uleb

local SECTION_MAX = 2 ^ 24 -- what lies behind is not read
local ENTRIES_MAX = 2 ^ 16
local SHARED_MAX = 2 ^ 12  -- entries that others share
local ENTRY_MAX = 2 ^ 16   -- bytes of one
local LOWEST = 0x10000     -- as in zvm.dwarf.program

-- -- Entries ----------------------------------------------------------------

-- What the letters behind "z" announce.
local function read_augmentation(cie, s, at, letters, base)
  local size, stop
  size, at = uleb(s, at)
  stop = at + size
  for letter in letters:sub(2):gmatch "." do
    if letter == "R" then
      cie.encoding, at = byte(s, at + 1) or damage(), at + 1
    elseif letter == "P" then
      local encoding = byte(s, at + 1) or damage()
      local _
      _, at = pointer(s, at + 1, encoding % 128, base)
    elseif letter == "L" then
      at = at + 1
    elseif letter ~= "S" and letter ~= "B" then
      damage()
    end
  end
  return stop
end

-- The entry that others share. `e`: bounds, see entry_bounds. No number in it
-- reaches behind its end.
local function read_cie(t, e)
  local s = sub(t.section, e.at + 1, e.stop)
  local version = byte(s, 1)
  if version ~= 1 and version ~= 3 and version ~= 4 or #s > ENTRY_MAX then
    damage()
  end
  local cie = { encoding = 0 }
  local letters_end = find(s, "\0", 2, true) or damage()
  local letters, at = sub(s, 2, letters_end - 1), letters_end
  if version == 4 then -- sizes of addresses and of segment selectors
    if byte(s, at + 1) ~= 4 or byte(s, at + 2) ~= 0 then
      damage()
    end
    at = at + 2
  end
  cie.code_step, at = uleb(s, at)
  cie.data_step, at = sleb(s, at)
  if version == 1 then
    cie.back, at = byte(s, at + 1), at + 1
  else
    cie.back, at = uleb(s, at)
  end
  if letters ~= "" then
    if letters:sub(1, 1) ~= "z" then
      damage()
    end
    cie.augmented = true
    at = read_augmentation(cie, s, at, letters, t.base + e.at)
  end
  if at > #s or cie.back ~= 16 then
    damage()
  end
  cie.code = sub(s, at + 1)
  return cie
end

-- Bounds of the entry at `at`: of its content behind the first word, which
-- says what it is; nil when there is no more.
local function entry_bounds(s, at)
  local length, width = u32(s, at), 4
  at = at + 4
  if length == 0xffffffff then
    length, width = u32(s, at) + u32(s, at + 4) * 2 ^ 32, 8
    at = at + 8
  end
  if length < width or at + length > #s then
    return nil
  end
  return { id = at, at = at + width, stop = at + length, width = width }
end

-- The shared entry that `e` names, nil when it is damaged; and whether `e`
-- is one itself.
local function cie_of(t, e)
  local s = t.section
  local id = u32(s, e.id)
  if e.width == 8 and u32(s, e.id + 4) ~= (id == 0xffffffff and id or 0) then
    return nil
  end
  if id == (t.eh and 0 or 0xffffffff) then
    return nil, true
  end
  local at = t.eh and e.id - id or id
  if t.cies[at] == nil and t.shared < SHARED_MAX then
    t.shared = t.shared + 1
    local bounds = at >= 0 and at < #s and entry_bounds(s, at)
    local ok, cie = false, nil
    if bounds then
      ok, cie = pcall(read_cie, t, bounds)
    end
    t.cies[at] = ok and cie
  end
  return t.cies[at] or nil
end

local function read_fde(t, e, cie)
  local s = t.section
  local start, at = pointer(s, e.at, cie.encoding, t.base)
  local size
  size, at = pointer(s, at, cie.encoding % 16, 0)
  if cie.augmented then
    local skipped, after = uleb(s, at)
    at = after + skipped
  end
  if start >= LOWEST and size > 0 and e.stop - at <= ENTRY_MAX then
    t.list[#t.list + 1] = { start = start, stop = start + size, at = at,
      last = e.stop, cie = cie }
  end
end

local Frames = {}
Frames.__index = Frames

--- Read a section.
--
-- @tparam string section
-- @tparam[opt] number base its address, for .eh_frame; nil for .debug_frame
-- @treturn table with the method `find`
function M.read(section, base)
  local t = { section = sub(section, 1, SECTION_MAX), base = base or 0,
    eh = base ~= nil, cies = {}, shared = 0, list = {} }
  local at, count = 0, 0
  while at < #t.section and count < ENTRIES_MAX do
    local e = entry_bounds(t.section, at)
    if not e then
      break
    end
    local cie = cie_of(t, e)
    if cie then
      pcall(read_fde, t, e, cie)
    end
    at, count = e.stop, count + 1
  end
  t.list = sorted.by(t.list, "start")
  return setmetatable(t, Frames)
end

-- -- Public -----------------------------------------------------------------

local function row_of(self, fde, address)
  local row = { place = 0, steps = 0, rules = {}, cfa = {}, saved = {} }
  rules.run(row, fde.cie.code, fde.cie, address)
  row.initial, row.place = {}, fde.start
  for register, how in pairs(row.rules) do
    row.initial[register] = how
  end
  row.base = self.base + fde.at
  rules.run(row, sub(self.section, fde.at + 1, fde.last), fde.cie, address)
  return row
end

--- How the frame of the code at an address is unwound.
--
-- @tparam number address
-- @treturn[1] table `cfa`: `register` and `offset`, or an expression from `at`
--  to `stop` of `text`; `rules`: by register { kind, value [, end, text] },
--  kind one of "undefined", "same", "offset" and "value" (from cfa),
--  "register", "expression" and "value_expression"; `steps`, what it cost
-- @treturn[2] nil when it is not known
function Frames:find(address)
  local list = self.list
  local fde = list[sorted.last(1, #list, address, function(i)
    return list[i].start
  end)]
  if not fde or address >= fde.stop then
    return nil
  end
  local ok, row = pcall(row_of, self, fde, address)
  if not ok or not (row.cfa.register or row.cfa.at) then
    return nil
  end
  return { cfa = row.cfa, rules = row.rules, steps = row.steps }
end

return M
