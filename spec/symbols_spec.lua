--- zvm.symbols: function, file and line of an address; damage is harmless.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local host = require "support.host"
local build = require "support.elf"
local symbols = require "zvm.symbols"

local le = build.le

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
        -- what is behind is padding, or another function
        assert.not_equal(name, read:lookup(fn.start + fn.size).func)
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

  it("does not read a line table larger than wanted", function()
    local path = compile("-g -O1", "guest.zvm")
    local size = require("zvm.elf").read(host.read_file(path))
      .sections[".debug_line"].size
    local main
    for _, fn in ipairs(functions_of(path)) do
      main = fn.name == "main" and fn or main
    end
    local function line(most)
      return symbols.read(host.read_file(path), { lines = most })
        :lookup(main.start).line
    end
    assert.is_number(line(size))
    assert.is_nil(line(size - 1))
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

-- -- Symbol tables by hand -------------------------------------------------

local LOCAL, GLOBAL, WEAK = 0, 16, 32
local FUNC = 2

-- A program with these symbols: { name, address, size, info, section }.
local function with_symbols(list)
  local names, entries = "\0", { ("\0"):rep(16) }
  for i, symbol in ipairs(list) do
    entries[i + 1] = le(#names, 4) .. le(symbol[2], 4) .. le(symbol[3], 4)
      .. string.char(symbol[4]) .. "\0" .. le(symbol[5] or 1, 2)
    names = names .. symbol[1] .. "\0"
  end
  local base = #code.exit(0)
  local table_of = table.concat(entries)
  local function section(kind, flags, offset, size, link)
    return le(0, 4) .. le(kind, 4) .. le(flags, 4) .. le(0, 4)
      .. le(offset, 4) .. le(size, 4) .. le(link, 4) .. ("\0"):rep(12)
  end
  local sections = section(0, 0, 0, 0, 0) .. section(1, 6, 4096, 4096, 0)
    .. section(2, 0, base, #table_of, 3)
    .. section(3, 0, base + #table_of, #names, 0)
  return build.build({ build.text(code.new():exit(0).bytes) }, {
    shoff = base + #table_of + #names, shentsize = 40, shnum = 4,
  }) .. table_of .. names .. sections
end

describe("a symbol table", function()
  local function func(list, address)
    return symbols.read(with_symbols(list)):lookup(address or 0x20000).func
  end

  it("of several names for one address gives the global one", function()
    local some = { { "a", 0x20000, 8, LOCAL + FUNC },
      { "b", 0x20000, 8, WEAK + FUNC }, { "c", 0x20000, 8, GLOBAL + FUNC },
      { "d", 0x20000, 8, GLOBAL + FUNC } }
    assert.equal("c", func(some))
    assert.equal("b", func { some[1], some[2] })
    assert.equal("c", func { some[3], some[2], some[1] })
  end)

  it("gives a name only within the function's size", function()
    local list = { { "f", 0x20000, 8, FUNC }, { "g", 0x20020, 8, FUNC } }
    assert.equal("f", func(list, 0x20007))
    assert.is_nil(func(list, 0x20008))
    assert.is_nil(func(list, 0x1ffff))
  end)

  it("is read for code only", function()
    assert.is_nil(func { { "data", 0x20000, 8, 1 } })
    assert.is_nil(func { { "absolute", 0x20000, 8, FUNC, 0xfff1 } })
    assert.is_nil(func { { "elsewhere", 0x20000, 8, FUNC, 3 } })
    assert.is_nil(func { { ".L1", 0x20000, 0, 0 } })
  end)

  it("may hold names that would move a cursor", function()
    assert.equal("?[2Jf", func { { "\27[2Jf", 0x20000, 8, FUNC } })
  end)

  it("of more entries than wanted is not read", function()
    local bytes = with_symbols { { "f", 0x20000, 8, FUNC } }
    local function within(most)
      return symbols.read(bytes, { symbols = most }):lookup(0x20000).func
    end
    assert.equal("f", within(2)) -- the first entry is of no symbol
    assert.is_nil(within(1))
  end)

  it("of many entries in any order takes no long time", function()
    local list = {}
    for i = 1, 50000 do
      list[i] = { "f", 0x40000 - i, 1, FUNC }
    end
    local bytes = with_symbols(list)
    local before = os.clock()
    assert.equal("f", symbols.read(bytes):lookup(0x40000 - 77).func)
    assert.is_true(os.clock() - before < 5)
  end)
end)
