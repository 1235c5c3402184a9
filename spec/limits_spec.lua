--- Limits of channels: what fits is taken, then -EDQUOT.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local zvm = require "zvm"

local OPS = host.guest "channel_ops"

local function operate(channels, ...)
  local report = assert(zvm.run {
    program = OPS, args = { ... }, channels = channels,
  })
  return report.channels.stdout.data, report
end

describe("limits", function()
  it("clip the bytes of a put, then give EDQUOT", function()
    local text, report = operate({
      b = { buffer = true, limits = { put_bytes = 5 } },
    }, "put", "3", "0", "abc", "put", "3", "0", "def", "put", "3", "0", "g")
    assert.equal("3\n2\n-122\n", text)
    assert.equal("abcde", report.channels.b.data)
    assert.equal(5, report.channels.b.put_bytes)
  end)

  it("count the calls of a put", function()
    local text, report = operate({
      b = { buffer = true, limits = { puts = 2 } },
    }, "put", "3", "0", "a", "put", "3", "0", "b", "put", "3", "0", "c")
    assert.equal("1\n1\n-122\n", text)
    assert.equal("ab", report.channels.b.data)
    assert.equal(2, report.channels.b.puts)
  end)

  it("clip the bytes of a get, then give EDQUOT", function()
    local text, report = operate({
      s = { data = "0123456789", limits = { get_bytes = 5 } },
    }, "get", "3", "3", "0", "get", "3", "3", "3", "get", "3", "3", "6")
    assert.equal("3 012\n2 34\n-122\n", text)
    assert.equal(5, report.channels.s.get_bytes)
  end)

  it("count the calls of a get", function()
    local text, report = operate({
      s = { data = "0123456789", limits = { gets = 1 } },
    }, "get", "3", "3", "0", "get", "3", "3", "3")
    assert.equal("3 012\n-122\n", text)
    assert.equal(1, report.channels.s.gets)
  end)

  it("of nothing give nothing", function()
    local text = operate({
      s = { data = "x", limits = { gets = 0 } },
      t = { data = "x", limits = { get_bytes = 0 } },
      u = { buffer = true, limits = { puts = 0 } },
      v = { buffer = true, limits = { put_bytes = "0" } },
    }, "get", "3", "1", "0", "get", "4", "1", "0", "put", "5", "0", "x",
      "put", "6", "0", "x")
    assert.equal(("-122\n"):rep(4), text)
  end)

  it("may be sizes with a unit, or unlimited", function()
    for _, limit in ipairs { 10240, "10K", "1G", "unlimited", math.huge } do
      local text, report = operate({
        b = { buffer = true, limits = { put_bytes = limit } },
      }, "fill", "3", "10")
      assert.equal("1024\n", text)
      assert.equal(10240, #report.channels.b.data)
    end
  end)

  it("of a buffer are 64 MiB unless said otherwise", function()
    local text, report = operate({ b = { buffer = true } },
      "fill", "3", "65537")
    assert.equal("-122\n", text)
    assert.equal(64 * 1024 * 1024, #report.channels.b.data)
  end)

  it("hold for files too", function()
    local path = host.temporary()
    local text = operate({
      f = { path = path, mode = "w", limits = { put_bytes = 4 } },
    }, "put", "3", "0", "abcdef", "put", "3", "4", "g")
    assert.equal("4\n-122\n", text)
    assert.equal("abcd", host.read_file(path))
    os.remove(path)
  end)
end)
