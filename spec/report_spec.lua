--- zvm.report: a report in words.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
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
