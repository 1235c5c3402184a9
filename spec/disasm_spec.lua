--- zvm.disasm: machine code as text, for people.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local disasm = require "zvm.disasm"

local function decode(hex, offset, address)
  return disasm.decode(code.hex(hex), offset or 0, address or 0x20000)
end

describe("zvm.disasm.decode", function()
  it("gives AT&T text and a length", function()
    assert.same({ "syscall", 2 }, { decode "0f 05" })
    assert.same({ "mov 0x8(%rsp), %eax", 4 }, { decode "8b 44 24 08" })
    assert.same({ "mov (%eax), %edx", 3 }, { decode "67 8b 10" })
    assert.same({ "and $-0x20, %eax", 3 }, { decode "83 e0 e0" })
  end)

  it("counts the offset from 0 and shows targets by the address", function()
    assert.same({ "jmp 0x20013", 2 }, { decode("90 eb 10", 1, 0x20001) })
    assert.same({ "call 0x10020", 5 }, { decode("e8 1b 00 ff ff") })
  end)

  it("shows how memory is addressed, not where it lies", function()
    assert.equal("mov 0x10(%rip), %eax", (decode "8b 05 10 00 00 00"))
  end)

  it("writes branches through registers and memory with a star", function()
    assert.equal("call *%rax", (decode "ff d0"))
    assert.equal("jmp *(%rax)", (decode "ff 20"))
    assert.same({ "nop", 5 }, { decode "0f 1f 44 00 00" })
  end)

  it("gives nil for what is no instruction or ends within one", function()
    assert.same({}, { decode "06" })
    assert.same({}, { decode "e8 00 00" })
    assert.same({}, { decode "" })
    assert.same({}, { decode("90", 1) })
  end)

  it("refuses wrong arguments", function()
    for _, arguments in ipairs {
      {}, { 5, 0, 0 }, { "\144" }, { "\144", 0 }, { "\144", -1, 0 },
      { "\144", 2, 0 }, { "\144", 0.5, 0 }, { "\144", 0, -1 },
      { "\144", 0, 2 ^ 54 }, { "\144", 0 / 0, 0 }, { "\144", 0, 1 / 0 },
      { "\144", "x", 0 },
    } do
      local ok, message = pcall(disasm.decode, unpack(arguments, 1, 3))
      assert.is_false(ok)
      assert.truthy(message:find "bad argument")
    end
  end)
end)
