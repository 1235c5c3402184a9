--- Signals that are meant for the host, while a guest runs.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local host = require "support.host"

local LUA = os.getenv "ZVM_TEST_LUA" or "lua5.1"

-- Run `body` in a process of its own with `signal` after half a second;
-- what it printed, and its exit status as the shell sees it.
local function interrupted(signal, body, before)
  local script = host.temporary()
  host.write_file(script, body)
  local pipe = io.popen(("%s timeout --preserve-status -s %s 0.5 %s %s 2>&1;"
    .. " echo $?"):format(before or "", signal, LUA, script))
  local text = pipe:read "*a"
  pipe:close()
  os.remove(script)
  return text:match "^(.-)(%d+)\n$"
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

describe("a guest that waits for input", function()
  local body, path = run_of(code.new():pread(0, 0x21000, 4096):exit(0)
    :module(), "{ stdin = { fd = 0 } }")
  teardown(function()
    os.remove(path)
  end)

  it("ends with the host on SIGTERM", function()
    local text, status = interrupted("TERM", body, "sleep 1 |")
    assert.equal("", text)
    assert.equal("143", status)
  end)

  it("is interrupted by SIGINT as Lua code would be", function()
    local text, status = interrupted("INT", body, "sleep 1 |")
    assert.truthy(text:find("interrupted!", 1, true), text)
    assert.equal("1", status)
  end)
end)
