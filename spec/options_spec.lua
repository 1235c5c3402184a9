--- Options: each mistake gives nil, a message that names its place, a code.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local host = require "support.host"
local more = require "cases.run_options"
local zvm = require "zvm"

local PROGRAM = code.exit(0)

-- `whole`: the message is all of it, with the name of the function.
local function assert_refused(options, message, whole)
  if options.program == nil then
    options.program = PROGRAM
  end
  host.assert_flat(function()
    local report, text, status, extra = zvm.run(options)
    assert.is_nil(report)
    assert.equal((whole and "" or "zvm.run: ") .. message, text)
    assert.equal("OPTION", status)
    assert.is_nil(extra)
  end, 10)
  assert.equal(0, zvm.run({ program = PROGRAM }).code)
end

describe("an unknown option", function()
  local CASES = {
    { { memroy = 1 }, 'unknown option "memroy"; did you mean "memory"?' },
    { { prog = 1 }, 'unknown option "prog"; did you mean "program"?' },
    { { channel = {} },
      'unknown option "channel"; did you mean "channels"?' },
    { { argv = {} }, 'unknown option "argv"; did you mean "args"?' },
    { { environment = {} },
      'unknown option "environment"; did you mean "env"?' },
    { { Stack = 1 }, 'unknown option "Stack"; did you mean "stack"?' },
    { { ["a\nb\0"] = 1 },
      'unknown option "a\\010b\\000"; did you mean "args"?' },
    { { channels = { stdin = { file = "x" } } }, 'channels.stdin: '
      .. 'unknown option "file"; did you mean "pipe"?' },
    { { channels = { stdout = { limit = {} } } }, 'channels.stdout: '
      .. 'unknown option "limit"; did you mean "limits"?' },
    { { channels = { stdout = { limits = { putbytes = 1 } } } },
      'channels.stdout.limits: '
      .. 'unknown option "putbytes"; did you mean "put_bytes"?' },
    { { channels = { x = { data = "", etags = true } } },
      'channels.x: unknown option "etags"; did you mean "etag"?' },
  }
  for _, case in ipairs(CASES) do
    local name = case[2]:match '"(.-)"'
    it(("such as %q is named with the nearest known"):format(name),
      function()
        assert_refused(case[1], case[2])
      end)
  end

  it("is told of first in byte order when there are many", function()
    local options = {}
    for i = 1, 100 do
      options["x" .. i] = true
    end
    assert_refused(options,
      'unknown option "x1"; did you mean "env"?')
  end)

  it("that is very long is cut", function()
    local _, message = zvm.run { [("y"):rep(100000)] = 1 }
    assert.truthy(#message < 200)
  end)

  it("without a name is refused", function()
    assert_refused({ PROGRAM },
      "a value without a name; options are program = ...")
    assert_refused({ [true] = 1 },
      "a value without a name; options are program = ...")
  end)
end)

describe("a wrong type", function()
  local SIZE = "number or size string expected, got "
  local function channel(spec)
    return { channels = { c = spec } }
  end
  local function limit(value)
    return channel { null = true, limits = { puts = value } }
  end
  local CASES = {
    { { program = false },
      "program: zvm.module, path or bytes expected, got boolean" },
    { { program = io.stdout },
      "program: zvm.module, path or bytes expected, got userdata" },
    { { name = 5 }, "name: string expected, got number" },
    { { name = "a\0b" }, "name: string contains a NUL byte" },
    { { args = "x" }, "args: table expected, got string" },
    { { args = { 1 } }, "args.1: string expected, got number" },
    { { args = { "a", {} } }, "args.2: string expected, got table" },
    { { args = { "a\0" } }, "args.1: string contains a NUL byte" },
    { { args = { "a", x = "b" } },
      "args: list of strings expected, got holes or names in it" },
    { { env = "x" }, "env: table expected, got string" },
    { { env = { A = 1 } }, "env.A: string expected, got number" },
    { { env = { A = "\0" } }, "env.A: string contains a NUL byte" },
    { { env = { "A=1" } }, "env: a variable without a name" },
    { { env = { [""] = "1" } },
      'env: "" cannot be the name of a variable' },
    { { env = { ["A=B"] = "1" } },
      'env: "A=B" cannot be the name of a variable' },
    { { memory = true }, "memory: " .. SIZE .. "boolean" },
    { { memory = {} }, "memory: " .. SIZE .. "table" },
    { { memory = "64X" },
      'memory: size such as 4096 or "64M" expected, got "64X"' },
    { { memory = "" },
      'memory: size such as 4096 or "64M" expected, got ""' },
    { { memory = "M" },
      'memory: size such as 4096 or "64M" expected, got "M"' },
    { { memory = "1.5M" },
      'memory: size such as 4096 or "64M" expected, got "1.5M"' },
    { { memory = "99999999999999999999" }, "memory: size such as 4096 or "
      .. '"64M" expected, got "99999999999999999999"' },
    { { memory = 1.5 }, "memory: whole number of bytes expected, got 1.5" },
    { { memory = -1 }, "memory: whole number of bytes expected, got -1" },
    { { memory = math.huge },
      "memory: whole number of bytes expected, got inf" },
    { { memory = 0 }, "memory: more than 0 bytes expected" },
    { { stack = "" },
      'stack: size such as 4096 or "64M" expected, got ""' },
    { { stack = print }, "stack: " .. SIZE .. "function" },
    { { channels = 1 }, "channels: table expected, got number" },
    { { channels = { "x" } }, "channels: a channel without a name" },
    { channel(1), "channels.c: string or table expected, got number" },
    { channel(true), "channels.c: string or table expected, got boolean" },
    { channel {}, "channels.c: no source: one of path, data, buffer, fd, "
      .. "null, uri, read, write or pipe expected" },
    { channel { buffer = false }, "channels.c: no source: one of path, "
      .. "data, buffer, fd, null, uri, read, write or pipe expected" },
    { channel { path = 1 }, "channels.c.path: string expected, got number" },
    { channel { path = "a\0b" },
      "channels.c.path: string contains a NUL byte" },
    { channel { data = 1 }, "channels.c.data: string expected, got number" },
    { channel { buffer = 1 },
      "channels.c.buffer: boolean expected, got number" },
    { channel { null = "yes" },
      "channels.c.null: boolean expected, got string" },
    { channel { fd = "0" }, "channels.c.fd: number expected, got string" },
    { channel { fd = -1 }, "channels.c.fd: whole number from 0 to "
      .. "2147483647 expected, got -1" },
    { channel { fd = 0.5 }, "channels.c.fd: whole number from 0 to "
      .. "2147483647 expected, got 0.5" },
    { channel { path = "x", data = "y" }, "channels.c.data: a channel has "
      .. 'one source, and "path" is given too' },
    { channel { path = "x", mode = "rw" },
      'channels.c.mode: "r", "w", "a" or "r+" expected, got "rw"' },
    { channel { path = "x", mode = 1 },
      "channels.c.mode: string expected, got number" },
    { channel { data = "x", mode = "r" },
      'channels.c.mode: only a channel with "path", "fd", "uri" or "pipe" '
      .. "has a mode" },
    { channel { data = "x", type = 4 },
      "channels.c.type: whole number from 0 to 3 expected, got 4" },
    { channel { data = "x", type = "0" },
      "channels.c.type: number expected, got string" },
    { channel { data = "x", etag = 1 },
      "channels.c.etag: boolean or name of a digest expected, got number" },
    { channel { data = "x", etag = "sha512" }, 'channels.c.etag: "sha256", '
      .. '"sha1" or "md5" expected, got "sha512"' },
    { channel { data = "x", etag = "MD5\n" }, 'channels.c.etag: "sha256", '
      .. '"sha1" or "md5" expected, got "MD5\\010"' },
    { { memory_etag = 1 },
      "memory_etag: boolean or name of a digest expected, got number" },
    { { memory_etag = "crc32" }, 'memory_etag: "sha256", "sha1" or "md5" '
      .. 'expected, got "crc32"' },
    { channel { path = "x", mode = "w", partial = 1 },
      "channels.c.partial: boolean expected, got number" },
    { channel { path = "x", partial = true }, "channels.c.partial: only a "
      .. 'channel with "path" and mode "w" can be partial; others are '
      .. "written in place" },
    { channel { buffer = true, partial = true }, "channels.c.partial: only a "
      .. 'channel with "path" and mode "w" can be partial; others are '
      .. "written in place" },
    { channel { data = "x", limits = 1 },
      "channels.c.limits: table expected, got number" },
    { channel { data = "x", limits = { 1 } }, "channels.c.limits: a value "
      .. "without a name; options are gets = ..." },
    { limit(true), "channels.c.limits.puts: " .. SIZE .. "boolean" },
    { limit(-1),
      "channels.c.limits.puts: whole number of bytes expected, got -1" },
    { limit(2 ^ 53 + 2), "channels.c.limits.puts: whole number of bytes "
      .. "expected, got 9.007199254741e+15" },
    { limit "many", "channels.c.limits.puts: size such as 4096 or "
      .. '"64M" expected, got "many"' },
    { channel { data = "x", on_limit = "halt" },
      'channels.c.on_limit: "error" or "stop" expected, got "halt"' },
    { channel { data = "x", on_limit = true },
      "channels.c.on_limit: string expected, got boolean" },
    { { on_limit = "stopp" },
      'on_limit: "error" or "stop" expected, got "stopp"' },
    { channel { data = "x", limits = { puts = 1 } },
      "channels.c.limits.puts: this channel cannot be written" },
    { channel { path = "x", mode = "w", limits = { gets = 1 } },
      "channels.c.limits.gets: this channel cannot be read" },
  }
  for _, case in ipairs(CASES) do
    it("is refused: " .. case[2], function()
      assert_refused(case[1], case[2])
    end)
  end

  it("is refused when there is no program", function()
    local report, message, status = zvm.run {}
    assert.is_nil(report)
    assert.equal("zvm.run: program: zvm.module, path or bytes expected, "
      .. "got nil", message)
    assert.equal("OPTION", status)
  end)

  it("is found before anything is opened or loaded", function()
    local path = host.temporary()
    host.write_file(path, "precious")
    assert.is_nil((zvm.run {
      program = "/nowhere", channels = { a = { path = path, mode = "w" } },
      memory = true,
    }))
    assert.equal("precious", host.read_file(path))
    os.remove(path)
  end)
end)

describe("a wrong option", function()
  for i, case in ipairs(more) do
    it(("%d is refused: %s"):format(i, case[2]), function()
      assert_refused(case[1], case[2], true)
    end)
  end
end)

describe("option tables", function()
  it("are read raw, so that no metamethod runs", function()
    local called = false
    local options = setmetatable({ program = PROGRAM }, {
      __index = function()
        called = true
      end,
    })
    assert.equal(0, zvm.run(options).code)
    assert.is_false(called)
  end)

  it("are not changed", function()
    local options = {
      program = PROGRAM, args = { "a" }, env = { A = "1" },
      memory = "1M", channels = { stdin = "x", out = { buffer = true } },
    }
    assert(zvm.run(options))
    assert.same({
      program = PROGRAM, args = { "a" }, env = { A = "1" },
      memory = "1M", channels = { stdin = "x", out = { buffer = true } },
    }, options)
  end)

  it("may change under a finalizer's hands", function()
    local module = assert(zvm.load(PROGRAM))
    local pause = collectgarbage("setpause", 0)
    local factor = collectgarbage("setstepmul", 100000)
    local seen = {}
    for i = 1, 400 do
      local options = {
        program = module, args = { "a" .. i, "b" .. i },
        env = { ["A" .. i] = "1" },
        channels = { ["x" .. i] = "data", y = { buffer = true } },
      }
      local part = ({ "args", "env", "channels", "program" })[i % 4 + 1]
      getmetatable(newproxy(true)).__gc = function()
        if part == "program" then
          options.program = nil
          return
        end
        for key in pairs(options[part]) do
          options[part][key] = nil
        end
        for n = 1, 20 do
          options[part][n] = "more"
        end
      end
      local report, _, status = zvm.run(options)
      seen[report and report.state or status] = true
    end
    collectgarbage("setpause", pause)
    collectgarbage("setstepmul", factor)
    seen.exit, seen.OPTION = nil, nil
    assert.same({}, seen)
  end)
end)
