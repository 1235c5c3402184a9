--- Hostile files and line tables: no error, no long time, no wrong line.
--
-- SPDX-License-Identifier: Apache-2.0
local build = require "support.elf"
local dwarf = require "zvm.dwarf"
local elf = require "zvm.elf"
local host = require "support.host"
local sorted = require "zvm.sorted"
local symbols = require "zvm.symbols"

local le = build.le

local SOURCE = [[
static inline int twice(int x) { return x > 3 ? x * 2 : x - 1; }

int main(int argc, char **argv)
{
  int s = 0;
  for (int i = 0; i < argc; i++)
    s += twice(argv[i][0]);
  return s;
}
]]

-- A small generator with a fixed seed: every run sees the same damage.
local seed = 1
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n
end

local function flip(bytes, at)
  local old = bytes:byte(at + 1)
  return bytes:sub(1, at) .. string.char((old + 1 + random(255)) % 256)
    .. bytes:sub(at + 2)
end

local function survives(bytes)
  local read = symbols.read(bytes)
  for _, address in ipairs { 0, 0x20000, 0x20041, 2 ^ 32, 2 ^ 53 } do
    local found = read:lookup(address)
    assert.is_true(found.line == nil or found.line >= 1)
  end
end

describe("damage", function()
  local bytes
  setup(function()
    local base = os.tmpname()
    host.write_file(base .. ".c", SOURCE)
    assert(os.execute(("gcc -mx32 -O1 -g -nostdlib -fno-pic -fno-pie -static"
      .. " -Wl,-e,main -o %s %s.c"):format(base, base)) == 0)
    bytes = host.read_file(base)
    os.remove(base .. ".c")
    os.remove(base)
  end)

  it("by cutting a program short is no error", function()
    for size = 0, #bytes, math.floor(#bytes / 150) do
      survives(bytes:sub(1, size))
    end
  end)

  it("of single bytes is no error, wherever it is", function()
    local headers = elf.read(bytes)
    local lines = headers.sections[".debug_line"]
    local table_at = elf.u32(bytes, 32)
    local places = {
      { 0, 52 }, { table_at, #bytes - table_at },
      { lines.offset, lines.size },
      { headers.sections[".symtab"].offset,
        headers.sections[".symtab"].size }, { 0, #bytes },
    }
    for _, place in ipairs(places) do
      for _ = 1, 150 do
        survives(flip(bytes, place[1] + random(place[2])))
      end
    end
  end)

  it("of many bytes of the line table is no error", function()
    local lines = elf.read(bytes).sections[".debug_line"]
    local section = elf.content(bytes, lines)
    for _ = 1, 300 do
      local damaged = section
      for _ = 1, 1 + random(20) do
        damaged = flip(damaged, random(#section))
      end
      local read = dwarf.read(damaged, function() end)
      read:find(0x20010)
    end
  end)
end)

-- -- Bounds -----------------------------------------------------------------

-- A unit of version 4 whose header is followed by `rest`.
local function unit(tables, rest)
  local head = "\1\1\1\251\14\13" .. "\0\1\1\1\1\0\0\0\1\0\0\1" .. tables
  local body = "\4\0" .. le(#head, 4) .. head .. rest
  return le(#body, 4) .. body
end

-- Seconds of processor time that reading takes.
local function time_of(section)
  collectgarbage()
  local before = os.clock()
  local read = dwarf.read(section, function() end)
  read:find(0x20000)
  return os.clock() - before, read
end

describe("a hostile line table", function()
  local START = "\0\5\2" .. le(0x20000, 4)
  local STOP = "\0\1\1"

  it("is kept as far as its reader wants", function()
    local content = unit("\0a.c\0\0\0\0\0", START .. "\1\2\4\1\2\4"
      .. STOP)
    assert.equal("a.c", dwarf.read(content, function() end, 2)
      :find(0x20000))
    assert.is_nil(dwarf.read(content, function() end, 1):find(0x20000))
  end)

  it("of a good form is read", function()
    local _, read = time_of(unit("\0a.c\0\0\0\0\0", START .. "\3\8\1" .. "\2\4"
      .. STOP))
    assert.same({ "a.c", 9 }, { read:find(0x20003) })
    assert.is_nil(read:find(0x20004))
  end)

  local HOSTILE = {
    ["of tiny units"] = unit("\0\0", ""):rep(40000),
    ["of units that never end their tables"] = unit("aaa", ""):rep(40000),
    ["of one endless number"] = unit("\0\0", "\2" .. ("\255"):rep(1e6)),
    ["of nothing but rows"] = unit("\0\0", START .. ("\255"):rep(1e6)
      .. STOP),
    ["of nothing but sequences"] = unit("\0\0",
      (START .. "\1\2\1" .. STOP):rep(60000)),
    ["of nothing but files"] = unit(("a"):rep(5e5) .. "\0\0"
      .. ("a\0\0\0\0"):rep(1e5) .. "\0", ""),
    ["of numberless entries"] = le(60, 4) .. "\5\0\4\0" .. le(40, 4)
      .. "\1\1\1\251\14\13" .. "\0\1\1\1\1\0\0\0\1\0\0\1"
      .. "\0\255\255\255\127"
      .. ("\0"):rep(40),
    ["of sequences in falling order"] = (function()
      local parts = {}
      for i = 1, 20000 do
        parts[i] = "\0\5\2" .. le(0x4000000 - i * 16, 4) .. "\1\2\1" .. STOP
      end
      return unit("\0a.c\0\0\0\0\0", table.concat(parts))
    end)(),
  }
  for name, section in pairs(HOSTILE) do
    it(name .. " takes no long time", function()
      assert.is_true(time_of(section) < 5)
    end)
  end

  it("whose tables reach into the program gives no line", function()
    local function made(tables, program)
      local _, read = time_of(unit(tables, program .. START .. "\3\8\1"
        .. "\2\4" .. STOP))
      return read:find(0x20000)
    end
    assert.equal("a.c", made("\0a.c\0\0\0\0\0", ""))
    -- 6 is an opcode without effect; the table would end with START's first
    assert.is_nil(made("\0a.c\0", "\6\6\6"))
  end)

  it("that walks backwards gives no line", function()
    local _, read = time_of(unit("\0a.c\0\0\0\0\0", START .. "\3\8\1\2\8\1"
      .. START .. "\1\2\16" .. STOP))
    assert.is_nil(read:find(0x20002))
  end)

  it("does not spoil the units before and after it", function()
    local function good(start)
      return unit("\0a.c\0\0\0\0\0", "\0\5\2" .. le(start, 4) .. "\3\8\1"
        .. "\2\4" .. STOP)
    end
    local bad = unit("\0\0", "\0\255")
    local _, read = time_of(good(0x20000) .. bad .. good(0x30000))
    assert.equal(9, select(2, read:find(0x20001)))
    assert.equal(9, select(2, read:find(0x30001)))
  end)
end)

describe("zvm.sorted", function()
  it("sorts whatever the order was, and keeps that of equals", function()
    for _, n in ipairs { 0, 1, 2, 3, 31, 1000 } do
      local list = {}
      for i = 1, n do
        list[i] = { key = random(20), at = i }
      end
      local out = sorted.by(list, "key")
      assert.equal(n, #out)
      for i = 2, n do
        local a, b = out[i - 1], out[i]
        assert.is_true(a.key < b.key or a.key == b.key and a.at < b.at)
      end
    end
  end)

  it("finds the last that is not above", function()
    local list = { 2, 4, 4, 9 }
    local function find(value)
      return sorted.last(1, #list, value, function(i) return list[i] end)
    end
    assert.same({ nil, 1, 1, 3, 3, 4 }, { find(1), find(2), find(3), find(4),
      find(8), find(100) })
    assert.is_nil(find(1))
  end)
end)
