--- zvm.symbols: function, file and line of an address; damage is harmless.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local dwarf = require "zvm.dwarf"
local elf = require "zvm.elf"
local host = require "support.host"
local sorted = require "zvm.sorted"
local symbols = require "zvm.symbols"

local HEADER = [[
static __attribute__((noinline)) int twice(int x)
{
  if (x > 3)
    return x * 2;
  return x - 1;
}
]]

local SOURCE = [[
#include <stdio.h>
#include "inner/twice.h"

static int sum(const int *p, int n)
{
  int s = 0;
  for (int i = 0; i < n; i++)
    s += twice(p[i]);
  return s;
}

int main(int argc, char **argv)
{
  int a[4] = { 1, 2, argc, 4 };
  if (argv[0] == NULL)
    puts("nothing");
  return printf("%d\n", sum(a, 4));
}
]]

local folder

local function sh(command, ...)
  local line = command:format(...)
  assert(os.execute(line) == 0, line)
end

local function output(command, ...)
  local pipe = io.popen(command:format(...))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

local function compile(flags, name)
  sh("cd %s && %s/lua/bin/zvm-cc %s -o %s main.c", folder,
    output("pwd"):match "[^\n]+", flags, name)
  return folder .. "/" .. name
end

-- Addresses of the functions of SOURCE, from nm: name, start, size.
local function functions_of(path)
  local list = {}
  for start, size, name in output("nm -S %s", path)
    :gmatch "(%x+) (%x+) [tT] (%S+)" do
    list[#list + 1] = { name = name, start = tonumber(start, 16),
      size = tonumber(size, 16) }
  end
  return list
end

