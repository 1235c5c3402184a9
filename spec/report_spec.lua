--- zvm.report: a report in words.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local host = require "support.host"
local format = require("zvm.report").format
local zvm = require "zvm"

describe("zvm.report.format", function()
  it("tells an exit, the times and each channel that moved bytes", function()
    local text = format(assert(zvm.run { program = code.print "hello" }))
    assert.truthy(text:find "^exit 0 ")
    assert.truthy(text:find "\n  stdout +puts 1 +put_bytes 5")
    assert.is_nil(text:find "stderr")
    assert.is_nil(text:find "\n$")
  end)

  it("tells a fault, where it was and the registers", function()
    local text = format(assert(zvm.run {
      program = code.new():mov("eax", 0x50):raw "67 8b 18":module(),
    }))
    assert.truthy(text:find "^fault memory: ")
    assert.truthy(text:find("at pc 0x20005", 1, true))
    assert.truthy(text:find("read of 0x50", 1, true))
    assert.truthy(text:find "\n  rax 0x50 ")
  end)

  it("tells who called, a recursion in one line, and the last trap",
    function()
      local text = format(assert(zvm.run { program = host.guest "callers",
        args = { "recurse" } }))
      assert.truthy(text:find "\n  #0   0x%x+ in fault%+0x%x+\n")
      assert.truthy(text:find "\n  #2 to #6 0x%x+ in recurse%+0x%x+\n")
      assert.truthy(text:find "\n  #7   0x%x+ in main%+0x%x+\n")
      assert.truthy(text:find("\n  no trap before it\n", 1, true))
      assert.is_nil(text:find "no further")
      local c = code.new():pwrite(1, 0x20000, 4):raw "f4"
      text = format(assert(zvm.run { program = c:module() }))
      assert.truthy(text:find("\n  last trap: pwrite(handle 1, "
        .. "address 0x20000, size 4, offset 0) = 4\n", 1, true))
      assert.truthy(text:find("\n  no further: the chain", 1, true))
    end)

  it("tells two equal frames apart", function()
    local frames = {}
    for i, pc in ipairs { 1, 2, 2, 3, 3, 3 } do
      frames[i] = { pc = pc, func = "f", offset = 4, file = "a.c", line = pc }
    end
    local text = format {
      state = "fault", traps = {}, channels = {},
      times = { wall = 1, user = 0, system = 0 },
      fault = { kind = "halt", text = "hlt", pc = 1, registers = setmetatable(
        {}, { __index = function() return "0x0" end }), backtrace = frames },
    }
    assert.truthy(text:find("\n  #0   0x1 in f+0x4 at a.c:1\n"
      .. "  #1   0x2 in f+0x4 at a.c:2\n  #2   0x2 in f+0x4 at a.c:2\n"
      .. "  #3 to #5 0x3 in f+0x4 at a.c:3\n", 1, true))
  end)

  it("tells a stop by its signal", function()
    local text = format {
      state = "stopped", signal = 15,
      times = { wall = 1, user = 0, system = 0 }, channels = {}, traps = {},
    }
    assert.truthy(text:find "^stopped by signal 15 ")
  end)

  it("tells an etag and a host error", function()
    local text = format {
      state = "exit", code = 0, traps = {},
      times = { wall = 1, user = 0, system = 0 },
      channels = { out = { puts = 1, put_bytes = 2, gets = 0, get_bytes = 0,
        etag = ("ab"):rep(32), error = "Broken pipe" } },
    }
    assert.truthy(text:find("etag " .. ("ab"):rep(32), 1, true))
    assert.truthy(text:find("error: Broken pipe", 1, true))
  end)
end)
