--- Limits of channels: what fits is taken; then an error, or the run's end.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local elf = require "support.elf"
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

  it("do not forbid to ask whether there is more, nor count it", function()
    -- It is known where a string ends: 0, however often.
    for _, limits in ipairs { { gets = 2 }, { get_bytes = 10 }, {} } do
      local text, report = operate({
        s = { data = "0123456789", limits = limits, on_limit = "stop" },
      }, "get", "3", "5", "0", "get", "3", "5", "5", "get", "3", "5", "10",
        "get", "3", "5", "99")
      assert.equal("5 01234\n5 56789\n0\n0\n", text)
      assert.equal("exit", report.state)
      assert.equal(2, report.channels.s.gets)
      assert.equal(10, report.channels.s.get_bytes)
    end
  end)

  it("do not count the end of a stream, nor forbid it once it is known",
    function()
      local path = host.temporary()
      os.remove(path)
      os.execute("mkfifo " .. path)
      local function get(limits, ...)
        local writer = io.popen("printf 0123456789 >" .. path)
        local text, report = operate({
          s = { path = path, limits = limits },
        }, ...)
        writer:close()
        assert.equal("exit", report.state)
        return text, report.channels.s
      end
      local text, s = get({}, "get", "3", "5", "0", "get", "3", "5", "0",
        "get", "3", "5", "0", "get", "3", "5", "0")
      assert.equal("5 01234\n5 56789\n0\n0\n", text)
      assert.equal(2, s.gets)
      text, s = get({ gets = 1 }, "get", "3", "20", "0", "get", "3", "5", "0")
      assert.equal("10 0123456789\n0\n", text)
      assert.equal(1, s.gets)
      assert.equal(10, s.get_bytes)
      os.remove(path)
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

describe("on_limit", function()
  -- How a run of these operations ends, and what its channel b holds.
  local function stopped(channels, ...)
    for _, ch in pairs(channels) do
      ch.on_limit = "stop"
    end
    local _, report = operate(channels, ...)
    return report
  end

  it("stop ends the run at the first put over a quota of bytes", function()
    local report = stopped({
      b = { buffer = true, limits = { put_bytes = 5 } },
    }, "put", "3", "0", "abc", "put", "3", "0", "def", "put", "3", "0", "g")
    assert.equal("limit", report.state)
    assert.equal("put_bytes", report.limit)
    assert.equal("b", report.channel)
    assert.is_nil(report.code)
    assert.equal("abcde", report.channels.b.data)
    assert.equal(2, report.channels.b.puts)
  end)

  it("stop lets a guest use up its quota to the byte", function()
    local report = stopped({
      b = { buffer = true, limits = { put_bytes = 6, puts = 2 } },
    }, "put", "3", "0", "abc", "put", "3", "0", "def")
    assert.equal("exit", report.state)
    assert.is_nil(report.limit)
    assert.is_nil(report.channel)
    assert.equal("abcdef", report.channels.b.data)
  end)

  it("stop ends the run at the put too many", function()
    local report = stopped({
      ["/srv/log"] = { buffer = true, limits = { puts = 1 } },
    }, "put", "3", "0", "a", "put", "3", "0", "b")
    assert.equal("limit", report.state)
    assert.equal("puts", report.limit)
    assert.equal("/srv/log", report.channel)
    assert.equal("a", report.channels["/srv/log"].data)
  end)

  it("stop ends the run at the first get over a quota", function()
    local report = stopped({
      s = { data = "0123456789", limits = { get_bytes = 5 } },
    }, "get", "3", "3", "0", "get", "3", "3", "3", "get", "3", "3", "6")
    assert.equal("get_bytes", report.limit)
    assert.equal("s", report.channel)
    assert.equal(2, report.traps.pread)
    report = stopped({
      s = { data = "0123456789", limits = { gets = 1 } },
    }, "get", "3", "3", "0", "get", "3", "3", "3")
    assert.equal("gets", report.limit)
  end)

  it("stop lets a guest find the end of what it may read whole", function()
    local report = stopped({
      s = { data = "0123456789", limits = { get_bytes = 10 } },
    }, "drain", "3", "4096")
    assert.equal("exit", report.state)
    assert.equal(10, report.channels.s.get_bytes)
  end)

  it("stop ends a put at a place that no quota reaches", function()
    local report = stopped({
      b = { buffer = true, type = 3, limits = { put_bytes = 100 } },
    }, "put", "3", "9000000000", "x")
    assert.equal("put_bytes", report.limit)
    assert.equal("", report.channels.b.data)
  end)

  it("stop gives the etag of what moved", function()
    local report = stopped({
      b = { buffer = true, etag = true, limits = { put_bytes = 5 } },
    }, "put", "3", "0", "abcdef")
    assert.equal("put_bytes", report.limit)
    assert.equal(host.sha256 "abcde", report.channels.b.etag)
  end)

  it("of the run is that of the channels that do not say", function()
    local options = {
      program = OPS, on_limit = "stop",
      args = { "put", "3", "0", "abc", "put", "4", "0", "abc" },
      channels = {
        a = { buffer = true, limits = { put_bytes = 1 },
          on_limit = "error" },
        b = { buffer = true, limits = { put_bytes = 2 } },
      },
    }
    local report = assert(zvm.run(options))
    assert.equal("limit", report.state)
    assert.equal("b", report.channel)
    assert.equal("a", report.channels.a.data)
    assert.equal("ab", report.channels.b.data)
    -- A standard channel that nobody mentioned: stdin cannot be written.
    options.args = { "put", "0", "0", "x" }
    report = assert(zvm.run(options))
    assert.equal("puts", report.limit)
    assert.equal("stdin", report.channel)
  end)

  it("error is what it is without", function()
    for _, on_limit in ipairs { "error", false } do
      local text, report = operate({
        b = { buffer = true, limits = { put_bytes = 1 },
          on_limit = on_limit or nil },
      }, "put", "3", "0", "ab", "put", "3", "0", "c")
      assert.equal("1\n-122\n", text)
      assert.equal("exit", report.state)
    end
  end)

  it("is told in words", function()
    local _, report = operate({
      b = { buffer = true, limits = { puts = 0 }, on_limit = "stop" },
    }, "put", "3", "0", "a")
    assert.truthy(require("zvm.report").format(report)
      :find "^limit: puts of b ")
  end)
end)

describe("a limit of a file's size", function()
  local path

  before_each(function()
    path = host.temporary()
  end)

  after_each(function()
    os.remove(path)
  end)

  it("clips a put, then gives EFBIG", function()
    for _, kind in ipairs { 0, 3 } do
      local text, report = operate({
        f = { path = path, mode = "w", type = kind,
          limits = { file_size = 5 } },
      }, "put", "3", "0", "abc", "put", "3", "3", "def", "put", "3", "5", "g")
      assert.equal("3\n2\n-27\n", text)
      assert.equal("abcde", host.read_file(path))
      assert.equal(5, report.channels.f.put_bytes)
      assert.is_nil(report.channels.f.error)
    end
  end)

  it("holds for puts far away, and lets holes be", function()
    local text = operate({
      f = { path = path, mode = "w", limits = { file_size = "1M" } },
    }, "put", "3", "1048576", "a", "put", "3", "9000000000000000000", "a",
      "put", "3", "1048574", "abc", "put", "3", "0", "z")
    assert.equal("-27\n-27\n2\n1\n", text)
    assert.equal(1048576, #host.read_file(path))
  end)

  it("counts what was there before", function()
    host.write_file(path, "0123456789")
    for _, mode in ipairs { "a", "r+" } do
      host.write_file(path, "0123456789")
      local text = operate({
        f = { path = path, mode = mode, limits = { file_size = 12 } },
      }, "put", "3", "10", "abc", "put", "3", "12", "d")
      assert.equal("2\n-27\n", text)
      assert.equal("0123456789ab", host.read_file(path))
    end
  end)

  it("stops the run if asked to", function()
    local _, report = operate({
      f = { path = path, mode = "w", limits = { file_size = 5 },
        on_limit = "stop", partial = true },
    }, "put", "3", "4", "abc", "put", "3", "0", "def")
    assert.equal("limit", report.state)
    assert.equal("file_size", report.limit)
    assert.equal("f", report.channel)
    assert.equal("\0\0\0\0a", host.read_file(path))
  end)

  -- What three channels on one descriptor of the file take of two, three
  -- and one byte when it may have eight.
  local function share(redirection, head)
    local program, script = host.temporary(), host.temporary()
    host.write_file(program, code.new():pwrite(1, elf.DATA, 2)
      :pwrite(2, elf.DATA, 3):pwrite(3, elf.DATA, 1):exit(0):module "xyz")
    host.write_file(script, ([[
      local zvm = require "zvm"
      io.write %q io.flush()
      local f = { fd = 1, mode = "w", type = 0, limits = { file_size = 8 } }
      local report = assert(zvm.run { program = %q,
        channels = { stdout = f, stderr = f, out = f } })
      io.stderr:write(report.channels.stdout.put_bytes, " ",
        report.channels.stderr.put_bytes, " ",
        report.channels.out.put_bytes, report.channels.stdout.error or "")
    ]]):format(head, program))
    local pipe = io.popen(("%s %s 2>&1 %s%s"):format(
      os.getenv "ZVM_TEST_LUA" or "lua5.1", script, redirection, path))
    local text = pipe:read "*a"
    pipe:close()
    os.remove(script)
    os.remove(program)
    return text
  end

  it("holds for descriptors that share their position", function()
    host.write_file(path, "0123456789")
    assert.equal("2 2 0", share("1<>", "head"))
    assert.equal("headxyxy89", host.read_file(path))
  end)

  it("holds for descriptors that append", function()
    host.write_file(path, "0123")
    assert.equal("2 2 0", share(">>", ""))
    assert.equal("0123xyxy", host.read_file(path))
    host.write_file(path, "0123456")
    assert.equal("1 0 0", share(">>", ""))
    assert.equal("0123456x", host.read_file(path))
  end)

  it("is refused where there is no file to hold it", function()
    local function refused(spec, message, status)
      local report, text, got = zvm.run {
        program = OPS, channels = { c = spec },
      }
      assert.is_nil(report)
      assert.equal(message, text)
      assert.equal(status, got)
    end
    refused({ path = "/dev/null", mode = "w", limits = { file_size = 1 } },
      "channel /dev/c: not a regular file, so its limit file_size cannot "
      .. "hold; put_size can", "CHANNEL")
    refused({ buffer = true, limits = { file_size = 1 } },
      'zvm.run: channels.c.limits.file_size: only a channel with "path" or '
      .. '"fd" is a file; put_bytes bounds the others', "OPTION")
    refused({ path = path, limits = { file_size = 1 } },
      "zvm.run: channels.c.limits.file_size: this channel cannot be written",
      "OPTION")
    refused({ path = path, mode = "w", limits = { file_size = 0 } },
      "zvm.run: channels.c.limits.file_size: more than 0 bytes expected; "
      .. "put_bytes = 0 forbids to write", "OPTION")
  end)

  it("may be unlimited", function()
    assert.equal("3\n", (operate({
      f = { path = path, mode = "w", limits = { file_size = "unlimited" } },
    }, "put", "3", "0", "abc")))
  end)
end)
