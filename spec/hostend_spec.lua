-- The script's own ends of pipes.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"
local zvm = require "zvm"

local COPY = "build/guest/channel_ops.zvm"

describe("the script's own end of a pipe", function()
  local pipes

  before_each(function() pipes = {} end)

  after_each(function()
    for _, p in ipairs(pipes) do p:close() end
  end)

  local function pipe(options)
    local p = assert(zvm.pipe(options))
    pipes[#pipes + 1] = p
    return p
  end

  local function start(options)
    options.program = options.program or COPY
    return assert(zvm.start(options))
  end

  it("reads what a run writes, and then the end", function()
    local p = pipe()
    local s = start { args = { "pipe" },
      program = "build/guest/01-hello/main.zvm",
      channels = { stdout = { pipe = p } } }
    assert.equal("hello", p:read(5))
    assert.equal("", p:read(0))
    assert.same({ 0x6970202c }, p:list(1))
    assert.equal("pe\n", p:read(3))
    local text, message, code = p:read(1)
    assert.is_nil(text)
    assert.equal("the other side of the pipe has ended", message)
    assert.equal("END", code)
    assert.equal(0, s:wait().code)
  end)

  it("writes many strings, long and short, in their order", function()
    local p, list, all = assert(zvm.pipe { size = "1M" }), {}, {}
    for i = 1, 240 do
      local n = i % 50 == 1 and 5000 or (i * 37) % 150
      list[i] = i % 3 == 0 and i or (i % 5 == 0 and "" or ("%03d"):format(i)
        .. ("x"):rep(n))
      all[i] = i % 3 == 0 and string.char(i, 0, 0, 0) or list[i]
    end
    assert(p:write(unpack(list)))
    all = table.concat(all)
    assert.equal(all, p:read(#all))
    -- Nothing of it, if one of them cannot be.
    list[240] = false
    assert.has_error(function() p:write(unpack(list)) end)
    p:timeout(0.05)
    assert.equal("TIMEOUT", select(3, p:read(1)))
    p:close()
  end)

  it("writes what a run reads: strings and words", function()
    local p = pipe()
    local s = start { args = { "get", "0", "11", "0" },
      channels = { stdin = { pipe = p } } }
    assert.is_true(p:write("ab", 0x64636261, "", 0x7a797a79, "!"))
    assert.equal("11 ababcdyzyz!\n", s:wait().channels.stdout.data)
  end)

  it("is not taken by who writes nothing", function()
    local p = pipe()
    assert.is_true(p:write() and p:write("") and p:write("", ""))
    local report = zvm.run { program = "build/guest/01-hello/main.zvm",
      channels = { stdout = { pipe = p } } }
    assert.equal("exit", report.state)
    assert.is_true(p:write "")
    assert.equal("CHANNEL", select(3, p:write "x"))
  end)

  it("tells what fills it before it waits for room", function()
    local p = pipe { size = "64K" }
    local s = start { args = { "get", "0", "65541", "0" },
      channels = { stdin = { pipe = p } } }
    p:timeout(5)
    assert.is_true(p:write(("x"):rep(65536), "abcde"))
    assert.equal("65541 " .. ("x"):rep(65536) .. "abcde\n",
      s:wait().channels.stdout.data)
  end)

  it("goes on when nobody reads any more", function()
    local p = pipe { size = "4K" }
    local s = start { args = { "get", "0", "1", "0" },
      channels = { stdin = { pipe = p } } }
    assert.is_true(p:write(("x"):rep(100000)))
    assert.equal("1 x\n", s:wait().channels.stdout.data)
  end)

  it("waits as long as it is told", function()
    local to, from = pipe { size = "4K" }, pipe()
    local s = start { args = { "get", "0", "9000", "0" },
      channels = { stdin = { pipe = to }, stdout = { pipe = from } } }
    from:timeout(0.05)
    local text, message, code = from:read(1)
    assert.is_nil(text)
    assert.equal("the other side of the pipe wrote nothing in time", message)
    assert.equal("TIMEOUT", code)
    to:timeout(10)
    assert.is_true(to:write(("y"):rep(9000)))
    from:timeout(10)
    assert.equal("9000 yyy", from:read(8))
    s:close()
    assert.equal("END", select(3, from:read(9000)))
  end)

  it("does not wait for a writer for ever either", function()
    local p = pipe { size = "4K" }
    p:timeout(0.05)
    assert.equal("TIMEOUT", select(3, p:write(("y"):rep(9000))))
  end)

  it("waits no longer for many pieces than for one", function()
    local fifo = host.output "mktemp -u /tmp/zvm-fifo-XXXXXX":gsub("\n", "")
    assert.equal(0, os.execute("mkfifo " .. fifo))
    os.execute(("for i in $(seq 200); do head -c 8192 /dev/zero || exit;"
      .. " sleep 0.03; done >%s 2>/dev/null &"):format(fifo))
    local p = pipe()
    local s = start { args = { "copy", "3", "1", "8192" },
      channels = { x = { path = fifo }, stdout = { pipe = p } } }
    p:timeout(10)
    assert.equal("\0", p:read(1))
    p:timeout(0.3)
    assert.equal("TIMEOUT", select(3, p:read(100 * 8192)))
    assert.equal("TIMEOUT", select(3, p:list(50 * 8192)))
    s:close()
    os.remove(fifo)
  end)

  -- All that f gives, while a hook calls within() now and then.
  local function hooked(within, f, ...)
    debug.sethook(within, "", 1)
    local results = { pcall(f, ...) }
    debug.sethook()
    return unpack(results)
  end

  -- A hook that does what it is told once, when some time has passed.
  local function soon(act, ...)
    local began, n, args = zvm.host.now(), select("#", ...), { ... }
    return function()
      if zvm.host.now() - began > 0.1 then
        debug.sethook()
        act(unpack(args, 1, n))
      end
    end
  end

  it("lets hooks of Lua end a wait", function()
    local p, full = pipe(), pipe { size = 4096 }
    p:timeout(20)
    full:timeout(20)
    assert(full:write(("x"):rep(4096)))
    for _, call in ipairs {
      { p.read, p, 1 }, { p.words, p, 1 }, { p.list, p, 1 },
      { full.write, full, 1 },
    } do
      assert.same({ false, "enough" },
        { hooked(soon(error, "enough", 0), unpack(call)) })
    end
  end)

  it("goes on after a hook where it was", function()
    local whole = {}
    for i = 1, 9000 do whole[i] = ("%04d"):format(i) end
    whole = table.concat(whole)
    local p, there = pipe { size = 4096 }, {}
    p:timeout(20)
    -- What makes room again is within the write: read if there is enough.
    local function drain()
      while p:level().used >= 1000 do
        there[#there + 1] = p:read(1000)
      end
    end
    assert.same({ true, true }, { hooked(drain, p.write, p, "head",
      whole:sub(1, 10), whole:sub(11, 9000), 0x64636261, whole:sub(9001)) })
    there = table.concat(there)
    there = there .. p:read(p:level().used)
    assert.equal("head" .. whole:sub(1, 9000) .. "abcd" .. whole:sub(9001),
      there)
    local q, parts = pipe(), { "ab", "cdefg", "hij" }
    local function drip()
      if #parts > 0 then q:write(table.remove(parts, 1)) end
    end
    assert.same({ true, "abcdefghij" }, { hooked(drip, q.read, q, 10) })
  end)

  it("may be closed by a hook within its own call", function()
    for _, name in ipairs { "read", "words", "list" } do
      local p = pipe()
      assert.same({ false, "attempt to use a closed pipe" },
        { hooked(soon(p.close, p), p[name], p, 1) })
    end
    local full = pipe { size = 4096 }
    assert(full:write(("x"):rep(4096)))
    assert.same({ false, "attempt to use a closed pipe" },
      { hooked(soon(full.close, full), full.write, full, 1) })
  end)

  it("is the script's alone", function()
    local p = pipe()
    p:timeout(0.01)
    assert.equal("TIMEOUT", select(3, p:read(1)))
    local s, message, code = zvm.start { program = COPY,
      channels = { stdin = { pipe = p } } }
    assert.is_nil(s)
    assert.equal("CHANNEL", code)
    assert.truthy(message:find("has the read end", 1, true))
    local q = pipe()
    local taken = start { channels = { stdin = { pipe = q } } }
    assert.equal("CHANNEL", select(3, q:read(1)))
    taken:close()
  end)

  it("refuses what is no word and no length", function()
    local p = pipe()
    for _, bad in ipairs { -1, 0.5, 2 ^ 32, 0 / 0 } do
      assert.has_error(function() p:write("x", bad) end)
      assert.has_error(function() p:read(bad) end)
      assert.has_error(function() p:words(bad) end)
      assert.has_error(function() p:list(bad) end)
      assert.has_error(function() p:timeout(bad == 0.5 and -1 or bad) end)
    end
    assert.has_error(function() p:words(201) end)
    assert.has_error(function() p:write {} end)
    assert.has_error(function() p:list(1, 1) end)
    assert.has_error(function() p.words(io.stdout, 1) end)
    p:close()
    assert.has_error(function() p:read(1) end)
    assert.has_error(function() p:write "x" end)
  end)

  it("leaves no descriptor and no mapping", function()
    local self = "/proc/" .. host.output "echo $PPID":gsub("\n", "")
    local function count()
      return tonumber(host.output("ls " .. self .. "/fd | wc -l")),
        tonumber(host.output("grep -c zvm-pipe " .. self .. "/maps"))
    end
    collectgarbage()
    local before, mapped = count()
    for _ = 1, 50 do
      local p = assert(zvm.pipe())
      p:write "x"
      p:read(1)
      p:close()
    end
    local after, still = count()
    assert.equal(mapped, still)
    assert.is_true(after < before + 10) -- the pool of workers has some too
  end)
end)
