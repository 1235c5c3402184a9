--- Machine code by hand: just enough to make every kind of guest that a
-- spec needs without a compiler.
--
-- SPDX-License-Identifier: Apache-2.0
local elf = require "support.elf"

local M = {}

local GATE = 0x10000
local SLOTS = { trap = 0, pread = 1, pwrite = 2, jail = 3, unjail = 4,
  exit = 5, fork = 6 }
local BUNDLE = 32

-- mov $imm32, %<register>
local MOV = { eax = "\184", ecx = "\185", edx = "\186", ebx = "\187",
  esi = "\190", edi = "\191" }

local function hex(text)
  return (text:gsub("%s", ""):gsub("%x%x", function(byte)
    return string.char(tonumber(byte, 16))
  end))
end

M.hex = hex

local Code = {}
Code.__index = Code

--- An empty piece of code that starts at elf.TEXT.
function M.new()
  return setmetatable({ bytes = "" }, Code)
end

function Code:address()
  return elf.TEXT + #self.bytes
end

-- Nops until `size` more bytes end within the bundle, or end it.
local function fit(self, size, at_end)
  local room = BUNDLE - #self.bytes % BUNDLE
  if size > room then
    self.bytes = self.bytes .. ("\144"):rep(room)
    room = BUNDLE
  end
  if at_end then
    self.bytes = self.bytes .. ("\144"):rep(room - size)
  end
end

--- Append one instruction, or a fused sequence, given in hex.
function Code:raw(text)
  local bytes = hex(text)
  fit(self, #bytes)
  self.bytes = self.bytes .. bytes
  return self
end

function Code:mov(register, value)
  local bytes = MOV[register] .. elf.le(value % 2 ^ 32, 4)
  fit(self, #bytes)
  self.bytes = self.bytes .. bytes
  return self
end

--- Call a slot of the gate: the call ends its bundle.
function Code:call(slot)
  fit(self, 5, true)
  local target = GATE + 32 * SLOTS[slot]
  local offset = target - (self:address() + 5)
  self.bytes = self.bytes .. "\232" .. elf.le(offset % 2 ^ 32, 4)
  return self
end

--- pwrite(handle, address, size, offset)
function Code:pwrite(handle, address, size, offset)
  return self:mov("edi", handle):mov("esi", address):mov("edx", size)
    :mov("ecx", offset or 0):call "pwrite"
end

function Code:pread(handle, address, size, offset)
  return self:mov("edi", handle):mov("esi", address):mov("edx", size)
    :mov("ecx", offset or 0):call "pread"
end

--- Store eax in memory.
function Code:store_eax(address)
  return self:raw("67 89 04 25" .. (elf.le(address, 4):gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end)))
end

function Code:exit(code)
  return self:mov("edi", code):call "exit"
end

--- The whole as a module.
function Code:module(data)
  return elf.module(self.bytes, data)
end

--- A module that only exits.
function M.exit(code)
  return M.new():exit(code):module()
end

--- A module that is this one instruction, then exits with 99.
function M.instruction(text)
  return M.new():raw(text):exit(99):module()
end

--- A module that writes `text` to `handle` and exits with 0.
function M.print(text, handle)
  return M.new():pwrite(handle or 1, elf.DATA, #text):exit(0):module(text)
end

return M
