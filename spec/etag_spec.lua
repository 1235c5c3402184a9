--- Etags: digests of all bytes that a channel moved, of the content of what
-- was put at random, and of memory.
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

-- As the system's own program gives it.
local function sum(algorithm, text)
  local path = host.temporary()
  host.write_file(path, text)
  local pipe = io.popen(algorithm .. "sum " .. path)
  local digest = pipe:read "*a":match "^%x+"
  pipe:close()
  os.remove(path)
  return digest
end

describe("an etag", function()
  it("is of the algorithm that was asked for", function()
    for name, digits in pairs { sha256 = 64, sha1 = 40, md5 = 32 } do
      local c = channel_after({ buffer = true, etag = name },
        "fill", "3", "100", "put", "3", "0", "end")
      assert.equal(digits, #c.etag)
      assert.equal(sum(name, c.data), c.etag)
    end
  end)

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

describe("a final etag", function()
  -- "one" at 6, "two" at 0, a hole of three zeros
  local PUTS = { "put", "3", "6", "one", "put", "3", "0", "two" }
  local STREAM, CONTENT = "onetwo", "two\0\0\0one"

  it("of what was put at random is that of the whole", function()
    for name in pairs { sha256 = 1, sha1 = 1, md5 = 1 } do
      local c = channel_after({ buffer = true, type = 3, etag = name },
        unpack(PUTS))
      assert.equal(CONTENT, c.data)
      assert.equal(sum(name, STREAM), c.etag)
      assert.equal(sum(name, CONTENT), c.final_etag)
    end
  end)

  it("of a file is that of the file", function()
    for _, spec in ipairs {
      { mode = "w" }, { mode = "w", partial = true }, { mode = "r+" },
      { mode = "w", type = 2 },
    } do
      local path = host.temporary()
      spec.path, spec.etag = path, true
      local c = channel_after(spec, unpack(PUTS))
      assert.equal(CONTENT, host.read_file(path))
      assert.equal(host.sha256(STREAM), c.etag)
      assert.equal(host.sha256(CONTENT), c.final_etag)
      os.remove(path)
    end
  end)

  it("has what was there before and was not touched", function()
    local path = host.temporary()
    host.write_file(path, ("0123456789"):rep(20000))
    local c = channel_after({ path = path, mode = "r+", etag = true },
      "put", "3", "5", "x")
    assert.equal(host.sha256 "x", c.etag)
    assert.equal(host.sha256(host.read_file(path)), c.final_etag)
    assert.equal(1, c.puts)
    assert.equal(0, c.gets)
    os.remove(path)
  end)

  it("costs no quota", function()
    local c = channel_after({ buffer = true, type = 3, etag = true,
      limits = { puts = 2, put_bytes = 9 } }, unpack(PUTS))
    assert.equal(2, c.puts)
    assert.equal(6, c.put_bytes)
    assert.equal(0, c.gets)
    assert.truthy(c.final_etag)
  end)

  it("is there where a guest may put at random, and only there", function()
    local path = host.temporary()
    host.write_file(path, "text")
    for _, spec in ipairs {
      { buffer = true }, { buffer = true, type = 1 }, { data = "x" },
      { path = path }, { path = path, mode = "a" }, { null = true, type = 3 },
      { path = path, mode = "r+", limits = { puts = 0 } },
      { path = path, mode = "w", type = 0 },
    } do
      spec.etag = true
      local c = channel_after(spec, "list")
      assert.truthy(c.etag)
      assert.is_nil(c.final_etag)
    end
    local c = channel_after({ buffer = true, type = 3 }, "list")
    assert.is_nil(c.final_etag)
    os.remove(path)
  end)

  it("is there after a fault and after a channel's limit", function()
    for _, ending in ipairs { { "fault" }, { "put", "3", "3", "x" } } do
      local c = channel_after({ buffer = true, type = 3, etag = true,
        on_limit = "stop", limits = { puts = 1 } },
        "put", "3", "3", "one", unpack(ending))
      assert.equal(host.sha256 "\0\0\0one", c.final_etag)
    end
  end)

  it("is a part of the run, whose timeout holds for it", function()
    local path = host.temporary()
    local system = require "system"
    local function timed(...)
      local start = system.monotime()
      local report = assert(zvm.run { program = OPS, timeout = 0.2,
        args = { "put", "3", "99999999999", "x", ... },
        channels = { c = { path = path, mode = "w", etag = true } } })
      assert.truthy(system.monotime() - start < 1.5)
      return report
    end
    local report = timed()
    assert.equal("timeout", report.state)
    assert.is_nil(report.code)
    assert.truthy(report.channels.c.etag)
    assert.is_nil(report.channels.c.final_etag)
    assert.is_nil(report.channels.c.error)
    assert.truthy(report.times.wall >= 0.2)
    -- What came before it stays what it was.
    report = timed "fault"
    assert.equal("fault", report.state)
    assert.is_nil(report.channels.c.final_etag)
    assert.equal("", host.read_file(path))
    os.remove(path)
  end)

  it("is a part of the run, whose limit of CPU time holds for it", function()
    local path = host.temporary()
    local report = assert(zvm.run { program = OPS, cpu = 0.1,
      args = { "put", "3", "99999999999", "x" },
      channels = { c = { path = path, mode = "w", etag = true } } })
    assert.equal("limit", report.state)
    assert.equal("cpu", report.limit)
    assert.is_nil(report.channels.c.final_etag)
    os.remove(path)
  end)
end)

describe("a memory etag", function()
  local function memory_etag(options, ...)
    options.program, options.args = OPS, { ... }
    return assert(zvm.run(options))
  end

  it("is there for those who ask, by their algorithm", function()
    for name, digits in pairs { sha256 = 64, sha1 = 40, md5 = 32 } do
      local report = memory_etag({ memory_etag = name }, "list")
      assert.equal(digits, #report.memory_etag)
      assert.truthy(report.memory_etag:find "^%x+$")
    end
    assert.is_nil(memory_etag({}, "list").memory_etag)
    assert.is_nil(memory_etag({ memory_etag = false }, "list").memory_etag)
  end)

  it("is the same in both isolations, whatever ran before", function()
    local all = {}
    for _ = 1, 4 do
      for _, isolation in ipairs { "inline", "process" } do
        all[memory_etag({ memory_etag = true, isolation = isolation },
          "keep", "300000").memory_etag] = true
        memory_etag({ isolation = isolation }, "keep", "4000000")
      end
    end
    assert.truthy(next(all))
    assert.is_nil(next(all, next(all)))
  end)

  it("tells what a guest did differently", function()
    local a = memory_etag({ memory_etag = true }, "keep", "300000")
    local b = memory_etag({ memory_etag = true }, "keep", "300001")
    assert.equal(a.channels.stdout.data, b.channels.stdout.data)
    assert.not_equal(a.memory_etag, b.memory_etag)
  end)

  it("is there after a fault, and not after a timeout", function()
    local report = memory_etag({ memory_etag = true }, "fault")
    assert.equal("fault", report.state)
    assert.truthy(report.memory_etag)
    report = memory_etag({ memory_etag = true, timeout = 0.05 }, "loop")
    assert.equal("timeout", report.state)
    assert.is_nil(report.memory_etag)
  end)

  it("is what docs/etags.md says", function()
    -- The guest writes a byte of its heap and one of its stack, and halts: it
    -- has no more memory that is not zeros.
    local code = require "support.code"
    local report = assert(zvm.run { memory_etag = "md5",
      program = code.new():mov("eax", 0x21008):raw "67 c6 00 41"
        :mov("eax", 0xfffffff0):raw "67 c6 00 42":raw "f4":module() })
    local function page(address, at, byte)
      local bytes = {}
      for i = 0, 7 do
        bytes[i + 1] = string.char(math.floor(address / 256 ^ i) % 256)
      end
      return table.concat(bytes) .. ("\0"):rep(at) .. byte
        .. ("\0"):rep(4095 - at)
    end
    assert.equal(sum("md5", page(0x21000, 8, "A")
      .. page(0xfffff000, 0xff0, "B")), report.memory_etag)
  end)
end)
