--- Who called whom, up to where a guest faulted.
--
-- All of this is hostile: the registers, the stack, and the module's call
-- frame information. No frame is invented: a return address is the start of a
-- bundle of the text, right behind a call. Frames are found, in this order,
--
-- * by call frame information, which zvm-cc makes for all that it compiles;
-- * where a call went to what is no code, on top of the stack;
-- * at the start of a function that has not touched its stack;
-- * by the chain of frames that rbp is the head of, in functions that begin
--   by putting themselves into it, or of which not even the start is known.
--
-- Each frame lies above the one before it, there are FRAMES_MAX at most, and
-- call frame information is run for STEPS_MAX instructions in all.
--
-- SPDX-License-Identifier: Apache-2.0
local elf = require "zvm.elf"
local expression = require "zvm.dwarf.expression"
local frame = require "zvm.dwarf.frame"

local M = {}

local byte, sub = string.byte, string.sub
local u32 = elf.u32

local FRAMES_MAX = 64
local STEPS_MAX = 2 ^ 15
local WORD = 2 ^ 32
local BUNDLE = 32
local GATE, GATE_END = 0x10000, 0x11000
local SPRING = 2 ^ 33
local ENTRY_CFA = 0xfffffff0 -- rsp at the entry is 8 less: core/memory/layout.h

-- DWARF's numbers.
local RBP, RSP, BACK = 6, 7, 16
local NUMBERS = { rax = 0, rdx = 1, rcx = 2, rbx = 3, rsi = 4, rdi = 5,
  rbp = 6, rsp = 7 }
for n = 8, 15 do
  NUMBERS["r" .. n] = n
end
local SAVED = { 3, 6, 12, 13, 14, 15 } -- by whoever is called, in the ABI
local OF_MACHINE = { [0] = 0, 2, 1, 3, 7, 6, 4, 5 } -- and r8 is 8

-- What ends a walk: text in a table, to tell it from a mistake of ours.
local function stop(format, ...)
  error({ stop = format:format(...) }, 0)
end

-- -- Memory -----------------------------------------------------------------

-- The word at an address of the stack: its low and its high half.
local function word(w, address)
  local at = address - w.address
  if at < 0 or at + 8 > #w.stack then
    stop("0x%x is not in what is kept of the stack", address)
  end
  return u32(w.stack, at), u32(w.stack, at + 4)
end

local function in_text(w, address)
  local text = w.text
  return text and address >= text.address
    and address < text.address + text.size
end

-- Bytes of the text that end before, or begin at, an address.
local function code_before(w, address, size)
  local at = w.text.offset + address - w.text.address
  return sub(w.bytes, at - size + 1, at)
end

local function code_at(w, address, size)
  local at = w.text.offset + address - w.text.address
  return sub(w.bytes, at + 1, at + size)
end

-- -- Calls ------------------------------------------------------------------

-- The call that ends before `back`: "direct" and its target; or "indirect" and
-- the register, by DWARF's number. Nil if there is none.
local function call_before(w, back)
  if back % BUNDLE ~= 0 or back == 0 or not in_text(w, back - 1) then
    return nil
  end
  local code = code_before(w, back, 7)
  if byte(code, 3) == 0xe8 then
    local target = (back + u32(code, 3)) % WORD
    if in_text(w, target) or target >= GATE and target < GATE_END then
      return "direct", target
    end
  end
  local a, b, c, d, e, f, g = byte(code, 1, 7)
  if f == 0xff and g and g >= 0xd0 and g < 0xd8 then -- and $-32 before it
    local n = g - 0xd0
    if e == 0xe0 and d == 0xe0 + n and c == 0x83 then
      return "indirect", OF_MACHINE[n]
    elseif e == 0x41 and d == 0xe0 and c == 0xe0 + n and b == 0x83
      and a == 0x41
    then
      return "indirect", n + 8
    end
  end
end

-- The return address at an address of the stack.
local function back_at(w, address)
  local low, high = word(w, address)
  if low == 0 and high == 0 and address + 8 == ENTRY_CFA then
    return nil -- the outermost frame
  end
  if high ~= 0 or not call_before(w, low) then
    stop("0x%s, which should be a return address, is not behind a call",
      (("%x%08x"):format(high, low):gsub("^0+(.)", "%1")))
  end
  return low
end

-- -- Steps ------------------------------------------------------------------

-- Each changes w.registers to those of the caller, and gives its return
-- address; nil for the outermost frame.

local function load_32(w)
  return function(address)
    return (word(w, address))
  end
end

local function value_of(w, rule, cfa)
  local kind, value = rule[1], rule[2]
  local at = { registers = w.registers, load = load_32(w) }
  if kind == "offset" then
    return (word(w, (cfa + value) % WORD))
  elseif kind == "value" then
    return (cfa + value) % WORD
  elseif kind == "same" then
    return false
  elseif kind == "register" then
    return w.registers[value]
  elseif kind == "expression" then
    return (word(w, expression.run(rule[4], value, rule[3], at, cfa)))
  elseif kind == "value_expression" then
    return expression.run(rule[4], value, rule[3], at, cfa)
  end
end

local function cfa_of(w, cfa)
  if cfa.at then
    return expression.run(cfa.text, cfa.at, cfa.stop,
      { registers = w.registers, load = load_32(w) })
  end
  local value = w.registers[cfa.register]
  if not value then
    stop("the frame is relative to a register that is not known")
  end
  return (value + cfa.offset) % WORD
end

