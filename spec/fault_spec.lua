--- Guests that fail: a report says how, and the host lives on.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local elf = require "support.elf"
local host = require "support.host"
local zvm = require "zvm"

local function fault_of(program, options)
  options = options or {}
  options.program = program
  local report = assert(zvm.run(options))
  assert.equal("fault", report.state)
  assert.is_nil(report.code)
  return report.fault, report
end

-- what the guest does; its code; kind, access, address
local FAULTS = {
  { "reads address 0", code.new():raw "31 c0":raw "67 8b 00",
    "memory", "read", 0 },
  { "writes address 0", code.new():raw "31 c0":raw "67 89 00",
    "memory", "write", 0 },
  { "reads the end of the null guard",
    code.new():raw "67 8a 04 25 ffff0000", "memory", "read", 0xFFFF },
  { "writes to its text", code.new():raw "67 c6 04 25 00000200 01",
    "memory", "write", elf.TEXT },
  { "writes to the gate", code.new():raw "67 c6 04 25 00000100 01",
    "memory", "write", 0x10000 },
  { "writes to the manifest", code.new():raw "67 c6 04 25 fcfffffe 01",
    "memory", "write", 0xFEFFFFFC },
  { "reads above the heap", code.new():raw "67 8a 04 25 000000e0",
    "memory", "read", 0xE0000000 },
  { "jumps to its data", code.new():mov("eax", elf.DATA)
    :raw "83 e0 e0 ff e0", "execute", "execute", elf.DATA },
  { "jumps to its stack", code.new():mov("eax", 0xFFFF0000)
    :raw "83 e0 e0 ff e0", "execute", "execute", 0xFFFF0000 },
  { "calls address 0", code.new():raw "31 c0":raw "83 e0 e0 ff d0",
    "execute", "execute", 0 },
  { "returns from its entry", code.new()
    :raw "48 f7 04 24 1f 00 00 80 75 01 c3", "execute", "execute", 0 },
  { "returns to no bundle's start", code.new():raw "6a 21"
    :raw "48 f7 04 24 1f 00 00 80 75 01 c3", "halt" },
  { "returns to 4 GiB and more", code.new():raw "48 b8 00 00 02 00 01 00 00 00"
    :raw "50":raw "48 f7 04 24 1f 00 00 80 75 01 c3", "halt" },
  { "divides by zero", code.new():raw "31 c9":raw "f7 f1", "arithmetic" },
  { "divides the least number by -1",
    code.new():mov("eax", 0x80000000):raw "99":mov("ecx", 2 ^ 32 - 1)
      :raw "f7 f9", "arithmetic" },
  { "halts", code.new():raw "f4", "halt" },
  { "runs into the padding", code.new():raw "90", "halt" },
  { "executes ud2", code.new():raw "0f 0b", "illegal" },
  { "executes int3", code.new():raw "cc", "breakpoint" },
  { "pushes for ever", code.new():raw "50":raw "eb fd", "stack" },
  { "moves its stack pointer to 0",
    code.new():raw "31 c0":raw "89 c4":raw "50", nil },
  { "traps on a stack that is not there",
    code.new():mov("eax", 0x80000000):raw "89 c4":call "fork", nil },
  { "traps on a stack in its text",
    code.new():mov("eax", elf.TEXT + 64):raw "89 c4":call "fork", nil },
  { "traps on a stack at address 0",
    code.new():raw "31 c0":raw "89 c4":call "fork", nil },
  { "misaligns an SSE access",
    code.new():mov("eax", elf.DATA + 1):raw "67 0f 28 00", nil },
}

describe("a guest that", function()
  for _, case in ipairs(FAULTS) do
    local name, program = case[1], case[2]:module "data\0\0\0\0"
    local kind, access, address = case[3], case[4], case[5]
    it(name .. " faults and the host lives", function()
      host.assert_flat(function()
        local fault = fault_of(program)
        if kind then
          assert.equal(kind, fault.kind)
        end
        assert.equal(access or fault.access, fault.access)
        assert.equal(address or fault.address, fault.address)
        assert.equal("string", type(fault.text))
        assert.equal("number", type(fault.pc))
        assert.truthy(fault.signal > 0)
      end, 10)
      assert.equal(5, zvm.run({ program = code.exit(5) }).code)
    end)
  end

  it("faults tells where, and with which registers", function()
    local c = code.new():mov("ebx", 0x1234):mov("eax", 0x50):raw "67 8b 18"
    local fault = fault_of(c:module())
    assert.equal(elf.TEXT + 10, fault.pc)
    assert.equal("0x1234", fault.registers.rbx)
    assert.equal("0x50", fault.registers.rax)
    assert.equal(0x50, fault.address)
  end)

  it("faults keeps what it wrote before", function()
    local c = code.new():pwrite(1, elf.DATA, 4):raw "f4"
    local _, report = fault_of(c:module "data")
    assert.equal("data", report.channels.stdout.data)
  end)

  it("passes bad handles, buffers, sizes and offsets gets an error",
    function()
      local function result(name, handle, address, size, offset)
        local c = code.new()
        c[name](c, handle, address, size, offset)
        return zvm.run({
          program = c:raw "89 c7":call "exit":module "data",
          channels = { stdin = "some input", random = "0123456789" },
        }).code
      end
      local D = elf.DATA
      assert.equal(-9, result("pwrite", 4, D, 4))
      assert.equal(-9, result("pwrite", 0xFFFFFFFF, D, 4))
      assert.equal(-9, result("pread", 1000, D, 4))
      assert.equal(-22, result("pwrite", 1, 0, 4))
      assert.equal(-22, result("pwrite", 1, D, 0x7FFFFFFF))
      assert.equal(-22, result("pwrite", 1, D, 0xFFFFFFFF))
      assert.equal(-22, result("pwrite", 1, 0xFFFFFFFC, 8))
      assert.equal(-22, result("pread", 0, elf.TEXT, 4))
      assert.equal(-22, result("pread", 0, 0x10000, 4))
      assert.equal(-22, result("pread", 0, 0xFEFFFFFC, 4))
      assert.equal(4, result("pwrite", 1, elf.TEXT, 4))
      assert.equal(0, result("pwrite", 1, D, 0))
      assert.equal(4, result("pread", 0, D, 4))
      assert.equal(4, result("pread", 3, D, 4, 2))
      assert.equal(0, result("pread", 3, D, 4, 10))
      assert.equal(-122, result("pwrite", 0, D, 4))
      assert.equal(-122, result("pread", 1, D, 4))
    end)
end)

describe("a C guest that", function()
  local kinds = {
    ["null-read"] = "memory", ["null-write"] = "memory",
    ["text-write"] = "memory", ["constant-write"] = "memory",
    ["gate-write"] = "memory", ["manifest-write"] = "memory",
    divide = "arithmetic", ["data-jump"] = "execute",
    ["null-call"] = "execute", overflow = "stack", trap = "illegal",
    hlt = "halt", int3 = "breakpoint",
  }
  local hows = {}
  for how in pairs(kinds) do
    hows[#hows + 1] = how
  end
  table.sort(hows)
  for _, how in ipairs(hows) do
    local kind = kinds[how]
    it("fails by " .. how .. " is reported as " .. kind, function()
      local fault, report = fault_of(host.guest "faults", { args = { how } })
      assert.equal(kind, fault.kind)
      assert.equal("before\n", report.channels.stdout.data)
    end)
  end

  it("aborts ends by a fault", function()
    fault_of(host.guest "faults", { args = { "abort" } })
  end)
end)
