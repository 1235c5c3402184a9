--- Backtraces of faults: right at every level of optimisation, and never
-- invented. frame_spec.lua has what is hostile.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local elf = require "support.elf"
local host = require "support.host"
local lfs = require "lfs"
local symbols = require "zvm.symbols"
local zvm = require "zvm"

local SOURCE = "spec/guest/callers.c"

-- Line of the source by the comment that it ends with.
local lines = {}
do
  local number = 0
  for line in io.lines(SOURCE) do
    number = number + 1
    local name = line:match "/%* ([%a-]+) %*/$"
    if name then
      lines[name] = number
    end
  end
end

-- What each way to fail shows, innermost first: function, comment of the line.
local FRAMES = {
  fault = { "fault fault", "main main-fault" },
  recurse = { "fault fault", "recurse recurse-fault", "recurse recurse",
    "recurse recurse", "recurse recurse", "recurse recurse",
    "recurse recurse", "main main-recurse" },
  pointer = { "fault fault", "through_pointer pointer", "main main-pointer" },
  callback = { "fault fault", "compare compare", "LIBC",
    "in_callback callback", "main main-callback" },
  libc = { "LIBC", "in_libc libc", "main main-libc" },
  longjmp = { "LIBC", "in_longjmp longjmp", "main main-longjmp" },
  array = { "fault fault", "with_array array", "main main-array" },
  aligned = { "fault fault", "with_room room", "aligned aligned",
    "main main-aligned" },
  zero = { "NOWHERE", "call_zero zero", "main main-zero" },
  data = { "NOWHERE", "call_data data", "main main-data" },
  ["last-call"] = { "fault fault", "leave leave", "last_call last-call",
    "main main-last-call" },
}

-- Ways to fail whose walk ends early: what is shown, and why no more is.
local CUT = {
  ["large-array"] = { "^0x%x+ is not in what is kept of the stack$",
    "fault fault", "with_large_array large-array" },
  ["smash-code"] = { "^0x20021, .* is not behind a call$", "smash" },
  ["smash-data"] = { "^a return went to 0x%x+; who did it is not known$",
    "NOWHERE" },
  ["smash-high"] = { "^0xffffffff00020020, .* is not behind a call$",
    "smash" },
  smashed = { "^0x20021, .* is not behind a call$", "fault fault",
    "smash_and_fault smashed" },
}

local LEVELS = { "-g -O0", "-g -O1", "-g -O2", "-g -O3 -march=x86-64-v3",
  "-g -Os", "-g -O2 -fno-omit-frame-pointer", "-gdwarf-2 -O2",
  "-gdwarf-5 -gdwarf64 -O2", "-g -O2 -fasynchronous-unwind-tables" }

local folder
local built = {}

local function sh(command, ...)
  local line = command:format(...)
  assert(os.execute(line) == 0, line)
end

-- The guest as compiled with `flags`.
local function guest(flags)
  if not built[flags] then
    built[flags] = ("%s/%s.zvm"):format(folder, flags:gsub("[ =]", "_"))
    sh("lua/bin/zvm-cc -std=gnu11 -w %s -o %s %s", flags, built[flags], SOURCE)
  end
  return built[flags]
end

-- Its name is the same however it is given: registers may show bytes of it.
local function fault_of(program, how, isolation)
  local report = assert(zvm.run { program = program, args = { how },
    name = "callers", isolation = isolation })
  assert.equal("fault", report.state)
  return report.fault
end

