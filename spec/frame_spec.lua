--- Hostile stacks and call frame information: no error, no long time, no frame
-- that is made up.
--
-- SPDX-License-Identifier: Apache-2.0
local backtrace = require "zvm.backtrace"
local build = require "support.elf"
local elf = require "zvm.elf"
local frame = require "zvm.dwarf.frame"
local host = require "support.host"
local symbols = require "zvm.symbols"
local zvm = require "zvm"

local le = build.le

local names = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp" }
for n = 8, 15 do
  names[#names + 1] = "r" .. n
end

-- A fault at `pc` with these registers; the others are 0.
local function made_fault(pc, registers)
  local all = {}
  for _, name in ipairs(names) do
    all[name] = ("0x%x"):format(registers[name] or 0)
  end
  return { pc = pc, registers = all }
end

-- call next; at the end of each of the first 4 bundles. Then one that is
-- nowhere near an end, and a function with a frame pointer.
local CALLS = (("\144"):rep(27) .. "\232\0\0\0\0"):rep(4)
  .. "\232\0\0\0\0" .. ("\144"):rep(27) .. "\85\137\229"
local FRAMED = build.TEXT + 160

-- A program of CALLS with a section .debug_frame, or .eh_frame at 0.
local function with_frames(content, name)
  name = name or ".debug_frame"
  local base = #build.module(CALLS)
  local strings = "\0" .. name .. "\0"
  local function section(title, kind, offset, size)
    return le(title, 4) .. le(kind, 4) .. le(0, 4) .. le(0, 4)
      .. le(offset, 4) .. le(size, 4) .. ("\0"):rep(16)
  end
  return build.build({ build.text(CALLS) }, {
    shoff = base + #content + #strings, shentsize = 40, shnum = 3,
    shstrndx = 2,
  }) .. content .. strings .. section(0, 0, 0, 0)
    .. section(1, 1, base, #content)
    .. section(0, 3, base + #content, #strings)
end

local function entry(body)
  return le(#body, 4) .. body
end

-- Version 1; code by 1, data by -8; the return address is register 16; rsp
-- is 8 below the frame, and the return address at its lower end.
local CIE = entry("\255\255\255\255\1\0\1\120\16\12\7\8\144\1")

local function fde(start, size, instructions, cie)
  return entry(le(cie or 0, 4) .. le(start, 4) .. le(size, 4)
    .. (instructions or ""))
end

local STACK = 0xffff0000

-- Walk from the first bundle; `words` lie on the stack from rsp up.
local function walk(content, words, registers, name)
  local stack = {}
  for i, word in ipairs(words) do
    stack[i] = le(word, 8)
  end
  registers = registers or {}
  registers.rsp = registers.rsp or STACK
  collectgarbage()
  local before = os.clock()
  local list = backtrace.walk(symbols.read(with_frames(content, name)),
    made_fault(build.TEXT, registers), table.concat(stack), STACK)
  return list, os.clock() - before
end

local T = build.TEXT

local function pcs(list)
  local out = {}
  for i, f in ipairs(list) do
    out[i] = f.pc - T
  end
  return out
end

describe("call frame information", function()
  it("of what is thrown away, or of nothing, is not followed", function()
    local list = walk(CIE .. fde(T, 128) .. fde(T, 0), { T + 32, 0 })
    assert.same({ 0, 32 }, pcs(list))
    assert.same({ 0 }, pcs(walk(CIE .. fde(0, 2 ^ 31), { T + 32, 0 })))
  end)

  it("says where a program began only at its entry", function()
    local list = walk(CIE .. fde(T, 128), { 0 })
    assert.equal("0x0, which should be a return address, is not behind a call",
      list.stop)
    list = backtrace.walk(symbols.read(with_frames(CIE .. fde(T, 128))),
      made_fault(T, { rsp = 0xffffffe8 }), ("\0"):rep(24), 0xffffffe8)
    assert.same({ { pc = T } }, list)
  end)

  it("in entries of more than 64 KiB is not read", function()
    -- an expression for a register that does not matter
    local function expression(size)
      return "\16\20" .. string.char(size % 128 + 128,
        math.floor(size / 128) % 128 + 128, math.floor(size / 16384))
        .. ("\48"):rep(size)
    end
    local cie = CIE:sub(5)
    local function found(in_cie, in_fde)
      local list = walk(entry(cie .. expression(in_cie))
        .. fde(T, 128, expression(in_fde)), { T + 32, 0 })
      return #list == 2
    end
    assert.is_true(found(60000, 60000))
    assert.is_false(found(70000, 60000))
    assert.is_false(found(60000, 70000))
  end)

  it("is read for 4096 shared entries", function()
    local parts, at = {}, 0
    for i = 1, 4097 do
      parts[i] = CIE .. fde(T + 2 ^ 20 - i * 128, 128, nil, at)
      at = at + #parts[i]
    end
    local content = table.concat(parts)
    local step = #parts[1]
    local function found(number)
      local list = walk(content .. fde(T, 128, nil, (number - 1) * step),
        { T + 32, 0 })
      return #list == 2
    end
    assert.is_true(found(4096))
    assert.is_false(found(4097))
  end)

  it("of a good form is followed", function()
    local list = walk(CIE .. fde(T, 128), { T + 32, T + 64, T + 128, 7 })
    assert.same({ 0, 32, 64, 128 }, pcs(list))
    assert.equal("0x7, which should be a return address, is not behind a call",
      list.stop)
  end)

  it("may give the frame by an expression", function()
    -- breg6 (rbp) -16; deref; plus_uconst 8
    local list = walk(CIE .. fde(T, 128, "\15\5\118\112\6\35\8"),
      { STACK + 16, 5, T + 32 }, { rbp = STACK + 16 })
    assert.same({ 0, 32 }, pcs(list), list.stop)
  end)

  it("may come as .eh_frame", function()
    -- augmentation zR, pointers relative to themselves
    local cie = entry("\0\0\0\0\1zR\0\1\120\16\1\27\12\7\8\144\1")
    local at = #cie + 8
    local list = walk(cie .. entry(le(#cie + 4, 4) .. le(T - at, 4)
      .. le(128, 4) .. "\0"), { T + 32, 1 }, nil, ".eh_frame")
    assert.same({ 0, 32 }, pcs(list))
  end)

  it("counts only up to the place of the fault", function()
    -- further on the frame is 16 bytes larger
    local list = walk(CIE .. fde(T, 128, "\2\1\14\24"),
      { T + 32, 1, 1, T + 64, 1, 1, T + 96 })
    assert.same({ 0, 32, 64, 96 }, pcs(list))
  end)

  it("that never gets anywhere ends the walk", function()
    local function stop(content, words, registers)
      local list, took = walk(content, words or { T + 32 }, registers)
      assert.is_true(took < 5)
      assert.equal(1, #list)
      return list.stop
    end
    local NOT_ABOVE = "the next frame is not above this one"
    local NOT_KEPT = "is not in what is kept of the stack$"
    assert.equal(NOT_ABOVE, stop(CIE .. fde(T, 128, "\14\0")))
    assert.equal(NOT_ABOVE, stop(CIE .. fde(T, 128, "\12\0\8")))
    assert.truthy(stop(CIE .. fde(T, 128, "\14\255\127")):find(NOT_KEPT))
    assert.equal("the call frame information is damaged",
      stop(CIE .. fde(T, 128, "\15\1\6")))
    -- the chain of frames is what is left
    local CHAIN = "the chain of frames has an end"
    assert.equal(CHAIN, stop(CIE .. fde(T + 32, 128)))
    assert.equal(CHAIN, stop(CIE .. fde(T, 128, "\63")))
    assert.equal(CHAIN, stop(CIE .. fde(T, 128, "\11")))
    assert.equal(CHAIN, stop(CIE .. fde(T, 128, ("\10"):rep(33))))
    assert.equal(CHAIN, stop(CIE .. fde(T, 128, ("\0"):rep(9000))))
    assert.equal(CHAIN, stop(CIE .. fde(T, 128, "\14" .. ("\255"):rep(99))))
    assert.equal(CHAIN, stop(CIE .. fde(T, 128, nil, 4)))
    assert.equal(CHAIN, stop(CIE .. fde(T, 128, nil, 2 ^ 31)))
    assert.equal(CHAIN, stop(CIE:sub(1, -2)))
  end)

  it("of one that returned for good ends it well", function()
    local list = walk(CIE .. fde(T, 128, "\7\16"), { T + 32 })
    assert.same({ { pc = T } }, list)
  end)

  it("is run for a bounded time in all", function()
    -- 8000 instructions for each of the frames there could be
    local words = {}
    for i = 1, 100 do
      words[i] = T + 32
    end
    local list, took = walk(CIE .. fde(T, 128, ("\10\11"):rep(4000)), words)
    assert.equal("the call frame information is too long", list.stop)
    assert.is_true(#list < 10 and took < 5)
  end)

  local HOSTILE = {
    ["of tiny entries"] = entry("abcd"):rep(200000),
    ["of entries in falling order"] = (function()
      local parts = { CIE }
      for i = 1, 60000 do
        parts[#parts + 1] = fde(0x10000000 - i * 16, 16)
      end
      return table.concat(parts)
    end)(),
    ["of common entries everywhere"] = (function()
      local parts = {}
      for i = 1, 60000 do
        parts[i] = entry(le(i * 7, 4) .. ("\255"):rep(12))
      end
      return table.concat(parts)
    end)(),
    ["of one endless entry"] = entry("\255\255\255\255\1\0\1\120\16"
      .. ("\255"):rep(4e6)) .. fde(T, 128):rep(60000),
    ["of one endless number"] = CIE .. entry(le(0, 4) .. le(T, 4)
      .. le(128, 4) .. ("\2" .. ("\128"):rep(4e6))),
    ["of 16 MiB of nothing"] = ("\0"):rep(2 ^ 24),
  }
  for name, content in pairs(HOSTILE) do
    it(name .. " takes no long time", function()
      for _, place in ipairs { ".debug_frame", ".eh_frame" } do
        local _, took = walk(content, { T + 32 }, nil, place)
        assert.is_true(took < 5)
      end
    end)
  end
end)

describe("a hostile stack", function()
  it("of a chain that goes round, or down, ends the walk", function()
    local function chain(words, rbp)
      return pcs(walk("", words, { rbp = rbp }))
    end
    assert.same({ 0, 32 }, chain({ STACK, T + 32 }, STACK))
    assert.same({ 0, 32 }, chain({ STACK - 8, T + 32 }, STACK))
    assert.same({ 0, 64, 32 }, chain({ STACK + 16, T + 64, 0, T + 32 },
      STACK))
    assert.same({ 0 }, chain({ 0, T + 33 }, STACK))
    assert.same({ 0 }, chain({ 0, T + 128 + 5 }, STACK))
    assert.same({ 0 }, chain({ 0, T + 160 }, STACK))
    assert.same({ 0 }, chain({ 0, T + 32 + 2 ^ 32 }, STACK))
    assert.same({ 0 }, chain({ 0 }, STACK))
    assert.same({ 0 }, chain({}, 0xffffffff))
  end)

  -- Where nothing but the start of the function is known.
  local function in_function(pc, start, words, rbp)
    local reader = symbols.read(with_frames "")
    function reader.lookup()
      return { func = "f", offset = pc - start }
    end
    local stack = {}
    for i, word in ipairs(words) do
      stack[i] = le(word, 8)
    end
    return backtrace.walk(reader, made_fault(pc, { rsp = STACK, rbp = rbp }),
      table.concat(stack), STACK)
  end

  it("is read as the start of a function has it so far", function()
    local function second(offset, words)
      local list = in_function(FRAMED + offset, FRAMED, words, STACK + 16)
      return list[2] and list[2].pc - T
    end
    assert.equal(32, second(0, { T + 32, 0, 0, T + 64 }))
    assert.equal(32, second(1, { 5, T + 32, 0, T + 64 }))
    assert.equal(64, second(3, { T + 96, T + 32, 0, T + 64 }))
  end)

  it("is not read in a function that does not say how", function()
    local list = in_function(T + 8, T, { 0, T + 64 }, STACK)
    assert.equal(1, #list)
    assert.equal("there is no call frame information for this code",
      list.stop)
    -- but where the call behind which the top lies went to it
    list = in_function(T + 40, T + 32, { T + 32, T + 64 }, STACK)
    assert.equal(T + 32, list[2].pc)
  end)

  it("of endless frames is cut", function()
    local words = {}
    for i = 1, 100 do
      words[2 * i - 1], words[2 * i] = STACK + 16 * i, T + 32
    end
    local list = walk("", words, { rbp = STACK })
    assert.equal(64, #list)
    assert.equal("only 64 frames are looked for", list.stop)
  end)

  it("with any registers is no error", function()
    for _, value in ipairs { 0, 1, 7, 127, 2 ^ 31, 2 ^ 32 - 1, 2 ^ 53 } do
      for _, pc in ipairs { 0, 1, T, T + 31, T + 4095, T + 4096, 2 ^ 33,
        2 ^ 53 } do
        local registers = {}
        for _, name in ipairs(names) do
          registers[name] = value
        end
        local list = backtrace.walk(symbols.read(with_frames(CIE
          .. fde(T, 128))), made_fault(pc, registers), "", value)
        assert.equal(pc, list[1].pc)
        assert.is_string(list.stop)
      end
    end
  end)
end)

-- A small generator with a fixed seed: every run sees the same damage.
local seed = 1
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n
end

describe("damage of call frame information", function()
  local bytes, stack, fault, parts
  setup(function()
    bytes = host.read_file(host.guest "callers")
    local section = elf.read(bytes).sections[".debug_frame"]
    parts = { elf.content(bytes, section), section.offset, section.size }
    -- the stack itself, by a spy
    local real = package.loaded["zvm.fault"]
    package.loaded["zvm.fault"] = { complete = function(f, _, _, s, at)
      fault, stack = f, { s, at }
    end }
    assert(zvm.run { program = bytes, args = { "aligned" } })
    package.loaded["zvm.fault"] = real
  end)

  it("is no error, and invents no frame", function()
    local good = backtrace.walk(symbols.read(bytes), fault, unpack(stack))
    assert.equal(7, #good)
    for _ = 1, 400 do
      local damaged = bytes
      for _ = 1, 1 + random(8) do
        local at = parts[2] + random(parts[3])
        damaged = damaged:sub(1, at) .. string.char(random(256))
          .. damaged:sub(at + 2)
      end
      local list = backtrace.walk(symbols.read(damaged), fault,
        unpack(stack))
      assert.equal(good[1].pc, list[1].pc)
      for i = 2, #list do
        assert.equal(0, list[i].pc % 32)
      end
    end
  end)

  it("by cutting it short is no error", function()
    for size = 0, parts[3], 7 do
      frame.read(parts[1]:sub(1, size)):find(fault.pc)
      frame.read(parts[1]:sub(1, size), 0):find(fault.pc)
    end
  end)
end)
