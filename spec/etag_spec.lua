--- Etags: the SHA-256 of all bytes a channel moved.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local zvm = require "zvm"

local OPS = host.guest "channel_ops"

local function channel_after(spec, ...)
  local report = assert(zvm.run {
    program = OPS, args = { ... }, channels = { c = spec },
  })
  return report.channels.c
end

describe("an etag", function()
  it("of what was written is what sha256sum says", function()
    local c = channel_after({ buffer = true, etag = true },
      "fill", "3", "100", "put", "3", "0", "end")
    assert.equal(host.sha256(("x"):rep(102400) .. "end"), c.etag)
    assert.equal(host.sha256(c.data), c.etag)
  end)

  it("of what was read is what sha256sum says", function()
    local text = ("0123456789"):rep(1000)
    local c = channel_after({ data = text, etag = "sha256" },
      "drain", "3", "777")
    assert.equal(host.sha256(text), c.etag)
  end)

  it("counts only bytes that moved", function()
    local c = channel_after({ data = "0123456789", etag = true },
      "get", "3", "3", "2")
    assert.equal(host.sha256 "234", c.etag)
  end)

  it("of a file is that of the file", function()
    local path = host.temporary()
    local c = channel_after({ path = path, mode = "w", etag = true },
      "put", "3", "0", "one", "put", "3", "3", "two")
    assert.equal(host.sha256 "onetwo", c.etag)
    assert.equal(host.sha256(host.read_file(path)), c.etag)
    os.remove(path)
  end)

  it("of nothing is that of the empty string", function()
    assert.equal(host.sha256 "", channel_after({
      buffer = true, etag = true,
    }).etag)
  end)

  it("is there for those who ask", function()
    assert.is_nil(channel_after({ buffer = true }).etag)
    assert.is_nil(channel_after({ buffer = true, etag = false }).etag)
  end)

  it("of stdout needs no source", function()
    local report = assert(zvm.run {
      program = OPS, args = { "put", "1", "0", "" , "list" },
      channels = { stdout = { etag = true } },
    })
    local stdout = report.channels.stdout
    assert.equal(host.sha256(stdout.data), stdout.etag)
  end)
end)