-- Frames in the words of FRAMES.
local function shown(list)
  local names = {}
  for name, line in pairs(lines) do
    names[line] = name
  end
  local out = {}
  for _, f in ipairs(list) do
    local text = f.func or "NOWHERE"
    if f.line then
      assert.equal(SOURCE, f.file)
      text = text .. " " .. (names[f.line] or f.line)
    end
    out[#out + 1] = text
  end
  return out
end

-- The frames, those of the libc's own in a row being one.
local function condensed(list)
  local out = {}
  for _, text in ipairs(shown(list)) do
    text = (text:find " " or text == "NOWHERE") and text or "LIBC"
    if text ~= "LIBC" or out[#out] ~= "LIBC" then
      out[#out + 1] = text
    end
  end
  return out
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

describe("a backtrace", function()
  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    sh("mkdir %s", folder)
  end)

  teardown(function()
    sh("rm -r %s", folder)
  end)

  for _, flags in ipairs(LEVELS) do
    it("has each caller, with its line, after zvm-cc " .. flags, function()
      local program = assert(zvm.load(guest(flags)))
      for _, how in ipairs(sorted_keys(FRAMES)) do
        local list = fault_of(program, how).backtrace
        local want = { unpack(FRAMES[how]) }
        want[#want + 1] = "LIBC" -- which called main
        assert.same(want, condensed(list), how)
        assert.equal("_start", list[#list].func)
        assert.equal("__zvm_start", list[#list - 1].func)
        assert.is_nil(list.stop)
      end
    end)

    it("ends where it is not sure, after zvm-cc " .. flags, function()
      local program = assert(zvm.load(guest(flags)))
      for _, how in ipairs(sorted_keys(CUT)) do
        local list = fault_of(program, how).backtrace
        local got, want = shown(list), CUT[how]
        assert.equal(#want - 1, #got, how)
        for i = 2, #want do
          assert.equal(want[i], got[i - 1]:sub(1, #want[i]), how)
        end
        assert.truthy(list.stop:find(want[1]), how .. ": " .. list.stop)
      end
    end)
  end

  it("of a deep recursion is cut, and says so", function()
    local fault = fault_of(guest "-g -O2", "overflow")
    assert.equal("stack", fault.kind)
    assert.equal(64, #fault.backtrace)
    assert.equal("overflow overflow", shown(fault.backtrace)[64])
    assert.equal("only 64 frames are looked for", fault.backtrace.stop)
  end)

  it("has functions without -g", function()
    for _, flags in ipairs { "-O0", "-O2", "-O3 -march=x86-64-v3" } do
      local fault = fault_of(guest(flags), "recurse")
      local list = fault.backtrace
      assert.same({ "fault", "recurse" }, { list[1].func, list[2].func })
      assert.same({ "recurse", "main" }, { list[7].func, list[8].func })
      assert.equal("_start", list[#list].func)
      assert.is_nil(list[1].line)
      assert.equal("fault", fault.where.func)
      assert.is_nil(fault.where.line)
    end
  end)

  it("of a stripped program has addresses, by frame pointers", function()
    local fault = fault_of(guest "-O0 -s", "recurse")
    assert.is_nil(fault.where)
    local list = fault.backtrace
    local whole = fault_of(guest "-O0", "recurse").backtrace
    assert.is_true(#list >= 9) -- up to main's caller
    for i, f in ipairs(list) do
      assert.same({ pc = whole[i].pc }, f)
    end
    assert.is_string(list.stop)
  end)

  it("of what has no frame pointers either has nothing made up", function()
    for _, flags in ipairs { "-O2 -s", "-O3 -s",
      "-O2 -fno-asynchronous-unwind-tables" } do
      local list = fault_of(guest(flags), "recurse").backtrace
      assert.is_true(#list <= 2, flags) -- the libc's may be known
      assert.is_string(list.stop)
    end
  end)

  it("without call frame information follows frame pointers", function()
    local flags = "-O1 -fno-asynchronous-unwind-tables"
      .. " -fno-omit-frame-pointer"
    local list = fault_of(guest(flags), "array").backtrace
    assert.same({ "fault", "with_array", "main", "run", "__zvm_start",
      "_start" }, shown(list))
    assert.is_nil(list.stop)
    -- a return that was refused has been through all of its function
    list = fault_of(guest(flags), "smash-code").backtrace
    assert.same({ "smash" }, shown(list))
    assert.truthy(list.stop:find "^0x20021, ")
  end)

  it("is the same in a worker", function()
    local path = guest "-g -O2"
    for _, set in ipairs { FRAMES, CUT, { overflow = true } } do
      for how in pairs(set) do
        assert.same(fault_of(path, how, "inline"),
          fault_of(path, how, "process"))
      end
    end
  end)

  it("of a program given as bytes is the same", function()
    local path = guest "-g -O2"
    local bytes = host.read_file(path)
    assert.same(fault_of(path, "array"), fault_of(bytes, "array"))
    local module = assert(zvm.load(bytes))
    assert.same(fault_of(path, "array"), fault_of(module, "array"))
    assert.same(fault_of(path, "array"), fault_of(module, "array"))
  end)

  it("is not taken from a file that has changed", function()
    local path = folder .. "/changed.zvm"
    local bytes = host.read_file(guest "-g -O2")
    host.write_file(path, bytes)
    local module = assert(zvm.load(path))
    host.write_file(path, host.read_file(guest "-g -O0"))
    local fault = fault_of(module, "array")
    assert.is_nil(fault.where)
    assert.same({ { pc = fault.pc },
      stop = "the program's file has changed, or is gone" }, fault.backtrace)
    os.remove(path)
    assert.same(fault.backtrace, fault_of(module, "array").backtrace)
    host.write_file(path, bytes)
    assert.equal("with_array", fault_of(module, "array").backtrace[2].func)
    -- and is remembered from there on
    os.remove(path)
    assert.equal("with_array", fault_of(module, "array").backtrace[2].func)
  end)

  it("and the place are left out when nobody wants symbols", function()
    local path = guest "-g -O2"
    local report = assert(zvm.run { program = path, args = { "array" },
      symbols = false })
    assert.is_nil(report.fault.where)
    assert.is_nil(report.fault.backtrace)
    assert.equal("memory", report.fault.kind)
    local _, message = zvm.run { program = path, symbols = 1 }
    assert.equal("zvm.run: symbols: boolean expected, got number", message)
  end)

  it("has the file's own directory", function()
    sh("cd %s && cp %s/%s a.c && %s/lua/bin/zvm-cc -g -w -o a.zvm a.c",
      folder, lfs.currentdir(), SOURCE, lfs.currentdir())
    local where = fault_of(folder .. "/a.zvm", "fault").where
    assert.same({ func = "fault", offset = where.offset, file = "a.c",
      line = lines.fault, directory = folder }, where)
  end)
end)

-- -- A second opinion --------------------------------------------------------

-- Names of the functions in `text`, hexadecimal addresses.
local function functions_of(text, reader)
  local out = {}
  for address in text:gmatch "%x+" do
    out[#out + 1] = reader:lookup(tonumber(address, 16)).func
  end
  return out
end

-- Names in a backtrace, but for the first, the hook, and the libc's.
local function callers_of(list)
  local out = {}
  for i = 2, #list do
    if list[i].line then
      out[#out + 1] = list[i].func
    end
  end
  return out
end

describe("a backtrace of a real program", function()
  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    sh("mkdir %s", folder)
  end)

  teardown(function()
    sh("rm -r %s", folder)
  end)

  for _, flags in ipairs { "-O0", "-O2", "-O3 -march=x86-64-v3" } do
    it("has the calls that instrumented code saw, " .. flags, function()
      sh("lua/bin/zvm-cc -O2 -c -o %s/shadow.o spec/support/shadow.c", folder)
      for _, kernel in ipairs { "interp", "queens", "sort", "tree" } do
        local path = ("%s/%s.zvm"):format(folder, kernel)
        sh("lua/bin/zvm-cc %s -g -w -fno-inline -finstrument-functions"
          .. " -Ispec/bench -o %s spec/bench/kernel/%s.c %s/shadow.o", flags,
          path, kernel, folder)
        local reader = symbols.read(host.read_file(path))
        local module = assert(zvm.load(path))
        for _, when in ipairs { 2, 7, 40, 333, 2000, 12345 } do
          local report = assert(zvm.run { program = module,
            env = { WHEN = tostring(when) } })
          if report.state == "fault" then
            local want = functions_of(report.channels.stderr.data, reader)
            local got = callers_of(report.fault.backtrace)
            assert.is_true(#want > 1)
            assert.same({ unpack(want, 1, #got) }, got)
            assert.equal(report.fault.backtrace.stop == nil, #got == #want)
          end
        end
      end
    end)
  end
end)

-- -- Faults of machine code by hand ------------------------------------------

describe("a fault", function()
  it("before any trap has no last one", function()
    local report = assert(zvm.run { program = code.new():raw "f4":module() })
    assert.is_nil(report.fault.last_trap)
  end)

  it("has the last trap, what it asked and what it was told", function()
    local function last(program, channels)
      return zvm.run({ program = program, channels = channels }).fault
        .last_trap
    end
    local c = code.new():pwrite(1, elf.DATA, 4, 7):raw "f4"
    assert.same({ name = "pwrite", handle = 1, address = elf.DATA, size = 4,
      offset = 7, result = 4 }, last(c:module "data"))
    c = code.new():pread(0, 0, 2 ^ 32 - 1):raw "f4"
    assert.same({ name = "pread", handle = 0, address = 0, size = -1,
      offset = 0, result = -22 }, last(c:module()))
    c = code.new():call "fork":raw "f4"
    assert.same({ name = "fork", result = -38 }, last(c:module()))
    c = code.new():mov("edi", 4096):mov("esi", 8192):call "jail":raw "f4"
    assert.same({ name = "jail", address = 4096, size = 8192, result = -22 },
      last(c:module()))
    c = code.new():mov("edi", 80):call "trap":raw "f4"
    assert.same({ name = "trap", address = 80, result = -22 },
      last(c:module()))
  end)

  it("on the way back from a trap has that one", function()
    -- a jump to the slot, on a stack that is not there
    local c = code.new():mov("ebx", 0x80000000):raw "89 dc"
      :mov("eax", 0x100c0):raw "83 e0 e0 ff e0"
    local fault = zvm.run({ program = c:module() }).fault
    assert.is_true(fault.pc >= 2 ^ 33)
    assert.same({ name = "fork", result = -38 }, fault.last_trap)
    assert.equal(1, #fault.backtrace)
  end)

  it("by a call through a register names it", function()
    -- xor r9d, r9d; and $-32, r9d; call *r9
    local c = code.new():raw(("90"):rep(22) .. "45 31 c9")
      :raw "41 83 e1 e0 41 ff d1"
    local fault = zvm.run({ program = c:module() }).fault
    assert.equal("execute", fault.kind)
    assert.equal(0, fault.backtrace[1].pc)
    assert.equal(elf.TEXT + 32, fault.backtrace[2].pc)
  end)

  it("of a program without symbols has no place", function()
    local fault = zvm.run({ program = code.new():raw "f4":module() }).fault
    assert.is_nil(fault.where)
    assert.same({ { pc = elf.TEXT },
      stop = "the chain of frames has an end" }, fault.backtrace)
  end)
end)
