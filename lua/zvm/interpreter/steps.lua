--- A guest, bundle by bundle: what `.step` shows.
--
-- SPDX-License-Identifier: Apache-2.0
local bundle = require "zvm.explain.bundle"
local elf = require "zvm.elf"
local reports = require "zvm.report"
local safety = require "zvm.interpreter.safety"
local step = require "zvm.step"
local symbols = require "zvm.symbols"
local zvm = require "zvm"

local M = {}

local Steps = {}
Steps.__index = Steps

local BUNDLE, PAGE = 32, 4096
local ORDER = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8",
  "r9", "r10", "r11", "r12", "r13", "r14", "r15" }

--- Begin a run; it stands at its first bundle. Its output is this process's
-- own; it has no input.
--
-- @tparam string path of a program
-- @tparam table args
-- @treturn[1] table with the methods below
-- @treturn[2] nil
-- @treturn[2] string message
function M.start(path, args)
  local module, message = zvm.load(path)
  if not module then
    return nil, message
  end
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "*a"
  file:close()
  local headers = elf.read(bytes)
  local segment = elf.text_segment(headers)
  local about = module:about()
  local run, registers = step.start(function()
    local report, why = zvm.run { program = module, args = args,
      isolation = "inline", channels = { stdout = { fd = 1 },
      stderr = { fd = 2 } } }
    return report and "the run is over: "
      .. reports.summary(report):match "^[^\n]*" or why
  end, about.entry, elf.faults(bytes, headers))
  if not run then
    return nil, registers
  end
  return setmetatable({ run = run, registers = registers, before = {},
    last = {}, about = about, code = elf.content(bytes, segment),
    address = segment.address, symbols = symbols.read(bytes),
    decode = bundle.decoder(), steps = 0 }, Steps)
end

local function place_of(self, address)
  local found = self.symbols and self.symbols:lookup(address) or {}
  if not found.func then
    return ("0x%x"):format(address)
  end
  return symbols.shown(found.func) .. (found.offset > 0
    and ("+0x%x"):format(found.offset) or "")
end

--- Go on, by `count` bundles, to a fault, or to where somebody interrupts; nil
-- and why when the run is over.
function Steps:next(count)
  local registers, last = self.run:bundle(count)
  if not registers then
    self.over = last
    return nil, last
  end
  last.after_fault = self.last.signal and last.steps == 1
  self.registers, self.before, self.last = registers, last.before, last
  self.steps = self.steps + last.steps
  return true
end

--- The registers, four a line; those that the last step changed have a star.
function Steps:show_registers(out)
  local line = {}
  for i, name in ipairs(ORDER) do
    local value = self.registers[name]
    line[#line + 1] = ("%s%-3s %-16s"):format(self.before[name] ~= value
      and self.before.pc and "*" or " ", name, value)
    if i % 3 == 0 or i == #ORDER then
      out[#out + 1] = table.concat(line, "  "):gsub("%s+$", "")
      line = {}
    end
  end
end

local function show_instruction(self, out, entry)
  local mark = entry.address == self.registers.pc and ">" or " "
  local bracket = ({ first = "/", middle = "|", last = "\\" })[entry.fused]
    or " "
  local text = entry.disasm or entry.bytes
  if entry.count then
    text = ("%s, %d times"):format(text, entry.count)
  end
  local rule, why = safety.of(entry, function(address)
    return place_of(self, address)
  end)
  out[#out + 1] = ("%s%s 0x%05x  %s"):format(mark, bracket, entry.address,
    text)
  out[#out + 1] = ("             %s%s"):format(rule and rule .. ": " or "", why)
end

-- What happened on the way here.
local function show_last(self, out)
  local last = self.last
  if last.interrupted then
    out[#out + 1] = "   interrupted"
  elseif last.after_fault then
    out[#out + 1] = "   the guest handles its fault here, by itself"
  end
  if last.slot and not last.signal then
    out[#out + 1] = ("   the trap %s answered %s"):format(
      safety.SLOTS[last.slot] or "?", self.registers.rax)
  end
end

local function show_fault(self, out)
  local last = self.last
  out[#out + 1] = ("   fault: %s at pc 0x%x%s"):format(last.signal,
    self.registers.pc, last.address
    and (", at an access to 0x%x"):format(last.address) or "")
  out[#out + 1] = "   why: " .. safety.caught(last.signal, last.address,
    self.registers.pc)
  out[#out + 1] = "   it ends the run, unless the guest handles it: return"
end

-- Code that jail has made, from memory; nil if nothing there executes.
local function made_code(self, start)
  for _, range in ipairs(self:maps()) do
    if start >= range.from and start < range.to and range.rights:find "x" then
      return self.run:memory(start, BUNDLE)
    end
  end
end

local function show_bundle(self, out, pc)
  local start = pc - pc % BUNDLE
  local code, address, at = self.code, self.address, pc - self.address
  if at < 0 or at >= #code then
    code, address, at = made_code(self, start), start, pc - start
    out[#out + 1] = code and "   (code that was made at run time, by jail)"
      or "   (the guest has no code here)"
  end
  for _, entry in ipairs(code and bundle.read(code, address, at, self.decode)
    or {}) do
    show_instruction(self, out, entry)
  end
end

--- Where it stands: the bundle, why it is safe, the registers. A string.
function Steps:show()
  local pc = self.registers.pc
  local out = {}
  show_last(self, out)
  out[#out + 1] = ("-- bundle 0x%x, in %s; step %d"):format(pc - pc % BUNDLE,
    place_of(self, pc), self.steps)
  show_bundle(self, out, pc)
  if self.last.signal then
    show_fault(self, out)
  end
  self:show_registers(out)
  return table.concat(out, "\n")
end

--- Bytes of the guest's memory, sixteen a line; nil and a message.
function Steps:memory(address, size)
  local bytes = self.run:memory(address, math.min(size, PAGE))
  if not bytes then
    return nil, ("0x%x: there is no memory, or not so much"):format(address)
  end
  local out = {}
  for i = 1, #bytes, 16 do
    local piece = bytes:sub(i, i + 15)
    out[#out + 1] = ("0x%08x  %-47s  %s"):format(address + i - 1,
      bundle.hex(piece), (piece:gsub("[^\32-\126]", ".")))
  end
  return table.concat(out, "\n")
end

--- Lines of /proc/<pid>/maps that are the guest's.
function Steps:maps()
  local file = io.open(("/proc/%d/maps"):format(self.run:process()))
  local list = {}
  for line in file and file:lines() or function() end do
    local from, to, rights = line:match "^(%x+)%-(%x+) (%S+)"
    from, to = tonumber(from, 16), tonumber(to, 16)
    if from < 0x200002000 then
      list[#list + 1] = { from = from, to = to, rights = rights:sub(1, 3) }
    end
  end
  if file then
    file:close()
  end
  return list
end

--- To the end, unwatched: nil and how it ended; true if it was interrupted.
function Steps:finish()
  local registers, message = self.run:finish()
  if not registers then
    self.over = message
    return nil, message
  end
  self.before, self.registers = self.registers, registers
  self.last = { interrupted = true }
  return true
end

function Steps:close()
  self.run:close()
end

return M
