--- What a guest has not: docs/posix.md, and the calls that musl makes.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local zvm = require "zvm"

local BUILD = os.getenv "ZVM_BUILD" or "build"
local TREE = BUILD .. "/obj/musl/"

--- The first capture of each match, as a set.
local function set_of(text, pattern)
  local set = {}
  for name in text:gmatch(pattern) do
    set[name] = true
  end
  return set
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

--- System calls by name in the sources of what libc.a is made of.
local function calls_of_musl()
  local known = set_of(host.read_file(BUILD
    .. "/sysroot/include/bits/syscall.h"), "#define SYS_([%w_]+)")
  local calls, sources = {}, 0
  local pipe = assert(io.popen("find " .. TREE .. "obj/src -name '*.o'"))
  for object in pipe:lines() do
    local path = object:gsub("/obj/src/", "/tree/src/"):gsub("%.o$", ".c")
    local file = io.open(path)
    if file then
      sources = sources + 1
      for name in file:read "*a":gmatch "%f[%w_]SYS_([%w_]+)" do
        calls[name] = known[name]
      end
      file:close()
    end
  end
  pipe:close()
  assert(sources > 1000, "the libc's sources are not where they were")
  return calls
end

describe("what is not there", function()
  it("fails as docs/posix.md says", function()
    local program = BUILD .. "/guest/posix_check.zvm"
    local report = assert(zvm.run { program = program })
    local said = report.channels.stdout.data
    assert.equal("exit", report.state, said)
    assert.truthy(tonumber(said:match "(%d+) checks, 0 failed") > 100, said)
    assert.equal(0, report.code)
  end)

  it("is listed: each system call of the libc's, or there is a function",
    function()
      local own = set_of(host.read_file "stdlib/sys/zvm_calls.def",
        "CALL%(([%w_]+)%)")
      local section = host.read_file "docs/posix.md"
        :match "## Calls of the kernel\n(.*)"
      local listed, calls = set_of(section, "`([%w_]+)`"), calls_of_musl()
      local neither, both = {}, {}
      for name in pairs(calls) do
        neither[name] = not (own[name] or listed[name]) or nil
      end
      for name in pairs(listed) do
        both[name] = (own[name] or not calls[name]) or nil
      end
      assert.same({}, sorted(neither))
      assert.same({}, sorted(both))
    end)
end)
