--- Signals that are meant for the host, while a guest runs.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local host = require "support.host"

local LUA = os.getenv "ZVM_TEST_LUA" or "lua5.1"

-- A process that is sent a signal a moment after it says that it is ready; it
-- gets the signal, whatever the shell does with those in the background.
local SCRIPT = [[exec 2>/dev/null
env --default-signal %s %s <%s >%s 2>&1 & process=$!
while kill -0 $process && ! grep -q ^ready %s; do sleep 0.02; done
sleep 0.3
kill -%s $process
%s
wait $process
echo $?]]

-- Run `body` in a process of its own with `signal` a moment after it began, or
-- after it calls ready(); what it printed, and its exit status as the shell
-- sees it. `lua` is the interpreter, if not this spec's; `further` comes after
-- the signal.
local function interrupted(signal, body, input, lua, further)
  local script, output = host.temporary(), host.temporary()
  local start = body:find("ready()", 1, true) and "" or "ready() "
  host.write_file(script, 'require "zvm" local function ready() print "ready" '
    .. "io.stdout:flush() end " .. start .. body)
  local pipe = io.popen(SCRIPT:format(lua or LUA, script, input or "/dev/null",
    output, output, signal, further or ""))
  local status = pipe:read "*a"
  pipe:close()
  local text = host.read_file(output):gsub("^ready\n", "")
  os.remove(script)
  os.remove(output)
  return text, (status:gsub("\n", ""))
end

local function run_of(program, channels)
  local path = host.temporary()
  host.write_file(path, program)
  return ([[
    local zvm = require "zvm"
    local report = assert(zvm.run { program = %q, channels = %s })
    print("not stopped", report.state)
  ]]):format(path, channels or "nil"), path
end

describe("a guest that loops for ever", function()
  local body, path = run_of(code.new():raw "eb fe":module())
  teardown(function()
    os.remove(path)
  end)

  it("ends with the host on SIGTERM", function()
    local text, status = interrupted("TERM", body)
    assert.equal("", text)
    assert.equal("143", status)
  end)

  it("is interrupted by SIGINT as Lua code would be", function()
    local text, status = interrupted("INT", body)
    assert.truthy(text:find("interrupted!", 1, true), text)
    assert.equal("1", status)
  end)
end)

describe("several runs that are waited for", function()
  local path = host.temporary()
  host.write_file(path, code.new():raw "eb fe":module())
  teardown(function() os.remove(path) end)

  it("are interrupted where pcall catches it", function()
    local text, status = interrupted("INT", ([[
      local zvm = require "zvm"
      local list = { assert(zvm.start { program = %q }) }
      print(pcall(zvm.wait, list))
    ]]):format(path))
    assert.is_truthy(text:find "^false\t.*interrupted!\n$")
    assert.equal("0", status)
  end)
end)

describe("a script", function()
  it("is interrupted at its own end of a pipe", function()
    local text, status = interrupted("INT", [[
      local p = require "zvm".pipe()
      ready()
      print(pcall(p.read, p, 1))
    ]])
    assert.is_truthy(text:find "^false\t.*interrupted!\n$", text)
    assert.equal("0", status)
  end)

  it("is interrupted in zvm.re, which goes on with the next call", function()
    local text, status = interrupted("INT", [[
      local engine = require "zvm.re".new { timeout = 60, match_limit = 4e9,
        depth_limit = 4e9 }
      local p = engine:compile "(a+)+$"
      ready()
      print(pcall(p.find, p, ("a"):rep(60) .. "b"))
      print(p:find "baaa")
    ]])
    assert.is_truthy(text:find "^false\t.*interrupted!\n2\t4\taaa\n$", text)
    assert.equal("0", status)
  end)

  it("is interrupted while it digests a file that has no end", function()
    local text = interrupted("INT", [[
      print(pcall(require "zvm".digest_file, "/dev/zero"))
    ]])
    assert.is_truthy(text:find "^false\t.*interrupted!\n$", text)
  end)
end)

