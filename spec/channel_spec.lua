--- Every kind of channel: strings, files, buffers, descriptors, null.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local host = require "support.host"
local lfs = require "lfs"
local zvm = require "zvm"

local OPS = host.guest "channel_ops"

local function operate(channels, ...)
  local report = assert(zvm.run {
    program = OPS, args = { ... }, channels = channels,
  })
  assert.equal("exit", report.state)
  assert.equal("", report.channels.stderr.data or "")
  return report.channels.stdout.data, report
end

local function with_file(text, body)
  local path = host.temporary()
  host.write_file(path, text)
  local ok, message = pcall(body, path)
  os.remove(path)
  if not ok then
    error(message, 0)
  end
end

describe("channels", function()
  it("stand in the manifest in the order of their aliases", function()
    local text = operate({
      zeta = "zzz", alpha = { null = true }, ["/srv/beta"] = "bb",
      gamma = { buffer = true, limits = { puts = 3, put_bytes = "1K" } },
    }, "list")
    local unlimited = "9223372036854775807"
    assert.equal(table.concat({
      "0 /dev/stdin type=0 size=0 limits=U,U,0,0",
      "1 /dev/stdout type=0 size=0 limits=0,0,U,67108864",
      "2 /dev/stderr type=0 size=0 limits=0,0,U,67108864",
      "3 /dev/alpha type=0 size=0 limits=U,U,U,U",
      "4 /dev/gamma type=0 size=0 limits=0,0,3,1024",
      "5 /dev/zeta type=3 size=3 limits=U,U,0,0",
      "6 /srv/beta type=3 size=2 limits=U,U,0,0",
    }, "\n"):gsub("U", unlimited) .. "\n", text)
  end)

  it("are in the report by the names they were given", function()
    local _, report = operate({
      input = "x", ["/srv/data"] = "y", ["/dev/stdin"] = "z",
    })
    assert.equal("/dev/input", report.channels.input.alias)
    assert.equal("/srv/data", report.channels["/srv/data"].alias)
    assert.equal("/dev/stdin", report.channels["/dev/stdin"].alias)
    assert.equal(report.channels.stdin, report.channels["/dev/stdin"])
    assert.is_nil(report.channels["/dev/input"])
  end)

  it("of a name given twice are refused", function()
    local report, message, status = zvm.run {
      program = OPS, channels = { x = "1", ["/dev/x"] = "2" },
    }
    assert.is_nil(report)
    assert.truthy(message:find("same channel", 1, true))
    assert.equal("OPTION", status)
  end)

  it("with impossible names are refused", function()
    for _, name in ipairs { "", "a/b", "/", "//x", "/a//b", "/a/../b",
      "/a/", "sp ace", "new\nline", "n\0l", ("x"):rep(300) } do
      local report, message, status = zvm.run {
        program = OPS, channels = { [name] = "data" },
      }
      assert.is_nil(report, name)
      assert.is_nil(message:find "[%z\n]", name)
      assert.equal("OPTION", status)
    end
  end)
end)