local function by_information(w, row)
  w.steps = w.steps + row.steps
  if w.steps > STEPS_MAX then
    stop("the call frame information is too long")
  end
  local back = row.rules[BACK]
  if not back or back[1] == "undefined" then
    return nil
  end
  local cfa = cfa_of(w, row.cfa)
  if cfa <= w.registers[RSP] then
    stop("the next frame is not above this one")
  elseif back[1] ~= "offset" then
    stop("the return address is not on the stack")
  end
  local registers = {}
  for _, n in ipairs(SAVED) do
    registers[n] = w.registers[n]
  end
  for n, rule in pairs(row.rules) do
    local value = n ~= BACK and value_of(w, rule, cfa)
    if value or n ~= BACK and value == nil then
      registers[n] = value
    end
  end
  registers[RSP] = cfa
  local address = back_at(w, (cfa + back[2]) % WORD)
  w.registers = registers
  return address
end

-- The return address is `depth` bytes above rsp.
local function by_top(w, depth)
  local rsp = w.registers[RSP]
  local back = back_at(w, rsp + depth)
  if depth > 0 then
    w.registers[RBP] = word(w, rsp)
  end
  w.registers[RSP] = rsp + depth + 8
  return back
end

local function by_chain(w)
  local rbp = w.registers[RBP]
  if not rbp or rbp < w.registers[RSP] then
    stop("the chain of frames has an end")
  end
  local back = back_at(w, rbp + 8)
  w.registers = { [RBP] = (word(w, rbp)), [RSP] = rbp + 16 }
  return back
end

-- Where a call, a jump or a return went to what is no code.
local function from_nowhere(w, pc)
  local rsp = w.registers[RSP]
  local low, high = word(w, rsp)
  local kind, what = nil, nil
  if high == 0 then
    kind, what = call_before(w, low)
  end
  local outside = pc < GATE or pc >= GATE_END and pc < SPRING
  if kind == "indirect" and outside
    and w.registers[what] - w.registers[what] % BUNDLE == pc
  then
    return by_top(w, 0)
  end
  -- What a return takes its address from lies below rsp then.
  local below, above = word(w, rsp - 8)
  if outside and below + above * WORD == pc then
    stop("a return went to 0x%x; who did it is not known", pc)
  end
  return by_top(w, 0)
end

-- No call frame information. `offset`: into the function, where known.
local function by_code(w, pc, offset)
  local innermost = not w.count
  local start = offset and pc - offset
  if innermost and code_before(w, pc + 1, 4) == "\117\1\195\244" then
    return by_top(w, 0) -- the return sequence: it refused this address
  end
  if innermost and start then
    local low, high = word(w, w.registers[RSP])
    local kind, target
    if high == 0 then
      kind, target = call_before(w, low)
    end
    if kind == "direct" and target == start then
      return by_top(w, 0)
    end
  end
  if start then
    local head = code_at(w, start, 4)
    if sub(head, 1, 3) ~= "\85\137\229" and head ~= "\85\72\137\229" then
      stop("there is no call frame information for this code")
    elseif innermost and offset <= 1 then
      return by_top(w, offset * 8)
    end
  end
  return by_chain(w)
end

-- `at`: in the instruction that faulted, or in the call.
local function step(w, at, offset)
  if not in_text(w, at) then
    return from_nowhere(w, at)
  end
  for _, frames in ipairs(w.frames) do
    local row = frames:find(at)
    if row then
      return by_information(w, row)
    end
  end
  return by_code(w, at, offset)
end

-- -- Public -----------------------------------------------------------------

local function read_frames(reader)
  if reader.frames then
    return
  end
  reader.frames = {}
  local sections = reader.elf and reader.elf.sections or {}
  for _, name in ipairs { ".debug_frame", ".eh_frame" } do
    local section = sections[name]
    if section and section.usable then
      local base = name == ".eh_frame" and section.address or nil
      table.insert(reader.frames,
        frame.read(elf.content(reader.bytes, section), base))
    end
  end
end

local function registers_of(fault)
  local registers = {}
  for name, n in pairs(NUMBERS) do
    registers[n] = tonumber(fault.registers[name]:sub(3):sub(-8), 16)
  end
  return registers
end

--- Walk the stack that a fault left.
--
-- @tparam table reader what zvm.symbols.read gave for the module
-- @tparam table fault `pc` and `registers`
-- @tparam string stack what is kept of it
-- @tparam number address of its first byte
-- @treturn table list of frames, innermost first: `pc`, where it faulted or
--  the return address, and what is known of func, offset, file, line and
--  directory: of the call, for a return address. `stop` says why there are no
--  more; nil if the last one is the program's first
function M.walk(reader, fault, stack, address)
  read_frames(reader)
  local w = { stack = stack, address = address, bytes = reader.bytes,
    frames = reader.frames, registers = registers_of(fault), steps = 0,
    text = reader.elf and elf.text_segment(reader.elf) }
  local list = {}
  local back, at = fault.pc, fault.pc
  while back do
    local found = in_text(w, at) and reader:lookup(at) or {}
    found.pc = back
    list[#list + 1] = found
    if #list == FRAMES_MAX then
      list.stop = ("only %d frames are looked for"):format(FRAMES_MAX)
      break
    end
    local ok, next_back = pcall(step, w, at, found.offset)
    found.offset = found.offset and found.offset + back - at
    if not ok then
      list.stop = type(next_back) == "table" and next_back.stop
        or "the call frame information is damaged"
      break
    end
    w.count = #list
    back = next_back
    at = back and back - 1
  end
  return list
end

return M
