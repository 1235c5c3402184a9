--- Bad modules: nil, a message, a code; nothing leaks and the host lives.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local elf = require "support.elf"
local host = require "support.host"
local zvm = require "zvm"

local EXIT = code.new():exit(7).bytes
local PAGE, TEXT = elf.PAGE, elf.TEXT
local R, W, X = elf.R, elf.W, elf.X
local BIG = 2 ^ 32 - PAGE

local function text(fields)
  return elf.text(EXIT, fields)
end

-- A data segment behind the text's one page.
local function data(fields)
  local segment = {
    offset = 2 * PAGE, vaddr = elf.DATA, flags = R + W, bytes = "data",
  }
  for key, value in pairs(fields) do
    segment[key] = value
  end
  return segment
end

local function note(descriptor)
  local bytes = elf.le(4, 4) .. elf.le(#descriptor, 4) .. elf.le(1, 4)
    .. "zvm\0" .. descriptor
  return elf.build {
    text {}, { type = elf.NOTE, offset = 2 * PAGE, flags = R, bytes = bytes },
  }
end

-- what it is, the file, words of the message
local BAD = {
  { "an empty string", "", "not an ELF" },
  { "a text file", "#!/bin/sh\n\0", "not an ELF" },
  { "a wrong magic", elf.build({ text {} }, { magic = "\127ELG" }),
    "not an ELF" },
  { "an ELF64 file", elf.build({ text {} }, { class = 2 }), "64%-bit" },
  { "an unknown class", elf.build({ text {} }, { class = 3 }), "class" },
  { "a big-endian file", elf.build({ text {} }, { data = 2 }),
    "little%-endian" },
  { "an unknown ELF version", elf.build({ text {} }, { version = 2 }),
    "version" },
  { "another ident version", elf.build({ text {} }, { ident = 0 }),
    "version" },
  { "an i386 program", elf.build({ text {} }, { machine = 3 }), "x86%-64" },
  { "an AArch64 program", elf.build({ text {} }, { machine = 183 }),
    "x86%-64" },
  { "an object file", elf.build({ text {} }, { type = 1 }),
    "not an executable" },
  { "a shared object", elf.build({ text {} }, { type = 3 }), "dynamic" },
  { "a core dump", elf.build({ text {} }, { type = 4 }),
    "not an executable" },
  { "a program with an interpreter",
    elf.build { { type = elf.INTERP, offset = 0, filesz = 4 }, text {} },
    "dynamic" },
  { "a program with a dynamic section",
    elf.build { text {}, { type = elf.DYNAMIC } }, "dynamic" },
  { "a program with thread-local storage",
    elf.build { text {}, { type = elf.TLS } }, "thread%-local" },
  { "an unknown program header", elf.build { text {}, { type = 0x12345 } },
    "type" },
  { "an executable stack",
    elf.build { text {}, { type = elf.STACK, flags = R + W + X } },
    "executable stack" },
  { "a wrong header size", elf.build({ text {} }, { ehsize = 64 }), "size" },
  { "a wrong program header size",
    elf.build({ text {} }, { phentsize = 56 }), "size" },
  { "no program headers", elf.build({ text {} }, { phnum = 0 }),
    "no program headers" },
  { "65535 program headers", elf.build({ text {} }, { phnum = 65535 }),
    "program headers" },
  { "program headers past the end",
    elf.build({ text {} }, { phoff = 2 * PAGE - 31 }), "program headers" },
  { "program headers at 4 GiB", elf.build({ text {} }, { phoff = 2^32 - 1 }),
    "program headers" },
  { "no text", elf.build { data {} }, "no executable segment" },
  { "two texts", elf.build { text {}, data { flags = R + X,
    bytes = ("\244"):rep(PAGE) } }, "more than one" },
  { "a text that is writable", elf.build { text { flags = R + W + X } },
    "writable and executable" },
  { "data that is executable and writable",
    elf.build { text {}, data { flags = R + W + X } },
    "writable and executable" },
  { "a segment without read right",
    elf.build { text {}, data { flags = W } }, "rights" },
  { "a segment with unknown rights",
    elf.build { text {}, data { flags = R + 8 } }, "rights" },
  { "an entry inside a bundle",
    elf.build({ text {} }, { entry = TEXT + 5 }), "bundle" },
  { "an entry before the text", elf.build({ text {} }, { entry = 0 }),
    "outside the text" },
  { "an entry right after the text",
    elf.build({ text {} }, { entry = TEXT + PAGE }), "outside the text" },
  { "an entry in data",
    elf.build({ text {}, data {} }, { entry = elf.DATA }),
    "outside the text" },
  { "a text that is not whole pages",
    elf.build { text { bytes = EXIT } }, "whole pages" },
  { "a text with more memory than file",
    elf.build { text { memsz = 2 * PAGE } }, "whole pages" },
  { "a text with less memory than file",
    elf.build { text { memsz = 32 } }, "more bytes in the file" },
  { "a text that is missing from the file",
    elf.build { text { filesz = 2 * PAGE, memsz = 2 * PAGE } },
    "past the end" },
  { "a misaligned address", elf.build { text { vaddr = TEXT + 32 } },
    "aligned" },
  { "a misaligned offset",
    elf.build { text { offset = PAGE + 32 } }, "aligned" },
  { "a text in the null guard",
    elf.build({ text { vaddr = 0 } }, { entry = 0 }), "outside %[" },
  { "a text over the gate page",
    elf.build({ text { vaddr = 0x10000 } }, { entry = 0x10000 }),
    "outside %[" },
  { "a segment in the stack",
    elf.build { text {}, data { vaddr = 0xFF000000 } }, "outside %[" },
  { "a segment that ends above the module's space",
    elf.build { text {}, data { memsz = 0xF0000000 - elf.DATA + 1 } },
    "outside %[" },
  { "a segment that ends above 4 GiB",
    elf.build { text {}, data { vaddr = 0xEFFFF000, memsz = BIG } },
    "outside %[" },
  { "a file size that overflows",
    elf.build { text {}, data { filesz = BIG, memsz = BIG } },
    "past the end" },
  { "an offset that overflows",
    elf.build { text {}, data { offset = BIG, at = 2 * PAGE } },
    "past the end" },
  { "offset and size that overflow together",
    elf.build { text {}, data { offset = BIG, at = 2 * PAGE, filesz = PAGE,
      memsz = PAGE } }, "past the end" },
  { "segments that overlap",
    elf.build { text {}, data { vaddr = TEXT } }, "overlaps" },
  { "segments that overlap in their last page",
    elf.build { text {}, data { memsz = PAGE + 1 },
      data { offset = 3 * PAGE, vaddr = elf.DATA + PAGE } }, "overlaps" },
  { "segments out of order",
    elf.build({ data { offset = PAGE }, text { offset = 2 * PAGE } }),
    "out of order" },
  { "a segment with the bytes of the text",
    elf.build { text {}, { offset = PAGE, vaddr = elf.DATA, flags = R + W,
      filesz = 4, memsz = 4 } }, "shares bytes" },
  { "a segment with the bytes of the text, an empty one between",
    elf.build { text {}, { offset = 0, vaddr = elf.DATA, flags = R + W,
      filesz = 0, memsz = PAGE }, { offset = PAGE, vaddr = elf.DATA + PAGE,
      flags = R + W, filesz = 4, memsz = 4 } }, "shares bytes" },
  { "a note of another ABI", note(elf.le(2, 4) .. elf.le(2, 4)),
    "version" },
  { "a note of CPU level 4", note(elf.le(1, 4) .. elf.le(4, 4)), "level" },
  { "a note that is too short", note(elf.le(1, 4)), "size" },
  { "a note that reaches past its segment",
    elf.build { text {}, { type = elf.NOTE, offset = 2 * PAGE, flags = R,
      bytes = elf.le(BIG, 4) .. elf.le(BIG, 4) .. elf.le(1, 4) } },
    "past" },
  { "a note past the end of the file",
    elf.build { text {}, { type = elf.NOTE, offset = BIG, filesz = 64 } },
    "past" },
}

local function assert_alive()
  assert.equal(7, assert(zvm.run { program = elf.module(EXIT) }).code)
end

describe("zvm.load refuses", function()
  for _, case in ipairs(BAD) do
    local name, bytes, words = case[1], case[2], case[3]
    it(name, function()
      local function attempt()
        local module, message, status, findings = zvm.load(bytes)
        assert.is_nil(module)
        assert.truthy(message:find(words),
          ("%q does not say %q"):format(message, words))
        assert.equal("FORMAT", status)
        assert.is_nil(findings)
      end
      host.assert_flat(attempt)
      assert_alive()
    end)
  end

  it("a file cut short at every byte of its headers", function()
    local bytes = elf.module(EXIT, "data")
    local headers = 52 + 2 * 32
    host.assert_flat(function()
      for size = 0, headers do
        local module, message, status = zvm.load(bytes:sub(1, size))
        assert.is_nil(module)
        assert.equal("string", type(message))
        assert.equal("FORMAT", status)
      end
    end, 3)
    assert_alive()
  end)

  it("a file cut short in its segments", function()
    local bytes = elf.module(EXIT, ("d"):rep(100))
    for size = 52 + 2 * 32, #bytes - 1, 61 do
      local module, _, status = zvm.load(bytes:sub(1, size))
      assert.is_nil(module)
      assert.equal("FORMAT", status)
    end
    assert(zvm.load(bytes))
  end)

  it("or survives every byte of the headers set to anything", function()
    local bytes = elf.module(EXIT, "data")
    for at = 1, 52 + 2 * 32 do
      for _, value in ipairs { 0, 1, 3, 31, 127, 128, 255 } do
        local changed = bytes:sub(1, at - 1) .. string.char(value)
          .. bytes:sub(at + 1)
        if changed:byte(1) == 127 then
          local module, message, status = zvm.load(changed)
          if module then
            module:close()
          else
            assert.equal("string", type(message))
            assert.truthy(status == "FORMAT" or status == "REJECTED"
              or status == "CPU", status)
          end
        end
      end
    end
    assert_alive()
  end)

  it("a bad file by path, and names the path", function()
    local path = host.temporary()
    host.write_file(path, elf.build({ text {} }, { class = 2 }))
    host.assert_flat(function()
      local module, message, status = zvm.load(path)
      assert.is_nil(module)
      assert.truthy(message:find(path, 1, true))
      assert.equal("FORMAT", status)
    end)
    os.remove(path)
  end)
end)

describe("zvm.load accepts", function()
  it("a stack that is not executable", function()
    assert(zvm.load(elf.build {
      text {}, { type = elf.STACK, flags = R + W },
    }))
  end)

  it("a note with level 3, and says so", function()
    local module = zvm.load(note(elf.le(1, 4) .. elf.le(3, 4)))
    assert.equal(3, assert(module):about().level)
  end)

  it("segments that touch", function()
    assert(zvm.load(elf.build {
      text {}, data { vaddr = TEXT + PAGE, memsz = PAGE },
      data { offset = 3 * PAGE, vaddr = TEXT + 2 * PAGE },
    }))
  end)

  it("bss that ends right below the module's end", function()
    local module = assert(zvm.load(elf.build {
      text {}, data { memsz = 0xF0000000 - elf.DATA },
    }))
    assert.equal(0xF0000000, module:about().data_end)
  end)
end)

describe("a rejected program", function()
  local function load(hex)
    return zvm.load(code.instruction(hex))
  end

  it("gives findings with place, rule, text, remedy and bytes", function()
    local module, message, status, findings = load "8b 00" -- mov (%rax),%eax
    assert.is_nil(module)
    assert.equal("REJECTED", status)
    assert.truthy(message:find("R_MEM_ADDR32", 1, true))
    assert.equal(1, #findings)
    local f = findings[1]
    assert.equal(TEXT, f.address)
    assert.equal(0, f.offset)
    assert.equal("R_MEM_ADDR32", f.rule)
    assert.equal(zvm.rules().R_MEM_ADDR32.text, f.text)
    assert.equal(zvm.rules().R_MEM_ADDR32.remedy, f.remedy)
    assert.equal("8b00", f.bytes:sub(1, 4))
    assert.is_nil(findings.more)
  end)

  it("gives findings through zvm.run as well", function()
    local report, _, status, findings = zvm.run {
      program = code.instruction "0f 05", -- syscall
    }
    assert.is_nil(report)
    assert.equal("REJECTED", status)
    assert.equal("R_INSN_SYSTEM", findings[1].rule)
  end)

  it("gives at most a hundred findings and says that there are more",
    function()
      local _, _, _, findings = zvm.load(elf.module(("\15\5"):rep(2000)))
      assert.equal(100, #findings)
      assert.is_true(findings.more)
    end)

  it("leaks nothing", function()
    host.assert_flat(function()
      assert.is_nil((load "0f 05"))
    end)
    assert_alive()
  end)
end)
