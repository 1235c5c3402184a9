--- Sources with another side: sockets, FIFOs, functions, pipes between runs.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local zvm = require "zvm"

local OPS = host.guest "channel_ops"
local HELLO = host.guest "01-hello/main"
local LUA = os.getenv "ZVM_TEST_LUA" or "luajit"

local function options(channels, ...)
  return { program = OPS, args = { ... }, channels = channels, timeout = 10,
    isolation = "process" }
end

local function text_of(report, message)
  assert(report, message)
  assert.equal("exit", report.state)
  return report.channels.stdout.data
end

--- The lines that the guest prints, joined by blanks; and the report.
local function operate(channels, ...)
  local report = assert(zvm.run(options(channels, ...)))
  return (text_of(report):gsub("\n$", ""):gsub("\n", " ")), report
end

local function start(channels, ...)
  local chosen = options(channels, ...)
  return assert(zvm.start(chosen))
end

local function finish(session)
  return (text_of(session:wait()):gsub("\n$", ""):gsub("\n", " "))
end

local function failure(channel, timeout)
  local chosen = options({ x = channel }, "list")
  chosen.timeout = timeout or 0.2
  local report, message, status = zvm.run(chosen)
  assert.is_nil(report)
  return message, status
end

-- Ports below those that the kernel gives to others.
local last_port = 20000 + os.time() % 10000
local function port()
  last_port = last_port + 1
  return last_port
end

local function tcp()
  return "tcp:127.0.0.1:" .. port()
end

local function unix()
  local path = host.temporary()
  os.remove(path)
  return "unix:" .. path, path
end

local function fifo()
  local path = host.temporary()
  os.remove(path)
  assert(os.execute("mkfifo " .. path))
  return path
end

--- A command in the shell, while this goes on.
local function beside(command)
  return assert(io.popen("exec 2>/dev/null; " .. command))
end

--- A Lua script that runs beside this one.
local function script(text)
  local path = host.temporary()
  host.write_file(path, "local zvm = require 'zvm'\n" .. text)
  return beside(LUA .. " " .. path .. "; rm " .. path)
end