-- Lines that addr2line gives for `count` addresses from `first`.
local function lines_of(path, first, count)
  local asked = {}
  for i = 0, count - 1 do
    asked[#asked + 1] = ("0x%x"):format(first + i)
  end
  local list = {}
  for line in output("addr2line -e %s %s", path, table.concat(asked, " "))
    :gmatch "[^\n]*:([%d?]+)[^\n]*\n" do
    list[#list + 1] = tonumber(line) or false
  end
  assert.equal(count, #list)
  return list
end

-- File name and line of every row of the line table, by readelf.
local function rows_of(path)
  local rows = {}
  for line in output("readelf --debug-dump=decodedline %s 2>/dev/null", path)
    :gmatch "[^\n]+" do
    local file, number, address = line:match "^(%S+)%s+(%d+)%s+0x(%x+)"
    if file then
      rows[tonumber(address, 16)] = file .. ":" .. number
    elseif line:find "%s%-%s+0x" then
      rows[tonumber(line:match "0x(%x+)", 16)] = nil
    end
  end
  return rows
end

local function check_lines(path)
  local read = symbols.read(host.read_file(path))
  local known = 0
  for _, name in ipairs { "main", "sum", "twice" } do
    for _, fn in ipairs(functions_of(path)) do
      if fn.name == name then
        for i, line in ipairs(lines_of(path, fn.start, fn.size)) do
          local found = read:lookup(fn.start + i - 1)
          assert.equal(line or nil, found.line)
          assert.equal(name, found.func)
          assert.equal(i - 1, found.offset)
          known = known + (line and 1 or 0)
        end
      end
    end
  end
  local count = 0
  for address, row in pairs(rows_of(path)) do
    local found = read:lookup(address)
    assert.equal(row, ("%s:%d"):format(found.file:match "[^/]*$",
      found.line))
    count = count + 1
  end
  assert.is_true(known > 50 and count > 10)
end

describe("zvm.symbols", function()
  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    sh("mkdir -p %s/inner", folder)
    host.write_file(folder .. "/main.c", SOURCE)
    host.write_file(folder .. "/inner/twice.h", HEADER)
  end)

  teardown(function()
    sh("rm -r %s", folder)
  end)

  for _, flags in ipairs { "-g -O0", "-g -O2", "-gdwarf-2 -O1",
    "-gdwarf-3 -O1", "-gdwarf-4 -Os" } do
    it("finds what binutils find after zvm-cc " .. flags, function()
      check_lines(compile(flags, "guest.zvm"))
    end)
  end

  it("names files as the compiler was told, and its directory", function()
    local path = compile("-g -O0", "guest.zvm")
    local read = symbols.read(host.read_file(path))
    for _, fn in ipairs(functions_of(path)) do
      if fn.name == "twice" then
        local found = read:lookup(fn.start)
        assert.equal("inner/twice.h", found.file)
        assert.equal(2, found.line)
        assert.equal(folder, found.directory)
      end
    end
  end)

  it("reads the 64-bit format of DWARF", function()
    local path = compile("-gdwarf-5 -gdwarf64 -O1", "wide.zvm")
    local read = symbols.read(host.read_file(path))
    for address, row in pairs(rows_of(path)) do
      local found = read:lookup(address)
      assert.equal(row, ("%s:%d"):format(found.file:match "[^/]*$",
        found.line))
    end
  end)

  it("finds the line table of gcc untouched by the assembler", function()
    local root = output("pwd"):match "[^\n]+"
    local function rows(command)
      sh("cd %s && %s", folder, command)
      local list = {}
      for file, line in output(
        "readelf --debug-dump=decodedline %s/rows.o 2>/dev/null", folder)
        :gmatch "\n(%S+)%s+(%d+)%s+0x" do
        list[#list + 1] = file .. ":" .. line
      end
      return list
    end
    local cc = root .. "/lua/bin/zvm-cc -g -O2 "
    local mine = rows(cc .. "-c -o rows.o main.c")
    assert.same(rows(cc .. "-S -o rows.s main.c && as --x32 -o rows.o rows.s"),
      mine)
    assert.is_true(#mine > 20)
  end)

  it("finds functions without debugging information", function()
    local path = compile("-O1", "plain.zvm")
    local read = symbols.read(host.read_file(path))
    local seen = 0
    for _, fn in ipairs(functions_of(path)) do
      local found = read:lookup(fn.start + fn.size - 1)
      assert.is_nil(found.line)
      seen = seen + (found.func == fn.name and 1 or 0)
    end
    -- the rest have a second name for the same address
    assert.is_true(seen > 50)
  end)

  it("finds labels of hand-written code", function()
    host.write_file(folder .. "/a.s", ".globl _start\n_start: nop\nnop\n"
      .. "inner: nop\n")
    sh("cd %s && as --x32 -o a.o a.s && ld -m elf32_x86_64 -Ttext=0x20000"
      .. " -o a.zvm a.o", folder)
    local read = symbols.read(host.read_file(folder .. "/a.zvm"))
    local found = read:lookup(0x20001)
    assert.same({ "_start", 1 }, { found.func, found.offset })
    found = read:lookup(0x20002)
    assert.same({ "inner", 0 }, { found.func, found.offset })
  end)

  it("knows nothing of what is no program or has no symbols", function()
    for _, bytes in ipairs { "", "\127ELF", ("x"):rep(1000), code.exit(0) } do
      assert.same({}, symbols.read(bytes):lookup(0x20000))
    end
  end)

  it("makes names harmless for a terminal", function()
    assert.equal("a?[2Jb?", symbols.shown "a\27[2Jb\0")
    assert.equal("x?31m", symbols.shown "x\194\15531m")
    assert.equal("\195\188ber.c", symbols.shown "\195\188ber.c")
  end)
end)

-- -- Damage -----------------------------------------------------------------

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
    folder = os.tmpname()
    os.remove(folder)
    sh("mkdir -p %s/inner", folder)
    host.write_file(folder .. "/main.c", SOURCE)
    host.write_file(folder .. "/inner/twice.h", HEADER)
    sh("cd %s && gcc -mx32 -O1 -g -nostdlib -ffreestanding -fno-pic "
      .. "-fno-pie -static -Wl,-e,main -Wl,--unresolved-symbols=ignore-all "
      .. "-I%s/sysroot/include -o small main.c", folder,
      output("realpath %s", host.build()):match "[^\n]+")
    bytes = host.read_file(folder .. "/small")
    sh("rm -r %s", folder)
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

local le = require("support.elf").le

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
      .. "\1\1\1\251\14\13" .. "\0\1\1\1\1\0\0\0\1\0\0\1" .. "\0\255\255\255\7"
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
