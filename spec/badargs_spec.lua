--- Every function with every type of wrong argument: an error that says so.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local zvm = require "zvm"

local VALUES = {
  ["nil"] = nil, boolean = true, number = 5, string = "/nowhere",
  table = {}, ["function"] = print, userdata = io.stdout,
  thread = coroutine.create(function() end),
}
local TYPES = { "nil", "boolean", "number", "string", "table", "function",
  "userdata", "thread" }

local function assert_refused(fn, accepted, ...)
  for _, name in ipairs(TYPES) do
    if name ~= accepted then
      local ok, message = pcall(fn, VALUES[name], ...)
      assert.is_false(ok, name)
      assert.truthy(message:find "bad argument #1", message)
      assert.truthy(message:find("expected, got ", 1, true), message)
    end
  end
  assert.is_false((pcall(fn)))
end

local function assert_refused_second(f, first)
  local ok, message = pcall(f, first, 5)
  assert.is_false(ok)
  assert.truthy(message:find "bad argument #2", message)
end

describe("a wrong argument", function()
  it("of zvm.load is an error", function()
    assert_refused(zvm.load, "string")
    assert_refused_second(zvm.load, code.exit(0))
  end)

  it("of zvm.run is an error", function()
    assert_refused(zvm.run, "table")
  end)

  for _, name in ipairs { "validate", "survey" } do
    it("of zvm." .. name .. " is an error", function()
      assert_refused(zvm[name], "string")
      assert_refused_second(zvm[name], ("\144"):rep(32))
    end)
  end

  it("of a method is an error", function()
    local module = assert(zvm.load(code.exit(0)))
    for _, method in ipairs { "digest", "about", "close" } do
      assert_refused(module[method], nil)
    end
  end)

  it("too many changes nothing", function()
    local module = assert(zvm.load(code.exit(0), nil, 2, 3))
    assert.equal(0, zvm.run({ program = module }, 1, 2, 3).code)
  end)
end)