describe("a run whose content is digested for ever", function()
  local output = host.temporary()
  for _, isolation in ipairs { "inline", "process" } do
    it("in " .. isolation .. " is interrupted likewise", function()
      local body = ([[
        local report = require "zvm".run { program = %q, isolation = %q,
          args = { "put", "3", "999999999999", "x" },
          channels = { f = { path = %q, mode = "w", etag = true } } }
        print(report.state, report.channels.f.final_etag)
      ]]):format(host.guest "channel_ops", isolation, output)
      local text, status = interrupted("INT", body)
      assert.truthy(text:find("interrupted!", 1, true), text)
      assert.equal("1", status)
      assert.equal("", host.read_file(output))
    end)
  end
  teardown(function()
    os.remove(output)
  end)
end)

describe("a guest that waits for input", function()
  local body, path = run_of(code.new():pread(0, 0x21000, 4096):exit(0)
    :module(), "{ stdin = { fd = 0 } }")
  local nobody = host.temporary() -- who opens it to read and write waits
  os.remove(nobody)
  os.execute("mkfifo " .. nobody)
  teardown(function()
    os.remove(path)
    os.remove(nobody)
  end)

  it("ends with the host on SIGTERM", function()
    local text, status = interrupted("TERM", body, ">" .. nobody)
    assert.equal("", text)
    assert.equal("143", status)
  end)

  it("is interrupted by SIGINT as Lua code would be", function()
    local text, status = interrupted("INT", body, ">" .. nobody)
    assert.truthy(text:find("interrupted!", 1, true), text)
    assert.equal("1", status)
  end)
end)

describe("a run with on_stop", function()
  local _, path = run_of(code.new():raw "eb fe":module())
  teardown(function()
    os.remove(path)
  end)

  -- What a host prints that is sent a signal, and what it ends with.
  local function stopped(signal, options, after)
    return interrupted(signal, ([[
      local zvm = require "zvm"
      local report = assert(zvm.run { program = %q, %s })
      print(report.state, report.signal)
      %s
    ]]):format(path, options, after or ""))
  end

  for _, isolation in ipairs { "process", "inline" } do
    for name, number in pairs { INT = 2, TERM = 15, HUP = 1, QUIT = 3 } do
      it(("report tells of SIG%s, and the host goes on, %s"):format(name,
        isolation), function()
        local text, status = stopped(name, ("isolation = %q, "):format(
          isolation) .. 'on_stop = "report"')
        assert.equal(("stopped\t%d\n"):format(number), text)
        assert.equal("0", status)
      end)
    end

    it("report leaves signals to the host after it, " .. isolation,
      function()
        local text, status = stopped("TERM", ("isolation = %q, "):format(
          isolation) .. 'on_stop = "report"',
          'io.stdout:flush() os.execute "kill -TERM $PPID"'
          .. ' print "still there"')
        assert.equal("stopped\t15\n", text)
        assert.equal("143", status)
      end)
  end

  for _, isolation in ipairs { "process", "inline" } do
    it("report keeps no second signal from the host, " .. isolation,
      function()
        local script = host.temporary()
        host.write_file(script, ([[
          local report = assert(require "zvm".run { program = %q,
            isolation = %q, on_stop = "report", timeout = "20s" })
          print(report.state)
        ]]):format(path, isolation))
        -- Both are there when it looks.
        local pipe = io.popen(("%s %s & p=$!; sleep 0.5; kill -STOP $p; "
          .. "kill -TERM $p; kill -HUP $p; kill -CONT $p; wait $p; echo $?")
          :format(LUA, script))
        local text = pipe:read "*a"
        pipe:close()
        os.remove(script)
        assert.truthy(text == "129\n" or text == "143\n", text)
      end)
  end

  it("raise is the default, and other words are refused", function()
    local text, status = stopped("TERM", 'on_stop = "raise"')
    assert.equal("", text)
    assert.equal("143", status)
    assert.same({ nil, 'zvm.run: on_stop: "raise" or "report" expected, got '
      .. '"keep"', "OPTION", n = 3 }, { n = 3,
      require "zvm".run { program = path, on_stop = "keep" } })
  end)
end)