describe("a string", function()
  it("is read at random, and ends", function()
    assert.equal("4 2345\n2 89\n0\n0\n0\n", (operate({ s = "0123456789" },
      "get", "3", "4", "2", "get", "3", "4", "8", "get", "3", "4", "10",
      "get", "3", "4", "9000000000", "get", "3", "0", "0")))
  end)

  it("is read in sequence as stdin", function()
    assert.equal("4 0123\n4 4567\n2 89\n0\n", (operate({
      stdin = "0123456789",
    }, "get", "0", "4", "0", "get", "0", "4", "0", "get", "0", "4", "0",
      "get", "0", "4", "0")))
  end)

  it("may be empty or binary", function()
    assert.equal("0\n", (operate({ s = "" }, "get", "3", "4", "0")))
    local bytes = {}
    for i = 0, 255 do
      bytes[#bytes + 1] = string.char(i)
    end
    local text = table.concat(bytes)
    local report = assert(zvm.run {
      program = code.new():pread(0, 0x21000, 256):pwrite(1, 0x21000, 256)
        :exit(0):module(),
      channels = { stdin = text },
    })
    assert.equal(text, report.channels.stdout.data)
  end)

  it("cannot be written", function()
    assert.equal("-122\n", (operate({ s = "x" }, "put", "3", "0", "y")))
  end)
end)

describe("a buffer", function()
  it("collects in sequence", function()
    local _, report = operate({ b = { buffer = true } },
      "put", "3", "0", "one", "put", "3", "77", "two")
    assert.equal("onetwo", report.channels.b.data)
    assert.equal(2, report.channels.b.puts)
    assert.equal(6, report.channels.b.put_bytes)
  end)

  it("collects at random, holes are zero", function()
    local _, report = operate({ b = { buffer = true, type = 3 } },
      "put", "3", "4", "end", "put", "3", "0", "ab")
    assert.equal("ab\0\0end", report.channels.b.data)
  end)

  it("keeps what it has, however it grows", function()
    local arguments, expected = {}, {}
    for i, count in ipairs { 1, 3, 250, 5, 1700, 200, 4000 } do
      for _, word in ipairs { "put", "3", "0", "<" .. i .. ">", "fill", "3",
        tostring(count) } do
        arguments[#arguments + 1] = word
      end
      expected[#expected + 1] = "<" .. i .. ">" .. ("x"):rep(count * 1024)
    end
    local _, report = operate({ b = { buffer = true } }, unpack(arguments))
    assert.truthy(report.channels.b.data == table.concat(expected))
  end)

  it("has room for what its limit says, and so has each of many", function()
    for size, count in pairs { [300 * 2 ^ 10] = 40, [2 ^ 21] = 8 } do
      -- The room of the standard channels would do for all.
      local channels = {
        stdout = { limits = { put_bytes = "64K" } }, stderr = { null = true },
      }
      local arguments = {}
      for i = 1, count do
        channels["b" .. i] = { buffer = true, limits = { put_bytes = size } }
        for _, word in ipairs { "fill", tostring(i + 2),
          tostring(size / 1024 + 1) } do
          arguments[#arguments + 1] = word
        end
      end
      local text, report = operate(channels, unpack(arguments))
      assert.equal(("-122\n"):rep(count), text)
      for i = 1, count do
        assert.equal(size, #report.channels["b" .. i].data)
      end
    end
  end)

  it("is empty when nothing came", function()
    local _, report = operate { b = { buffer = true } }
    assert.equal("", report.channels.b.data)
  end)

  it("is read back by a guest that may", function()
    local text = operate({
      b = { buffer = true, type = 3, limits = { gets = 9, get_bytes = 9 } },
    }, "put", "3", "0", "abcdef", "get", "3", "3", "2")
    assert.equal("6\n3 cde\n", text)
  end)
end)

describe("a file", function()
  it("is read at random", function()
    with_file("0123456789", function(path)
      assert.equal("3 456\n0\n", (operate({ f = { path = path } },
        "get", "3", "3", "4", "get", "3", "3", "10")))
    end)
  end)

  it("is read in sequence as stdin", function()
    with_file("0123456789", function(path)
      assert.equal("6 012345\n4 6789\n", (operate({ stdin = { path = path } },
        "get", "0", "6", "3", "get", "0", "6", "3")))
    end)
  end)

  it("is emptied and written", function()
    with_file("earlier and longer", function(path)
      local _, report = operate({ f = { path = path, mode = "w" } },
        "put", "3", "0", "new")
      assert.equal("new", host.read_file(path))
      assert.is_nil(report.channels.f.data)
      assert.equal(3, report.channels.f.put_bytes)
    end)
  end)

  it("that is emptied is as new, though it was empty", function()
    with_file("", function(path)
      assert(lfs.touch(path, 1, 1))
      operate({ f = { path = path, mode = "w" } })
      assert.truthy(lfs.attributes(path, "modification") > 1)
    end)
  end)

  it("is made when it is written", function()
    local path = host.temporary()
    os.remove(path)
    operate({ f = { path = path, mode = "w" } }, "put", "3", "2", "x")
    assert.equal("\0\0x", host.read_file(path))
    os.remove(path)
  end)

  it("is appended to", function()
    with_file("old,", function(path)
      operate({ f = { path = path, mode = "a" } }, "put", "3", "0", "new")
      assert.equal("old,new", host.read_file(path))
    end)
  end)

  it("is changed in place", function()
    with_file("0123456789", function(path)
      assert.equal("2\n4 34xx\n", (operate({
        f = { path = path, mode = "r+" },
      }, "put", "3", "5", "xx", "get", "3", "4", "3")))
      assert.equal("01234xx789", host.read_file(path))
    end)
  end)

  it("takes what the guest prints", function()
    with_file("", function(path)
      local report = assert(zvm.run {
        program = code.print "printed",
        channels = { stdout = { path = path } },
      })
      assert.equal("printed", host.read_file(path))
      assert.is_nil(report.channels.stdout.data)
    end)
  end)

  it("of the kernel's making is read as a stream", function()
    local text = operate({ v = { path = "/proc/version" } },
      "get", "3", "5", "0")
    assert.equal("5 Linux\n", text)
  end)

  it("that cannot be opened is a channel error that names all", function()
    for _, case in ipairs {
      { { path = "/nowhere/at/all" }, "/nowhere/at/all" },
      { { path = "/nowhere/at/all", mode = "w" }, "/nowhere/at/all" },
      { { path = "/" }, "directory" },
      { { path = "/dev/null", type = 3 }, "regular file" },
    } do
      host.assert_flat(function()
        local report, message, status = zvm.run {
          program = OPS, channels = { broken = case[1] },
        }
        assert.is_nil(report)
        assert.truthy(message:find("/dev/broken", 1, true), message)
        assert.truthy(message:find(case[2], 1, true), message)
        assert.equal("CHANNEL", status)
      end, 20)
    end
  end)

  it("is not emptied when another channel cannot be opened", function()
    with_file("precious", function(path)
      assert.is_nil((zvm.run {
        program = OPS,
        channels = { a = { path = path, mode = "w" },
          b = { path = "/nowhere" } },
      }))
      assert.equal("precious", host.read_file(path))
    end)
  end)

  it("is not two outputs at once", function()
    with_file("x", function(path)
      local report, _, status = zvm.run {
        program = OPS,
        channels = { a = { path = path, mode = "w" },
          b = { path = path, mode = "w" } },
      }
      assert.is_nil(report)
      assert.equal("CHANNEL", status)
    end)
  end)
end)

describe("a null channel", function()
  it("reads nothing and swallows everything", function()
    local text, report = operate({ n = { null = true } },
      "get", "3", "9", "0", "put", "3", "0", "gone")
    assert.equal("0\n4\n", text)
    assert.equal(4, report.channels.n.put_bytes)
    assert.is_nil(report.channels.n.data)
  end)

  it("is what stdin is by default", function()
    assert.equal("0\n", (operate({}, "get", "0", "9", "0")))
  end)
end)

describe("a descriptor", function()
  it("is read and stays open", function()
    local lua = os.getenv "ZVM_TEST_LUA" or "lua5.1"
    local script = host.temporary()
    host.write_file(script, ([[
      local zvm = require "zvm"
      for _ = 1, 2 do
        local report = assert(zvm.run {
          program = %q, args = { "get", "0", "5", "0" },
          channels = { stdin = { fd = 0 }, stdout = { fd = 1 } },
        })
        assert(report.channels.stdin.get_bytes == 5)
      end
      io.write("rest ", io.read "*a")
    ]]):format(OPS))
    local pipe = io.popen(("printf 'first,second,third' | %s %s"):format(lua,
      script))
    local text = pipe:read "*a"
    pipe:close()
    os.remove(script)
    assert.equal("5 first\n5 ,seco\nrest nd,third", text)
  end)

  it("that is not open is a channel error", function()
    local report, message, status = zvm.run {
      program = OPS, channels = { d = { fd = 987654 } },
    }
    assert.is_nil(report)
    assert.truthy(message:find("987654", 1, true))
    assert.equal("CHANNEL", status)
  end)
end)

describe("an error of the host", function()
  it("is EIO to the guest that writes, and in the report", function()
    local text, report = operate({ f = { path = "/dev/full", mode = "w" } },
      "put", "3", "0", "x", "put", "3", "0", "x")
    assert.equal("-5\n-5\n", text)
    local f = report.channels.f
    assert.equal("No space left on device", f.error)
    assert.equal(28, f.errno)
    assert.equal(0, f.put_bytes)
    assert.is_nil(report.channels.stdout.error)
  end)

  it("is EIO to the guest that reads, and in the report", function()
    -- It is read by eights.
    local text, report = operate({ f = { path = "/proc/self/pagemap" } },
      "get", "3", "5", "0", "get", "3", "5", "0")
    assert.equal("-5\n-5\n", text)
    assert.equal("Invalid argument", report.channels.f.error)
    assert.equal(22, report.channels.f.errno)
    assert.equal(0, report.channels.f.get_bytes)
  end)
end)

describe("a pipe that closes", function()
  it("gives the guest an error, the report its cause, the host its life",
    function()
      local lua = os.getenv "ZVM_TEST_LUA" or "lua5.1"
      local script = host.temporary()
      host.write_file(script, ([[
        local zvm = require "zvm"
        local report = assert(zvm.run {
          program = %q, args = { "fill", "3", "1000" },
          channels = { p = { fd = 1, mode = "w" } },
        })
        io.stderr:write(report.channels.stdout.data,
          report.channels.p.error, "\n")
      ]]):format(OPS))
      local pipe = io.popen(("{ %s %s | true; } 2>&1"):format(lua, script))
      local text = pipe:read "*a"
      pipe:close()
      os.remove(script)
      assert.equal("-5\nBroken pipe\n", text)
    end)
end)
