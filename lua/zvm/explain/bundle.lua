--- The instructions of a bundle, for people to look at.
--
-- Disassembly comes from zvm.disasm, which may be missing; then there are
-- bytes. Nothing here decides anything.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local BUNDLE = 32
local RUN = 3 -- so many equal bytes, such as hlt, become one line

local function hex(bytes)
  return (bytes:gsub(".", function(c)
    return ("%02x "):format(c:byte())
  end):sub(1, -2))
end

M.hex = hex

--- The decoder: function(code, offset, address) → text, length; or nil and
-- a sentence that says what to do.
function M.decoder()
  local found, disasm = pcall(require, "zvm.disasm")
  if found then
    return disasm.decode
  end
  return nil, "There is no disassembly here: zvm.disasm is missing. Install "
    .. "libzydis-dev and build again (docs/dependencies.md)."
end

-- -- One instruction after the other ----------------------------------------

local function item(self, at, size, text)
  return {
    address = self.address + at,
    bytes = hex(self.code:sub(at + 1, at + size)),
    disasm = text,
    size = size,
  }
end

-- The instruction at `at`, or the bytes up to `stop` when there is none.
local function read(self, at, stop)
  local text, size
  if self.decode then
    text, size = self.decode(self.code, at, self.address + at)
  end
  -- It may reach behind the bundle, but not over a place that is marked.
  if not text or (at < self.marked and at + size > self.marked) then
    size = (at < self.marked and self.marked or stop) - at
    text = self.decode and "(no instruction)" or nil
  end
  return item(self, at, size, text)
end

-- Runs of one-byte instructions as one item with a count.
local function squeeze(items)
  local out = {}
  for _, entry in ipairs(items) do
    local last = out[#out]
    if last and entry.size == 1 and last.unit == entry.bytes
      and not last.mark and not entry.mark
    then
      last.count = last.count + 1
    else
      entry.unit, entry.count = entry.bytes, 1
      out[#out + 1] = entry
    end
  end
  return out
end

local function unsqueeze_short(list)
  local out = {}
  for _, entry in ipairs(list) do
    local n = entry.count
    entry.count, entry.unit = n >= RUN and n or nil, nil
    out[#out + 1] = entry
    for i = 2, entry.count and 1 or n do
      out[#out + 1] = { address = entry.address + i - 1, bytes = entry.bytes,
        disasm = entry.disasm, size = 1 }
    end
  end
  return out
end

-- -- Fused sequences --------------------------------------------------------

local TEST = "48 f7 04 24 1f 00 00 80"
local REGISTERS = "[0-35-7]" -- rsp is none

local function is_masked_jump(a, b)
  local mask = a.bytes:match("^83 e(" .. REGISTERS .. ") e0$")
  if mask then
    return b.bytes == "ff e" .. mask or b.bytes == "ff d" .. mask
  end
  mask = a.bytes:match "^41 83 e([0-7]) e0$"
  return mask ~= nil
    and (b.bytes == "41 ff e" .. mask or b.bytes == "41 ff d" .. mask)
end

-- Mark what is accepted only together: "first", "middle", "last".
local function fuse(items)
  for i = 2, #items do
    local a, b, before = items[i - 1], items[i], items[i - 2]
    if is_masked_jump(a, b) then
      a.fused, b.fused = "first", "last"
    elseif b.bytes == "c3" and a.bytes == "75 01" and before
      and before.bytes == TEST
    then
      before.fused, a.fused, b.fused = "first", "middle", "last"
    end
  end
end

--- The bundle around an instruction.
--
-- @tparam string code the whole text
-- @tparam number address at which it runs
-- @tparam number offset of the instruction that is marked
-- @tparam ?function decode from `decoder`
-- @treturn table list of `address`, `bytes`, `disasm`, `mark` (of the one),
--  `fused`, `count` (of a run of equal ones)
-- @treturn table the one that is marked
function M.read(code, address, offset, decode)
  local self = { code = code, address = address, decode = decode,
    marked = offset }
  local at = offset - offset % BUNDLE
  local stop = math.min(at + BUNDLE, #code)
  local items, marked = {}, nil
  while at < stop do
    local entry = read(self, at, stop)
    if at == offset then
      entry.mark, marked = true, entry
    end
    items[#items + 1] = entry
    at = at + entry.size
  end
  fuse(items)
  items = unsqueeze_short(squeeze(items))
  for _, entry in ipairs(items) do
    entry.size = nil
  end
  return items, marked
end

--- The address of the instruction that `offset` lies within when the code is
-- read from offset `from` on, not bundle by bundle; nil when one begins there
-- or nothing can be said.
function M.spanning(code, address, from, offset, decode)
  local at = from
  while decode and at < offset do
    local text, size = decode(code, at, address + at)
    if not text then
      return nil
    elseif at + size > offset then
      return address + at
    end
    at = at + size
  end
end

-- -- Direct branches --------------------------------------------------------

local function le32(code, at)
  local a, b, c, d = code:byte(at + 1, at + 4)
  if not d then
    return nil
  end
  local value = a + b * 256 + c * 65536 + d * 16777216
  return value >= 2 ^ 31 and value - 2 ^ 32 or value
end

--- Where the direct branch at `offset` goes: an offset; nil if it is none.
function M.target(code, offset)
  local at = offset
  while (code:byte(at + 1) or 0) >= 0x40 and code:byte(at + 1) < 0x50 do
    at = at + 1 -- REX
  end
  local first, second = code:byte(at + 1, at + 2)
  if not second then
    return nil
  elseif first == 0xe8 or first == 0xe9 then
    local distance = le32(code, at + 1)
    return distance and at + 5 + distance
  elseif first == 0x0f and second >= 0x80 and second < 0x90 then
    local distance = le32(code, at + 2)
    return distance and at + 6 + distance
  elseif first == 0xeb or first >= 0x70 and first < 0x80
    or first >= 0xe0 and first <= 0xe3
  then
    return at + 2 + (second >= 128 and second - 256 or second)
  end
end

return M