describe("a run that waits for somebody to connect to", function()
  local nobody = host.temporary()
  os.remove(nobody)
  os.execute("mkfifo " .. nobody)
  teardown(function()
    os.remove(nobody)
  end)

  for what, spec in pairs {
    FIFO = ("path = %q"):format(nobody),
    ["unix socket"] = ("uri = %q"):format("unix:" .. nobody .. ".sock"),
    ["TCP socket"] = 'uri = "tcp:127.0.0.1:1"',
  } do
    local body, path = run_of(code.exit(0),
      ('{ out = { %s, mode = "w" } }'):format(spec))
    local timed = "local s = os.time() print(pcall(function() " .. body
      .. " end)) print(os.time() - s < 5)"
    teardown(function()
      os.remove(path)
    end)

    it("of a " .. what .. " is interrupted by SIGINT at once", function()
      local text = interrupted("INT", timed)
      assert.truthy(text:find("interrupted!", 1, true), text)
      assert.truthy(text:find "true\n$", text)
    end)

    it("of a " .. what .. " ends with the host on SIGTERM", function()
      local text, status = interrupted("TERM", body)
      assert.equal("", text)
      assert.equal("143", status)
    end)
  end
end)

describe("a started run with on_stop", function()
  local _, path = run_of(code.new():raw "eb fe":module())
  teardown(function()
    os.remove(path)
  end)

  local function stopped(signal, option, after)
    return interrupted(signal, ([[
      local session = assert(require "zvm".start { program = %q,
        on_stop = %q, timeout = "20s" })
      local report = assert(session:wait())
      print(report.state, report.signal)
      %s
    ]]):format(path, option, after or ""))
  end

  for name, number in pairs { INT = 2, TERM = 15, HUP = 1, QUIT = 3 } do
    it(("report tells of SIG%s that comes while it is waited for"):format(
      name), function()
      local text, status = stopped(name, "report")
      assert.equal(("stopped\t%d\n"):format(number), text)
      assert.equal("0", status)
    end)
  end

  it("report leaves signals to the host after it", function()
    local text, status = stopped("TERM", "report",
      'io.stdout:flush() os.execute "kill -TERM $PPID" print "still there"')
    assert.equal("stopped\t15\n", text)
    assert.equal("143", status)
  end)

  it("report leaves signals to the host before it is waited for", function()
    local text, status = interrupted("TERM", ([[
      local session = assert(require "zvm".start { program = %q,
        on_stop = "report", timeout = "20s" })
      os.execute "kill -TERM $PPID"
      print(session:wait().state)
    ]]):format(path))
    assert.is_nil(text:find "stopped")
    assert.equal("143", status)
  end)

  it("raise ends with the host", function()
    local text, status = stopped("TERM", "raise")
    assert.equal("", text)
    assert.equal("143", status)
  end)

  it("of another word is refused", function()
    assert.same({ nil, 'zvm.start: on_stop: "raise" or "report" expected, got '
      .. '"keep"', "OPTION", n = 3 }, { n = 3,
      require "zvm".start { program = path, on_stop = "keep" } })
  end)
end)

describe("a loop of the executable", function()
  local ZVM = "timeout --foreground -s KILL 20 " .. host.build() .. "/bin/zvm"
  local CAUGHT = "print(pcall(function() while true do end end))"

  it("is interrupted where pcall catches it", function()
    local text, status = interrupted("INT", "jit.off() " .. CAUGHT, nil, ZVM)
    assert.truthy(text:find "^false\t[^\n]*interrupted!\n$", text)
    assert.equal("0", status)
  end)

  it("that is compiled is ended by the second SIGINT", function()
    local text, status = interrupted("INT", CAUGHT, nil, ZVM,
      "sleep 0.3; kill -INT $process")
    assert.equal("", text)
    assert.equal("130", status)
  end)
end)