--- What bash does with a connection to `uri`, once somebody listens there.
local function peer(uri, body, delay)
  local address = uri:match "^tcp:(.*)$":gsub(":", "/")
  return beside(([[bash -c 'sleep %s; for i in {1..200}; do
    exec 3<>/dev/tcp/%s && break; sleep 0.02; done; %s']])
    :format(delay or 0, address, body))
end

describe("a socket", function()
  for _, make in ipairs { tcp, unix } do
    it("leads from one run to another: " .. make():match "%a+", function()
      local uri = make()
      local reader = start({ x = { uri = uri, listen = true } },
        "drain", "3", "1000")
      assert.equal("1024", (operate({ x = { uri = uri, mode = "w" } },
        "fill", "3", "200")))
      assert.equal("204800 0", finish(reader))
    end)

    it("goes both ways: " .. make():match "%a+", function()
      local uri = make()
      local other = start({ x = { uri = uri, listen = true, mode = "r+" } },
        "get", "3", "4", "0", "put", "3", "0", "pong")
      assert.equal("4 4 pong 0", (operate({ x = { uri = uri, mode = "r+" } },
        "put", "3", "0", "ping", "get", "3", "4", "0", "get", "3", "4", "0")))
      assert.equal("4 ping 4", finish(other))
    end)
  end

  it("has an address of IPv6 too", function()
    local uri = "tcp:[::1]:" .. port()
    local reader = start({ x = { uri = uri, listen = true } },
      "drain", "3", "9")
    operate({ x = { uri = uri, mode = "w" } }, "put", "3", "0", "six")
    assert.equal("3 0", finish(reader))
  end)

  for _, isolation in ipairs { "process", "inline" } do
    it("gives what is asked for whole, " .. isolation, function()
      local uri = tcp()
      local other = peer(uri, "printf ab >&3; sleep 0.1; printf cdef >&3")
      local chosen = options({ stdin = { uri = uri, listen = true,
        etag = true, limits = { get_bytes = 5 } } },
        "get", "0", "4", "0", "get", "0", "4", "0", "get", "0", "4", "0")
      chosen.isolation = isolation
      local report = assert(zvm.run(chosen))
      assert.equal("4 abcd\n1 e\n-122\n", text_of(report))
      assert.equal(host.sha256 "abcde", report.channels.stdin.etag)
      other:close()
    end)

    it("that nobody connects to costs the time of the run, " .. isolation,
      function()
        local uri, path = unix()
        local chosen = options({ x = { uri = uri, listen = true } }, "list")
        chosen.isolation, chosen.timeout = isolation, 0.2
        local report = assert(zvm.run(chosen))
        assert.equal("timeout", report.state)
        assert.truthy(report.times.wall >= 0.2 and report.times.wall < 5)
        assert.equal(0, report.traps.exit)
        assert.is_nil(io.open(path))
      end)

    it("leaves the rest of its time to the guest, " .. isolation, function()
      local uri = tcp()
      local other = peer(uri, "sleep 3", 0.5)
      local chosen = options({ x = { uri = uri, listen = true } },
        "get", "3", "1", "0")
      chosen.isolation, chosen.timeout = isolation, 1.5
      local report = assert(zvm.run(chosen))
      assert.equal("timeout", report.state)
      assert.truthy(report.times.wall < 1.4, report.times.wall)
      assert.equal(1, report.traps.pread)
      other:close()
    end)

    it("whose other side is gone is an error of the host, " .. isolation,
      function()
        local uri = tcp()
        local other = peer(uri, "exec 3>&-")
        local chosen = options({ x = { uri = uri, listen = true, mode = "w" } },
          "fill", "3", "20000")
        chosen.isolation = isolation
        local report = assert(zvm.run(chosen))
        assert.equal("-5\n", text_of(report))
        assert.truthy(({ ["Broken pipe"] = true,
          ["Connection reset by peer"] = true })[report.channels.x.error])
        other:close()
      end)
  end

  it("that is only written tells its end to who reads", function()
    local uri = tcp()
    local other = peer(uri, "cat <&3")
    operate({ x = { uri = uri, listen = true, mode = "w" } },
      "put", "3", "0", "all of it")
    assert.equal("all of it", other:read "*a")
    other:close()
  end)

  it("is waited for by who connects", function()
    local uri, path = unix()
    local other = script(([[
      os.execute "sleep 0.3"
      io.write(zvm.run { program = %q, args = { "get", "3", "9", "0" },
        timeout = 10, channels = { x = { uri = %q, listen = true } },
      }.channels.stdout.data)]]):format(OPS, uri))
    operate({ x = { uri = uri, mode = "w" } }, "put", "3", "0", "late")
    assert.equal("4 late\n", other:read "*a")
    other:close()
    assert.is_nil(io.open(path))
  end)

  it("may close a circle of two processes", function()
    local here, there = tcp(), tcp()
    local other = script(([[
      local report = assert(zvm.run { program = %q, timeout = 10,
        args = { "get", "3", "4", "0", "put", "4", "0", "back" },
        channels = { a = { uri = %q, listen = true },
          b = { uri = %q, mode = "w" } } })
      io.write(report.channels.stdout.data)]]):format(OPS, there, here))
    assert.equal("4 4 back", (operate({
      a = { uri = here, listen = true }, b = { uri = there, mode = "w" },
    }, "put", "4", "0", "goes", "get", "3", "9", "0")))
    assert.equal("4 goes\n4\n", other:read "*a")
    other:close()
  end)

  it("by number is what another program connected", function()
    local uri = tcp()
    local reader = start({ x = { uri = uri, listen = true } },
      "drain", "3", "9")
    local path = host.temporary()
    host.write_file(path, ([[
      io.write(require "zvm".run { program = %q, args = { "put", "3", "0",
        "by fd" }, channels = { x = { uri = "fd:3", mode = "w" } },
      }.channels.stdout.data)]]):format(OPS))
    local other = peer(uri, LUA .. " " .. path .. " && sleep 5")
    assert.equal("5 0", finish(reader))
    assert.equal("5\n", other:read(2))
    os.remove(path)
    other:close()
  end)

  it("that was accepted is the only one", function()
    local uri, path = unix()
    local reader = start({ x = { uri = uri, listen = true } },
      "drain", "3", "9")
    operate({ x = { uri = uri, mode = "w" } }, "put", "3", "0", "x")
    assert.equal("1 0", finish(reader))
    assert.is_nil(io.open(path))
    assert.equal("channel /dev/x: nobody came to listen at " .. uri ..
      ": No such file or directory", (failure { uri = uri, mode = "w" }))
  end)

  it("that cannot be is refused, by its name and with the reason", function()
    local file = host.temporary()
    local uri = "unix:" .. file
    local long = "unix:/" .. ("x"):rep(110)
    local cases = {
      { { uri = "tcp:127.0.0.1:1" }, "nobody came to listen at " ..
        "tcp:127.0.0.1:1: ", "CHANNEL" },
      { { uri = "tcp:a.invalid:80" }, "cannot connect to tcp:a.invalid:80: ",
        "CHANNEL" },
      { { uri = uri, listen = true }, "cannot listen at " .. uri ..
        ": there is such a file already; remove it first", "CHANNEL" },
      { { uri = "tcp:192.0.2.1:80", listen = true }, "cannot listen at " ..
        "tcp:192.0.2.1:80: Cannot assign requested address", "CHANNEL" },
      { { uri = "unix:/" .. ("y"):rep(20) .. "/s", listen = true },
        "cannot listen at ", "CHANNEL" },
      { { uri = long }, 'uri "' .. long:sub(1, 60) ..
        '": a path of at most 107 bytes expected', "OPTION" },
      { { uri = "unix:" }, 'uri "unix:": the path is missing', "OPTION" },
      { { uri = "file:" }, 'uri "file:": the path is missing', "OPTION" },
      { { uri = "tcp:1.2.3.4" }, 'uri "tcp:1.2.3.4": tcp:HOST:PORT expected',
        "OPTION" },
      { { uri = "tcp::80" }, 'uri "tcp::80": a name or an address of a host ' ..
        "expected", "OPTION" },
      { { uri = "tcp:a b:80" }, "a name or an address of a host expected",
        "OPTION" },
      { { uri = "tcp:-x:80" }, "a name or an address of a host expected",
        "OPTION" },
      { { uri = "tcp:h:0" }, "a port from 1 to 65535 expected", "OPTION" },
      { { uri = "tcp:h:65536" }, "a port from 1 to 65535 expected", "OPTION" },
      { { uri = "tcp:h:080" }, "a port from 1 to 65535 expected", "OPTION" },
      { { uri = "tcp:h:+80" }, "a port from 1 to 65535 expected", "OPTION" },
      { { uri = "tcp:h:" }, "a port from 1 to 65535 expected", "OPTION" },
      { { uri = "tcp:h:http" }, "a port from 1 to 65535 expected", "OPTION" },
      { { uri = "tcp:h:99999999999" }, "a port from 1 to 65535 expected",
        "OPTION" },
      { { uri = "tcp:::1:80" }, "an IPv6 address is written in brackets: " ..
        "tcp:[::1]:80", "OPTION" },
      { { uri = "tcp:[::1:80" }, "tcp:HOST:PORT expected", "OPTION" },
      { { uri = "tcp:[::1]80" }, "tcp:HOST:PORT expected", "OPTION" },
      { { uri = "tcp:[1.2.3.4]:80" }, "no IPv6 address is in the brackets",
        "OPTION" },
      { { uri = "tcp:" .. ("h"):rep(300) .. ":80" },
        "a host of at most 255 bytes expected", "OPTION" },
      { { uri = "fd:" }, "the number of a descriptor expected", "OPTION" },
      { { uri = "fd:01" }, "the number of a descriptor expected", "OPTION" },
      { { uri = "fd:-1" }, "the number of a descriptor expected", "OPTION" },
      { { uri = "fd:99999999999" }, "the number of a descriptor expected",
        "OPTION" },
      { { uri = "null:x" }, 'nothing expected after "null:"', "OPTION" },
      { { uri = "http://x" }, "file:PATH, fd:N, null:, tcp:HOST:PORT or " ..
        "unix:PATH expected", "OPTION" },
      { { uri = "" }, "file:PATH, fd:N, null:, tcp:HOST:PORT or unix:PATH " ..
        "expected", "OPTION" },
      { { uri = "tcp:h:80", type = 3 }, "a socket is a stream, so its type " ..
        "must be 0, not 3", "OPTION" },
      { { uri = "tcp:h:80", mode = "a" }, "a socket is read, written or " ..
        "both, not appended to", "OPTION" },
      { { uri = "null:", listen = true }, 'only a channel with "uri" tcp: ' ..
        'or unix:, or with "fd", can listen', "OPTION" },
      { { path = file, listen = true }, "can listen", "OPTION" },
      { { fd = 0, listen = true }, "descriptor 0 does not listen", "CHANNEL" },
      { { uri = "null:", path = "x" }, 'a channel has one source, and ' ..
        '"path" is given too', "OPTION" },
      { { uri = 7 }, "string expected, got number", "OPTION" },
    }
    for _, case in ipairs(cases) do
      local message, status = failure(case[1])
      assert.truthy(message:find(case[2], 1, true), message)
      assert.truthy(message:find("channel", 1, true))
      assert.truthy(message:find("x", 1, true))
      assert.equal(case[3], status, message)
    end
    os.remove(file)
  end)

  it("leaves no descriptor behind, whatever fails", function()
    local uri = tcp()
    local _, path = unix()
    host.assert_flat(function()
      assert.is_nil((zvm.run(options({
        a = { uri = uri, listen = true }, b = { uri = "unix:" .. path,
          listen = true }, c = { path = "/nowhere/x" } }, "list"))))
      failure({ uri = "tcp:127.0.0.1:1" }, 0.01)
      local chosen = options({ x = { uri = uri, listen = true } }, "list")
      chosen.timeout = 0.01
      assert.equal("timeout", zvm.run(chosen).state)
      assert.is_nil(io.open(path))
    end, 20)
  end)
end)

describe("another spelling", function()
  it("of a file, a descriptor and nothing is the same", function()
    local path = host.temporary()
    host.write_file(path, "0123456789")
    assert.equal("3 456", (operate({ x = { uri = "file:" .. path } },
      "get", "3", "3", "4")))
    os.remove(path)
    assert.equal("0 3", (operate({ x = { uri = "null:" } },
      "get", "3", "3", "4", "put", "3", "0", "abc")))
    local _, report = operate({ x = { uri = "fd:1", mode = "w" } }, "list")
    assert.equal(0, report.channels.x.puts)
  end)
end)

describe("a FIFO", function()
  it("to be read waits for a writer when it is read", function()
    local path = fifo()
    local chosen = options({ x = { path = path } }, "get", "3", "1", "0")
    chosen.timeout = 0.2
    local report = assert(zvm.run(chosen))
    assert.equal("timeout", report.state)
    assert.equal(1, report.traps.pread)
    os.remove(path)
  end)

  it("to be written waits for a reader, but not for ever", function()
    local path = fifo()
    assert.equal("channel /dev/x: nobody came to read the FIFO " .. path,
      (failure { path = path, mode = "w" }))
    os.remove(path)
  end)

  it("leads from one run to another", function()
    local path = fifo()
    local reader = start({ x = { path = path } }, "drain", "3", "1000")
    assert.equal("1024", (operate({ x = { path = path, mode = "w" } },
      "fill", "3", "200")))
    assert.equal("204800 0", finish(reader))
    os.remove(path)
  end)

  it("may have a writer that says nothing at first", function()
    local path = fifo()
    local other = beside("(sleep 0.2; printf ab; sleep 0.1; printf c) >" ..
      path)
    assert.equal("3 abc 0", (operate({ x = { path = path } },
      "get", "3", "3", "0", "get", "3", "3", "0")))
    other:close()
    os.remove(path)
  end)
end)

for _, isolation in ipairs { "process", "inline" } do
  local function run(channels, ...)
    local chosen = options(channels, ...)
    chosen.isolation = isolation
    local report = assert(zvm.run(chosen))
    return (text_of(report):gsub("\n$", ""):gsub("\n", " ")), report
  end

  describe("a function, " .. isolation .. ",", function()
    it("is called for what the guest asks, until it is there", function()
      local calls, parts = {}, { "ab", "cdefghij", "", "never" }
      local text, report = run({ x = { etag = true, read = function(n)
        calls[#calls + 1] = n
        return parts[#calls]
      end } }, "get", "3", "4", "0", "get", "3", "4", "0", "get", "3", "9",
        "0", "get", "3", "9", "0")
      assert.equal("4 abcd 4 efgh 2 ij 0", text)
      assert.same({ 4, 2, 7 }, calls)
      assert.equal(3, report.channels.x.gets)
      assert.equal(10, report.channels.x.get_bytes)
      assert.equal(host.sha256 "abcdefghij", report.channels.x.etag)
      assert.equal(0, report.channels.x.type)
    end)

    it("is not called if nothing is asked", function()
      run({ x = { read = error, write = error } }, "list")
    end)

    it("gets what is put, in pieces of at most 64 KiB", function()
      local sizes = {}
      local text, report = run({ stdin = { read = function(n)
        return ("x"):rep(n)
      end, limits = { get_bytes = 150000 } }, x = { write = function(s)
        sizes[#sizes + 1] = #s
      end } }, "copy", "0", "3", "65536")
      assert.equal("150000", text)
      assert.same({ 65536, 65536, 18928 }, sizes)
      assert.equal(3, report.channels.x.puts)
    end)

    it("is bounded by limits as all channels are", function()
      local calls = 0
      local text, report = run({ x = { limits = { gets = 1, put_bytes = 3 },
        read = function(n)
          calls = calls + 1
          return ("r"):rep(n)
        end, write = function(s)
          assert.equal("abc", s)
        end } }, "get", "3", "2", "0", "get", "3", "2", "0", "put", "3", "0",
        "abcdef", "put", "3", "0", "x")
      assert.equal("2 rr -122 3 -122", text)
      assert.equal(1, calls)
      assert.equal(3, report.channels.x.put_bytes)
    end)

    it("that fails stops the guest and raises its error", function()
      local thrown, after = {}, false
      local ok, got = pcall(run, { x = { read = function()
        error(thrown)
      end, write = function()
        after = true
      end } }, "get", "3", "1", "0", "put", "3", "0", "x")
      assert.is_false(ok)
      assert.equal(thrown, got)
      assert.is_false(after)
      assert.is_false((pcall(run, { x = { write = error } },
        "put", "3", "0", "x")))
    end)

    it("may fail often, and compiled code goes on", function()
      local function work()
        local t, sum = {}, 0
        for i = 1, 400 do
          t[i] = { i, tostring(i) }
        end
        for i = 1, #t do
          sum = sum + t[i][1]
        end
        return sum
      end
      for _ = 1, 60 do
        assert.is_false((pcall(run, { x = { read = function()
          error { work() }
        end } }, "get", "3", "1", "0")))
        assert.equal(80200, work())
      end
    end)

    it("that gives what is no string is named", function()
      for _, value in ipairs { 7, true, {}, false, print } do
        local ok, message = pcall(run, { x = { read = function()
          return value
        end } }, "get", "3", "1", "0")
        assert.is_false(ok)
        assert.equal("zvm.run: channels.x.read: string or nil expected, got "
          .. type(value), message)
      end
    end)

    it("may end the process, and close the Lua state", function()
      local path = host.temporary()
      host.write_file(path, ([[
        require "zvm".run { program = %q, args = { "get", "3", "1", "0" },
          isolation = %q, channels = { x = { read = function()
            os.exit(3, true)
          end } } }]]):format(OPS, isolation))
      local other = beside(("%s %s; echo $?"):format(LUA, path))
      assert.equal("3\n", other:read "*a")
      other:close()
      os.remove(path)
    end)

    it("cannot yield", function()
      local resume = coroutine.wrap(function()
        return pcall(run, { x = { write = coroutine.yield } },
          "put", "3", "0", "x")
      end)
      local ok, message = resume()
      assert.is_false(ok)
      assert.equal("zvm.run: channels.x.write: a function of a channel " ..
        "cannot yield", message)
    end)

    it("may run another guest", function()
      local text = run({ x = { read = function(n)
        local report = assert(zvm.run { program = HELLO,
          isolation = "process" })
        return report.channels.stdout.data:sub(1, n)
      end } }, "get", "3", "5", "0")
      assert.equal("5 hello", text)
    end)

    it("may run one that has functions too, and fails", function()
      local text = run({ x = { read = function()
        local ok, message = pcall(zvm.run, { program = OPS,
          isolation = "process", args = { "put", "3", "0", "x" },
          channels = { y = { write = function() error("inner", 0) end } } })
        assert(not ok)
        return message
      end } }, "get", "3", "5", "0")
      assert.equal("5 inner", text)
    end)

    it("is called from a coroutine, and after garbage was collected",
      function()
        local text
        coroutine.wrap(function()
          text = run({ x = { read = function(n)
            collectgarbage()
            return coroutine.wrap(function()
              collectgarbage()
              return ("z"):rep(n)
            end)()
          end } }, "get", "3", "3", "0")
        end)()
        assert.equal("3 zzz", text)
      end)

    it("does not hold the end of a run up that is too late", function()
      local chosen = options({ x = { read = function(n)
        os.execute "sleep 0.4"
        return ("r"):rep(n)
      end } }, "drain", "3", "1")
      chosen.isolation, chosen.timeout = isolation, 0.2
      assert.equal("timeout", zvm.run(chosen).state)
    end)

    it("leaves nothing behind, fails or not", function()
      host.assert_flat(function()
        run({ x = { read = function() return nil end } }, "get", "3", "1",
          "0")
        pcall(run, { x = { read = error } }, "get", "3", "1", "0")
        failure { read = 7 }
      end, 30)
    end)

    it("makes two runs alike", function()
      local function once()
        local calls, n = {}, 0
        local _, report = run({
          x = { etag = true, read = function(left)
            n = n + 1
            calls[n] = left
            return n < 40 and ("%d,"):format(n * 7919):rep(n % 5 + 1) or nil
          end },
          y = { etag = true, write = function(s)
            calls[#calls + 1] = s
          end },
        }, "copy", "3", "4", "37")
        return table.concat(calls, ";"), report.channels.x.etag,
          report.channels.y.etag
      end
      local first = { once() }
      for _ = 1, 20 do
        assert.same(first, { once() })
      end
    end)
  end)
end

describe("a function", function()
  it("has no mode, goes with no other source, and is a stream", function()
    local cases = {
      { { read = print, mode = "r" }, 'only a channel with "path", "fd", ' ..
        '"uri" or "pipe" has a mode' },
      { { read = print, data = "x" }, '"data" is given too' },
      { { write = print, path = "x" }, '"path" is given too' },
      { { read = print, type = 1 }, "a function is a stream" },
      { { read = "print" }, "x.read: function expected, got string" },
      { { write = 1 }, "x.write: function expected, got number" },
      { { read = print, limits = { puts = 1 } }, "cannot be written" },
      { { write = print, limits = { gets = 1 } }, "cannot be read" },
    }
    for _, case in ipairs(cases) do
      local message, status = failure(case[1])
      assert.truthy(message:find(case[2], 1, true), message)
      assert.equal("OPTION", status)
    end
  end)

  it("that is idle does not keep a run from its timeout", function()
    local path = fifo()
    local chosen = options({ f = { path = path },
      x = { read = error, write = error } }, "get", "3", "1", "0")
    chosen.timeout = 0.2
    assert.equal("timeout", zvm.run(chosen).state)
    os.remove(path)
  end)
end)

describe("a pipe", function()
  it("leads from one run to another, and its end with it", function()
    local p = assert(zvm.pipe())
    local writer = start({ x = { pipe = p, mode = "w" } }, "fill", "3", "300")
    local reader = start({ x = { pipe = p } }, "drain", "3", "4096")
    assert.equal("307200 0", finish(reader))
    assert.equal("1024", finish(writer))
  end)

  it("may have a run of this process at its end", function()
    local p = assert(zvm.pipe())
    local writer = start({ x = { pipe = p, mode = "w" } }, "fill", "3", "300")
    assert.equal("307200 0", (operate({ stdin = { pipe = p } },
      "drain", "0", "4096")))
    finish(writer)
  end)

  it("ends with its worker though nobody waits for that", function()
    local p = assert(zvm.pipe())
    local writer = start({ x = { pipe = p, mode = "w" } }, "fill", "3", "300")
    local chosen = options({ stdin = { pipe = p } }, "drain", "0", "4096")
    chosen.isolation = "inline"
    assert.equal("307200 0\n", text_of(zvm.run(chosen)))
    finish(writer)
  end)

  it("makes chains and circles", function()
    local a, b, c = zvm.pipe(), zvm.pipe(), zvm.pipe()
    local first = start({ i = { pipe = c }, o = { pipe = a, mode = "w" } },
      "put", "4", "0", "around", "get", "3", "6", "0")
    local second = start({ i = { pipe = a }, o = { pipe = b, mode = "w" } },
      "copy", "3", "4", "3")
    local third = start({ i = { pipe = b }, o = { pipe = c, mode = "w" } },
      "copy", "3", "4", "6")
    assert.equal("6 6 around", finish(first))
    assert.equal("6", finish(second))
    assert.equal("6", finish(third))
  end)

  it("has each end once", function()
    local p = assert(zvm.pipe())
    local writer = start({ x = { pipe = p, mode = "w" } }, "list")
    assert.equal("channel /dev/x: another channel has the write end of the " ..
      "pipe", (failure { pipe = p, mode = "w" }))
    local both, message = zvm.run(options({ x = { pipe = p },
      y = { pipe = p } }, "list"))
    assert.is_nil(both)
    assert.equal("channel /dev/y: another channel has the read end of the " ..
      "pipe", message)
    assert.equal("0 0", (operate({ x = { pipe = p } }, "drain", "3", "1")))
    finish(writer)
  end)

  it("whose reader is gone leads nowhere, and takes all", function()
    local p = assert(zvm.pipe { size = 1 })
    start({ x = { pipe = p } }, "list"):wait()
    local text, report = operate({ x = { pipe = p, mode = "w" } },
      "fill", "3", "100")
    assert.equal("1024", text)
    assert.is_nil(report.channels.x.error)
    assert.equal(102400, report.channels.x.put_bytes)
  end)

  it("is read or written, and of its own type", function()
    local p = assert(zvm.pipe())
    assert.equal("channel /dev/x: one end of a pipe is read or written",
      (failure { pipe = p, mode = "r+" }))
    assert.equal("channel /dev/x: a pipe is a stream, so its type must be " ..
      "0, not 3", (failure { pipe = p, type = 3 }))
    assert.equal("zvm.run: channels.x.pipe: zvm.pipe expected, got boolean",
      (failure { pipe = true }))
    assert.truthy(tostring(p):find "^zvm.pipe: ")
    assert.is_true(p:close())
    assert.is_true(p:close())
    assert.equal("zvm.pipe (closed)", tostring(p))
    assert.equal("zvm.run: channels.x.pipe: attempt to use a closed pipe",
      (failure { pipe = p }))
    assert.equal("zvm.pipe", getmetatable(p))
  end)

  it("leaves no descriptor behind", function()
    host.assert_flat(function()
      local p = assert(zvm.pipe())
      assert.is_nil((zvm.run(options({ x = { pipe = p },
        y = { path = "/nowhere/x" } }, "list"))))
      local writer = start({ x = { pipe = p, mode = "w" } }, "fill", "3", "1")
      assert.equal("1024 0", (operate({ x = { pipe = p } }, "drain", "3",
        "9999")))
      writer:wait()
      assert(zvm.pipe())
      collectgarbage()
    end, 20)
  end)
end)

describe("a run that was started", function()
  it("gives the report that zvm.run gives", function()
    local chosen = { program = HELLO, args = { "reader" } }
    local expected = assert(zvm.run(chosen))
    chosen.isolation = "process"
    local report = assert(assert(zvm.start(chosen)):wait())
    for _, r in ipairs { expected, report } do
      r.times, r.usage = nil, nil
    end
    assert.same(expected, report)
  end)

  it("has a place and a backtrace of its fault", function()
    local session = assert(zvm.start { program = host.guest "callers",
      args = { "recurse" }, isolation = "process" })
    collectgarbage()
    local fault = session:wait().fault
    assert.equal("memory", fault.kind)
    assert.equal("fault", fault.where.func)
  end)

  it("is waited for once", function()
    local session = start({}, "list")
    assert.truthy(tostring(session):find "^zvm.session %(running%): ")
    session:wait()
    assert.equal("zvm.session (closed)", tostring(session))
    assert.has_error(function() session:wait() end,
      "the session has been waited for")
    assert.is_true(session:close())
    session = start({}, "list")
    assert.is_true(session:close())
    assert.is_true(session:close())
    assert.has_error(function() session:wait() end,
      "attempt to use a closed session")
  end)

  it("is killed when it is given up", function()
    local p = assert(zvm.pipe())
    local session = start({ i = { read = function() return nil end },
      x = { pipe = p, mode = "w" } }, "fill", "4", "1000000")
    session:close()
    local _, report = operate({ x = { pipe = p } }, "drain", "3", "60000")
    assert.truthy(report.channels.x.get_bytes < 1024 * 1000000)
    p = assert(zvm.pipe())
    start({ x = { pipe = p, mode = "w" } }, "fill", "3", "1000000")
    collectgarbage()
    collectgarbage()
    operate({ x = { pipe = p } }, "drain", "3", "60000")
  end)

  it("is not inline", function()
    local session, message, status = zvm.start { program = HELLO,
      isolation = "inline" }
    assert.is_nil(session)
    assert.equal('zvm.start: isolation: "process" expected: inline, a run ' ..
      "cannot be started, only run", message)
    assert.equal("OPTION", status)
  end)

  it("is served while another one is waited for", function()
    local p = assert(zvm.pipe())
    local n, got = 0, {}
    local first = start({ i = { read = function(left)
      n = n + 1
      return n <= 5 and ("x"):rep(left) or nil
    end }, o = { pipe = p, mode = "w" } }, "copy", "3", "4", "10")
    local second = start({ i = { pipe = p }, o = { write = function(s)
      got[#got + 1] = s
    end } }, "copy", "3", "4", "25")
    assert.equal("50", finish(second))
    assert.same({ ("x"):rep(25), ("x"):rep(25) }, got)
    assert.equal("50", finish(first))
  end)

  it("is served while zvm.run waits", function()
    local p = assert(zvm.pipe())
    local writer = start({ i = { read = function()
      return nil
    end }, o = { pipe = p, mode = "w" } }, "copy", "3", "4", "10")
    assert.equal("0 0", (operate({ x = { pipe = p } }, "drain", "3", "1")))
    finish(writer)
  end)

  it("keeps an error of its function for who waits for it", function()
    local p = assert(zvm.pipe())
    local first = start({ i = { read = function()
      error("mine", 0)
    end }, o = { pipe = p, mode = "w" } }, "copy", "3", "4", "10")
    assert.equal("0 0", (operate({ x = { pipe = p } }, "drain", "3", "1")))
    assert.has_error(function() first:wait() end, "mine")
    assert.equal("zvm.session (closed)", tostring(first))
  end)

  it("cannot be waited for or closed by its own function", function()
    local p = assert(zvm.pipe())
    for _, method in ipairs { "wait", "close" } do
      local session, message
      session = start({ x = { write = function()
        local _
        _, message = pcall(session[method], session)
      end } }, "put", "3", "0", "x")
      finish(session)
      assert.equal("the session is being waited for", message)
    end
    local other, message
    other = start({ x = { write = function()
      message = select(2, pcall(other.close, other))
    end }, y = { pipe = p, mode = "w" } }, "put", "3", "0", "x")
    operate({ x = { pipe = p } }, "drain", "3", "1")
    finish(other)
    assert.equal("the session cannot be waited for, or closed, by a " ..
      "function of its own channels", message)
  end)

  it("that nobody holds is not collected while it is served", function()
    local p = assert(zvm.pipe())
    local served = 0
    start({ x = { write = function()
      for _ = 1, 5 do
        coroutine.wrap(function() collectgarbage() end)()
      end
      served = served + 1
    end }, y = { pipe = p, mode = "w" } }, "put", "3", "0", "x", "put", "3",
      "0", "y")
    operate({ x = { pipe = p } }, "drain", "3", "1")
    assert.truthy(served <= 2)
  end)

  it("waits for its worker while others are waited for", function()
    assert(zvm.workers(1))
    local first, second = start({}, "list"), start({}, "list")
    local _, report = operate({}, "list")
    assert.equal("exit", report.state)
    finish(second)
    finish(first)
    assert(zvm.workers(1024))
  end)

  it("waits for its connection while others are waited for", function()
    local uri = tcp()
    local reader = start({ x = { uri = uri, listen = true } },
      "get", "3", "9", "0")
    local p = assert(zvm.pipe())
    local other = peer(uri, "printf hello >&3")
    start({ x = { pipe = p, mode = "w" } }, "list"):wait()
    assert.equal("5 hello", finish(reader))
    other:close()
  end)

  it("holds its timeout, whoever waits for it when", function()
    local p = assert(zvm.pipe())
    local chosen = options({ x = { pipe = p } }, "get", "3", "1", "0")
    chosen.timeout, chosen.isolation = 0.2, "process"
    local session = assert(zvm.start(chosen))
    os.execute "sleep 0.4"
    local report = session:wait()
    assert.equal("timeout", report.state)
    assert.truthy(report.times.wall < 0.35)
  end)

  it("says when it could not begin", function()
    local session, message, status = zvm.start(options({
      x = { path = "/nowhere/x" } }, "list"))
    if os.getenv "ZVM_TEST_ISOLATION" ~= "inline" then
      assert.is_nil(session)
      assert.truthy(message:find("/nowhere/x", 1, true))
      assert.equal("CHANNEL", status)
    end
    session, message = zvm.start { programm = "x" }
    assert.is_nil(session)
    assert.equal('zvm.start: unknown option "programm"; did you mean ' ..
      '"program"?', message)
    assert.has_error(function() zvm.start() end)
  end)

  it("leaves nothing behind", function()
    host.assert_flat(function()
      start({ x = { read = function() return nil end } }, "get", "3", "1",
        "0"):wait()
      start({ x = { read = function() return nil end } }, "get", "3", "1",
        "0"):close()
      start({ x = { read = function() return nil end } }, "list")
      collectgarbage()
      collectgarbage()
      operate({}, "list")
    end, 20)
  end)
end)
