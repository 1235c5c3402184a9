--- Bundles: sections, alignment, which labels start one, call placement.
--
-- A state lives as long as one rewrite. What it knows at the end (which
-- labels are functions or are used as data) decides what stands before
-- labels met earlier, so labels are kept as slots and settled last.
--
-- SPDX-License-Identifier: Apache-2.0

local lexer = require "zvm.toolchain.lexer"

local M = {}
M.__index = M

local fail = lexer.fail
local find = string.find

local ALIGN = ".p2align 5; "

M.SIZE = 32

function M.new()
  local self = setmetatable({}, M)
  self.sections = {} -- key → section
  self.names = 0     -- for unique symbols
  self.starts = {}   -- name → true: this label must start a bundle
  self.numeric = false -- a numeric label is used as data somewhere
  self.slots = {}    -- {table, index, name}: labels in code
  self.stack = {}
  self.section = nil
  self:switch(".text", "ax")
  return self
end

-- -- Sections ---------------------------------------------------------------

local function is_code(name, flags)
  if flags then return find(flags, "x", 1, true) ~= nil end
  return find(name, "^%.text") ~= nil or name == ".init"
    or name == ".fini" or name == ".plt"
end

-- Sections whose references to code labels never become jumps.
local function is_debug(name)
  return find(name, "^%.debug") ~= nil or find(name, "^%.eh_frame") ~= nil
    or find(name, "^%.gnu%.") ~= nil or find(name, "^%.stab") ~= nil
    or find(name, "^%.note") ~= nil or find(name, "^%.zdebug") ~= nil
end

--- Make a section current. Returns what must follow the directive.
function M:switch(name, flags, group)
  local key = group and name .. "\0" .. group or name
  local section = self.sections[key]
  self.previous, self.section = self.section, section
  if section then return "" end
  section = {
    code = is_code(name, flags),
    debug = is_debug(name),
    handlers = find(name, "^%.gcc_except_table") ~= nil,
    pads = {},
  }
  self.sections[key], self.section = section, section
  if not section.code then return "" end
  self.names = self.names + 1
  section.symbol = ".Lzvm_section" .. self.names
  return "; " .. ALIGN .. section.symbol .. ":"
end

function M:push()
  self.stack[#self.stack + 1] = { self.section, self.previous }
end

function M:pop()
  local top = table.remove(self.stack)
  if not top then fail(".popsection without .pushsection", "push first") end
  self.section, self.previous = top[1], top[2]
end

function M:swap()
  self.section, self.previous = self.previous or self.section, self.section
end

-- Thread-local sections become plain ones, which link.ld keeps together: the
-- first thread's variables, and what other threads' are made from.
local PLAIN = { tdata = ".zvm.tdata", tbss = ".zvm.tbss" }

--- .section and .pushsection: returns the directive to print.
function M:directive(directive, args)
  local ops = lexer.operands(args)
  local name, flags = (ops[1] or ""):gsub('^"(.*)"$', "%1"), ops[2]
  local kind, rest = name:match "^%.(t[bd][sa][st]a?)(.*)$"
  if kind and PLAIN[kind] and (rest == "" or rest:sub(1, 1) == ".") then
    name = PLAIN[kind] .. rest
    ops[1] = name
    ops[2] = flags or '"aw"'
    ops[3] = ops[3] or (kind == "tbss" and "@nobits" or "@progbits")
  end
  if ops[2] and find(ops[2], '^"') then
    if find(ops[2], "T", 1, true) then ops[2] = ops[2]:gsub("T", "") end
    flags = ops[2]
  else
    flags = nil
  end
  if directive == ".pushsection" then self:push() end
  local group = flags and find(flags, "G", 1, true) and ops[4]
    or flags and find(flags, "o", 1, true) and ops[#ops] or nil
  local after = self:switch(name, flags, group)
  return directive .. " " .. table.concat(ops, ", ") .. after
end

-- -- Alignment --------------------------------------------------------------

-- Fill never crosses a bundle: gas's long nops are cut at 32 and 64, and
-- more is jumped over.
local function p2align(self, n, max)
  local suffix = max and max ~= "" and ",," .. max or ""
  if n <= 5 then return ".p2align " .. n .. suffix end
  if n == 6 then return ".p2align 5" .. suffix .. "; .p2align 6" .. suffix end
  self.names = self.names + 1
  return ("jmp .Lzvm_align%d; .p2align %d, 0xf4; .Lzvm_align%d:"):format(
    self.names, n, self.names)
end

--- An alignment directive in code, its fill normalised.
function M:align(directive, args)
  local amount, _, max = args:match "^([^,]*),?([^,]*),?%s*(.-)%s*$"
  local n = tonumber(amount)
  if not n then
    fail(directive .. " by an expression in code", "write a number")
  end
  if not find(directive, "^%.p2align") then
    local bytes = n
    n = 0
    while 2 ^ n < bytes do n = n + 1 end
  end
  return p2align(self, n, max)
end

-- -- Labels -----------------------------------------------------------------

--- Remember the label that stands at `list[index]`.
function M:label(list, index, name)
  local slots = self.slots
  slots[#slots + 1] = list
  slots[#slots + 1] = index
  slots[#slots + 1] = name
end

--- Every symbol in `text` may be jumped to through a register.
function M:refer(text)
  for name in text:gmatch "%f[%w_.%%][%a_.][%w_.$]*" do
    self.starts[name] = true
  end
  if find(text, "%d[bf]%f[^%w]") then
    for _ in text:gmatch "%f[%w_.%%]%d+[bf]%f[^%w_]" do self.numeric = true end
  end
end

--- Landing pads: the numbered labels of an exception table.
function M:landing(text)
  for name in text:gmatch "%.L%d+" do self.starts[name] = true end
end

--- Have what stands at `list[index]` start a bundle.
function M.begin(_, list, index)
  list[index] = ALIGN .. list[index]
end

--- Put the alignment before each label that needs one.
function M:settle()
  local slots, starts, numeric = self.slots, self.starts, self.numeric
  for i = 1, #slots, 3 do
    local name = slots[i + 2]
    if starts[name] or numeric and find(name, "^%d") then
      self:begin(slots[i], slots[i + 1])
    end
  end
end

--- Iterate over index and name of the labels on lines of their own in `list`
-- that may be jumped to through a register.
function M:landings(list)
  local slots, i = self.slots, -2
  return function()
    repeat
      i = i + 3
    until slots[i] == nil or slots[i] == list and self.starts[slots[i + 2]]
    return slots[i] and slots[i + 1], slots[i + 2]
  end
end

-- -- Padding ----------------------------------------------------------------

-- FIT[n] makes room for n bytes; gas fills with long nops.
local FIT = { "" }
for n = 2, 32 do FIT[n] = (".p2align 5,,%d; "):format(n - 1) end

--- Text of an instruction of `size` bytes, whole in one bundle. `size` may
-- be wrong or nil; then gas's own bundling pads.
function M.fit(text, size)
  return size and FIT[size] and FIT[size] .. text or text
end

-- -- Calls ------------------------------------------------------------------

--- Text of a call record: padding so that it ends its bundle.
function M:call(record)
  local section, size = self.section, record[2]
  local pad = section.pads[size]
  if not pad then
    pad = (".p2align 5,,%d; .nops (%d-(.-%s))&31; "):format(size - 1,
      32 - size, section.symbol or ".")
    section.pads[size] = pad
  end
  return record[1] .. pad .. record[3]
end

return M
