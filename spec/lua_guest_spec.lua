-- lua.zvm: PUC Lua 5.1 in the sandbox says what it says on the host.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"
local guests = require "zvm.guests"
local tar = require "zvm.tar"
local zvm = require "zvm"

local LUA = assert(guests.find "lua.zvm")
local COMMAND = "lua/bin/zvm run %s " .. LUA .. " %s 2>&1; echo $?"
local INPUT = "input line\n42 rest\n"

local function run(args, options)
  local job = { program = LUA, args = args }
  for key, value in pairs(options or {}) do
    job[key] = value
  end
  local report = assert(zvm.run(job))
  return report.channels.stdout.data .. report.channels.stderr.data, report
end

-- A script below its own name, in a folder of the guest's.
local function script(path, options)
  local name = path:match "[^/]*$"
  options = options or {}
  options.directory = "/script"
  options.files = { ["/script/" .. name] = host.read_file(path) }
  options.channels = { stdin = INPUT }
  return run({ name }, options)
end

local function native(path)
  return host.output(("cd %s && printf '%s' | lua5.1 %s 2>&1"):format(
    path:match "^(.*)/", INPUT, path:match "[^/]*$"))
end

describe("lua.zvm", function()
  for _, name in ipairs { "numbers", "strings", "tables", "control", "files" }
  do
    it("prints what Lua prints on the host: " .. name, function()
      local path = "spec/guest/lua/" .. name .. ".lua"
      local expected = native(path)
      assert.truthy(#expected > 400)
      assert.equal(expected, (script(path)))
    end)
  end

  it("runs the programs of Lua's own package", function()
    for _, name in ipairs { "bisect", "cf", "factorial", "fibfor", "hello",
      "sieve", "sort", "xd" } do
      local path = host.build() .. "/src/lua5.1/test/" .. name .. ".lua"
      assert.equal(native(path), (script(path)))
    end
  end)

  it("is a command: scripts, arguments, streams, exit codes", function()
    host.inside(function(dir)
      host.write_file(dir .. "/s.lua",
        "print(#arg, arg[1], ...) print(io.read '*a') os.exit(7)")
      assert.equal("2\tone\tone\ttwo\nread\n7\n", host.output("echo -n read | "
        .. COMMAND:format("", "@" .. dir .. "/s.lua one two")))
    end)
    assert.equal("lua.zvm: (command line):1: boom\nstack traceback:\n"
      .. "\t[C]: in function 'error'\n\t(command line):1: in main chunk\n"
      .. "\t[C]: ?\n1\n",
      host.output(COMMAND:format("", "-e 'error \"boom\"'")))
    assert.truthy(host.output(COMMAND:format("", "-v")):find "^Lua 5%.1%.")
  end)

  it("takes scripts and modules from an image", function()
    local image = tar.pack {
      { name = "app/main.lua", data = "print(require 'lib.greet' (...))" },
      { name = "app/lib/greet.lua",
        data = "return function(n) return 'hello, ' .. n end" },
      { name = "usr/local/share/lua/5.1/shared.lua", data = "return 'shared'" },
    }
    local options = { images = { { data = image } }, directory = "/app" }
    assert.equal("hello, you\n", (run({ "main.lua", "you" }, options)))
    assert.equal("shared\n", (run({ "-e", "print(require 'shared')" },
      options)))
    options.env = { LUA_PATH = "/app/lib/?.lua" }
    assert.equal("function\n", (run({ "-e", "print(type(require 'greet'))" },
      options)))
    assert.truthy(run({ "-e", "require 'none'" }, options)
      :find "module 'none' not found")
  end)

  it("takes a script from a channel, and reads others", function()
    assert.equal("5\n", (run({ "/dev/main" }, { channels = {
      main = "print(#io.open('/dev/other'):read '*a')", other = "12345" } })))
    assert.equal("from stdin\n", (run({ "-" },
      { channels = { stdin = "print 'from stdin'" } })))
  end)

  it("has a clock and random numbers that are the same each time", function()
    local code = "print(os.time(), os.clock(), os.date '%Y', math.random(), "
      .. "os.tmpname(), {}, tostring(print))"
    local first = run { "-e", code }
    assert.equal(first, (run { "-e", code }))
    assert.truthy(first:find "^946684800\t")
    assert.truthy(run({ "-e", "print(os.date '!%c')" },
      { clock = "2024-02-29T12:00:00Z" }):find "Feb 29 12:00:00 2024")
  end)

  it("says no to processes and libraries as Lua does when a call fails",
    function()
      assert.equal("0\t-1\n", (run { "-e",
        "print(os.execute(), os.execute 'ls')" }))
      assert.truthy(run { "-e", "print(io.popen 'ls')" }
        :find "^nil\tls: Resource temporarily unavailable\t11\n$")
      assert.truthy(run { "-e", "print(package.loadlib('/x.so', 'f'))" }
        :find "^nil\tdynamic libraries not enabled")
      assert.equal("nil\t/etc/passwd: No such file or directory\t2\n",
        (run { "-e", "print(io.open '/etc/passwd')" }))
      assert.equal("nil\n", (run { "-e", "print(os.getenv 'HOME')" }))
    end)

  it("runs out of memory as an error of Lua", function()
    assert.equal("false\tnot enough memory\n", (run({ "-e",
      "print(pcall(string.rep, 'x', 2 ^ 28))" }, { memory = "16M" })))
  end)

  it("formats whole numbers beyond 32 bits", function()
    assert.equal("1099511627776 ffffffffff\n", (run { "-e",
      "print(('%d %x'):format(2 ^ 40, 2 ^ 40 - 1))" }))
  end)

  it("has Lua-CJSON", function()
    assert.equal('[1,{"a":[true,null]}]\n2.1.0\ttrue\n', (run { "-e", [[
      local cjson = require "cjson"
      print(cjson.encode { 1, { a = { true, cjson.null } } })
      local safe = require "cjson.safe"
      print(cjson._VERSION, safe.decode "{" == nil)]] }))
  end)
end)

-- The guest is the same whatever runs this spec: once is enough.
if not (os.getenv "ZVM_TEST_LUA" or "luajit"):find "^luajit$" then
  return
end

-- Every character of Unicode, as the suite's script in another language
-- makes it.
local function all_characters()
  local parts, char = {}, string.char
  local function bits(n, shift)
    return 128 + math.floor(n / 2 ^ shift) % 64
  end
  for n = 0, 0x10ffff do
    if n < 0x80 then
      parts[#parts + 1] = char(n)
    elseif n < 0x800 then
      parts[#parts + 1] = char(192 + math.floor(n / 64), bits(n, 0))
    elseif n < 0xd800 or n > 0xdfff and n < 0x10000 then
      parts[#parts + 1] = char(224 + math.floor(n / 4096), bits(n, 6),
        bits(n, 0))
    elseif n > 0xffff then
      parts[#parts + 1] = char(240 + math.floor(n / 262144), bits(n, 12),
        bits(n, 6), bits(n, 0))
    end
  end
  return table.concat(parts)
end

describe("Lua-CJSON's own tests", function()
  it("pass in the sandbox", function()
    local from = host.build() .. "/src/lua-cjson/"
    local files = {
      ["/t/cjson/util.lua"] = host.read_file(from .. "lua/cjson/util.lua"),
      ["/t/utf8.dat"] = all_characters(),
    }
    for path in host.output("ls " .. from .. "tests/*"):gmatch "[^\n]+" do
      files["/t/" .. path:match "[^/]*$"] = host.read_file(path)
    end
    local text = run({ "test.lua" }, { files = files, directory = "/t",
      memory = "512M" })
    assert.truthy(text:find "all tests succeeded")
    local _, passed = text:gsub("PASS", "")
    assert.equal(102, passed)
  end)
end)
