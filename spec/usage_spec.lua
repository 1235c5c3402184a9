--- What a run used: memory, page faults, and its channels together.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local host = require "support.host"
local zvm = require "zvm"

local OPS = host.guest "channel_ops"
local PAGE = 4096

for _, isolation in ipairs { "inline", "process" } do
  describe("in " .. isolation .. ", usage", function()
    local function usage(program, ...)
      return assert(zvm.run { program = program, args = { ... },
        isolation = isolation }).usage
    end

    it("counts the memory that a guest touched", function()
      local least = usage(OPS, "list").peak_memory
      assert.equal(0, least % PAGE)
      assert.truthy(least >= 2 * PAGE)
      local more = usage(OPS, "keep", tostring(8 * 1024 * 1024)).peak_memory
      assert.truthy(more >= least + 8 * 1024 * 1024)
      -- Huge pages are counted whole.
      assert.truthy(more < least + 8 * 1024 * 1024 + 5 * 1024 * 1024)
    end)

    it("does not count what a run before it touched", function()
      local module = zvm.load(OPS)
      local first = usage(module, "list").peak_memory
      usage(module, "keep", "16000000")
      for _ = 1, 5 do
        -- 64 pages at most stay from run to run.
        assert.truthy(usage(module, "list").peak_memory
          <= first + 80 * PAGE)
      end
    end)

    it("counts what is there when no page was missing", function()
      local module = zvm.load(OPS)
      local seen
      for _ = 1, 20 do
        local u = usage(module, "list")
        assert.truthy(u.peak_memory >= 2 * PAGE)
        if u.page_faults == 0 then
          seen = seen or u.peak_memory
          assert.equal(seen, u.peak_memory)
        end
      end
      if isolation == "inline" then
        assert.truthy(seen)
      end
    end)

    it("counts page faults", function()
      local few = usage(OPS, "list").page_faults
      local more = usage(OPS, "keep", tostring(1000 * PAGE)).page_faults
      -- Where pages are huge, one fault is for all of them.
      assert.truthy(more > few)
      assert.truthy(few < 100)
    end)

    it("of a guest that only pushes is a page of stack", function()
      local peak = usage(code.new():raw "50":exit(0):module()).peak_memory
      assert.truthy(peak >= PAGE and peak <= 4 * PAGE, peak)
    end)
  end)
end

describe("totals", function()
  it("are the sums of what the channels moved", function()
    local report = assert(zvm.run { program = OPS,
      args = { "put", "3", "0", "abc", "get", "4", "5", "0",
        "get", "4", "5", "5" },
      channels = { a = { buffer = true }, b = { data = "0123456789" } } })
    assert.equal(2, report.totals.gets)
    assert.equal(10, report.totals.get_bytes)
    local puts, bytes = 0, 0
    for _, name in ipairs { "a", "b", "stdin", "stdout", "stderr" } do
      puts = puts + report.channels[name].puts
      bytes = bytes + report.channels[name].put_bytes
    end
    assert.equal(puts, report.totals.puts)
    assert.equal(bytes, report.totals.put_bytes)
    assert.equal(3 + #report.channels.stdout.data, bytes)
  end)
end)
