--- Corpora of the fuzzers: folders of files to texts, and back.
--
-- usage: corpus.lua pack <folder>      prints a text
--        corpus.lua unpack <text> <folder>
--        corpus.lua seeds <text|module> <folder>
--
-- In a text each line is an input: bytes in hex, "xx*n " for a byte n times.
-- Seeds are what the specs have: the cases of spec/cases, small modules.
--
-- SPDX-License-Identifier: Apache-2.0
package.path = "spec/?.lua;" .. package.path
local elf = require "support.elf"

local function write_file(path, bytes)
  local file = assert(io.open(path, "wb"))
  file:write(bytes)
  file:close()
end

local function encode(bytes)
  local out = {}
  local at = 1
  while at <= #bytes do
    local byte = bytes:sub(at, at)
    local last = at
    while bytes:sub(last + 1, last + 1) == byte do
      last = last + 1
    end
    local hex = ("%02x"):format(byte:byte())
    local count = last - at + 1
    out[#out + 1] = count > 6 and ("%s*%d "):format(hex, count)
      or hex:rep(count)
    at = last + 1
  end
  return (table.concat(out):gsub(" $", ""))
end

local function decode(line)
  local out = {}
  local at = 1
  while at <= #line do
    local hex, times, after = line:match("^(%x%x)%*(%d+) ?()", at)
    if not hex then
      hex, after = line:match("^(%x%x)()", at)
    end
    assert(hex, "a line that is no input")
    out[#out + 1] = string.char(tonumber(hex, 16)):rep(tonumber(times) or 1)
    at = after
  end
  return table.concat(out)
end

local M = {}

function M.pack(folder)
  local lines = {}
  local pipe = assert(io.popen("ls " .. folder))
  for name in pipe:lines() do
    local file = assert(io.open(folder .. "/" .. name, "rb"))
    lines[#lines + 1] = encode(file:read "*a")
    file:close()
  end
  pipe:close()
  table.sort(lines)
  print("# Made by corpus.lua. SPDX-License-Identifier: Apache-2.0")
  print(table.concat(lines, "\n"))
end

function M.unpack(text, folder)
  local n = 0
  for line in io.lines(text) do
    if line:sub(1, 1) ~= "#" then
      n = n + 1
      write_file(("%s/corpus-%04d"):format(folder, n), decode(line))
    end
  end
end

local function text_seeds(folder)
  local n = 0
  local pipe = assert(io.popen "cat spec/cases/*.case")
  for line in pipe:lines() do
    local hex = line:match "^hex:%s*(.*)$"
    if hex then
      n = n + 1
      local code = decode((hex:gsub("%s", "")))
      for level = 0, 1 do
        write_file(("%s/case-%04d-%d"):format(folder, n, level),
          string.char(level) .. code)
      end
    end
  end
  pipe:close()
end

local function module_seeds(folder)
  local exit = "\244"
  local note = elf.le(4, 4) .. elf.le(8, 4) .. elf.le(1, 4) .. "zvm\0"
    .. elf.le(1, 4) .. elf.le(3, 4)
  write_file(folder .. "/text", elf.module(exit))
  write_file(folder .. "/data", elf.module(exit, "data"))
  write_file(folder .. "/note", elf.build {
    elf.text(exit),
    { type = elf.NOTE, offset = 2 * elf.PAGE, flags = elf.R, bytes = note },
    { type = elf.STACK, flags = elf.R + elf.W },
  })
  write_file(folder .. "/bss", elf.build {
    elf.text(exit),
    { offset = 2 * elf.PAGE, vaddr = elf.DATA, flags = elf.R + elf.W,
      bytes = "data", memsz = 3 * elf.PAGE },
  })
end

function M.seeds(target, folder)
  if target == "text" then
    text_seeds(folder)
  else
    module_seeds(folder)
  end
end

M[arg[1]](arg[2], arg[3])
