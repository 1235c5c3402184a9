-- The guest's C library: spec/guest/*_check.c count their own checks.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"
local zvm = require "zvm"

local GUESTS = (os.getenv "ZVM_BUILD" or "build") .. "/guest/"

local function check(name, options)
  options.program = GUESTS .. name .. ".zvm"
  local report = assert(zvm.run(options))
  local said = report.channels.stdout.data .. report.channels.stderr.data
  assert.equal("exit", report.state, said)
  local checks, failed = said:match "(%d+) checks, (%d+) failed"
  assert.equal("0", failed, said)
  assert.is_true(tonumber(checks) > 20, said)
  assert.equal(0, report.code)
  return report
end

describe("the guest libc", function()
  it("formats, sorts, jumps, converts as the C standard says", function()
    check("libc_check", {
      args = { "one", "two words" },
      env = { ZVM_CHECK = "here" },
    })
  end)

  it("prints what the host's C library prints, a million times", function()
    local pipe = assert(io.popen(GUESTS .. "formats.native 1000000 5"))
    local expected = pipe:read "*a"
    pipe:close()
    local report = assert(zvm.run { program = GUESTS .. "formats.zvm",
      args = { "1000000", "5" }, timeout = "60s" })
    assert.equal("exit", report.state)
    assert.equal(16, select(2, expected:gsub("%x+\n", "")))
    assert.equal(expected, report.channels.stdout.data)
  end)

  it("computes what the mathematical functions should", function()
    check("math_check", {})
  end)

  for _, level in ipairs { "", "-v3" } do
    it("copies and searches at every alignment and size" .. level, function()
      check("string_check" .. level, {})
    end)

    it("touches nothing where memory ends" .. level, function()
      check("edges_check" .. level, {})
    end)
  end

  it("allocates, frees and runs out without harm", function()
    check("malloc_check", { memory = "64M" })
  end)

  it("links what a guest has not, and says so when it is called", function()
    check("absent_check", {})
  end)

  it("is whole: every symbol once, none undefined", function()
    local dir = os.tmpname()
    os.remove(dir)
    assert(os.execute("mkdir " .. dir))
    host.write_file(dir .. "/main.c", "int main(void) { return 0; }\n")
    local pipe = assert(io.popen(("lua/bin/zvm-cc -o %s/all %s/main.c"
      .. " -Wl,--whole-archive -lc -lzvmrt -Wl,--no-whole-archive 2>&1;"
      .. " echo code $?"):format(dir, dir)))
    local said = pipe:read "*a"
    pipe:close()
    local report = zvm.run { program = dir .. "/all" }
    os.execute("rm -r " .. dir)
    assert.equal("code 0\n", said)
    assert.equal("exit", assert(report).state)
    assert.equal(0, report.code)
  end)

  it("shows channels as files under their aliases", function()
    local path = host.temporary()
    local readable = { gets = "unlimited", get_bytes = "unlimited" }
    local report = check("file_check", {
      channels = {
        stdin = "from stdin\n",
        ["/dev/input"] = { data = "line one\nline two\nthe end\n", type = 1 },
        ["/dev/output"] = { path = path, mode = "r+" },
        ["/dev/log"] = { buffer = true, type = 1, limits = readable },
      },
    })
    assert.equal("HELLO world\n", host.read_file(path))
    os.remove(path)
    assert.equal("first\nsecond\n", report.channels["/dev/log"].data)
  end)
end)
