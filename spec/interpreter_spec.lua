--- One guest, three interpreters, one report.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"

local INTERPRETERS = { "lua5.1", "luajit",
  host.build() .. "/luajit-noffi/bin/luajit" }

-- Prints all of a report but its times, in a fixed order.
local SCRIPT = [[
  local zvm = require "zvm"
  local function show(value, path)
    if type(value) ~= "table" then
      print(path, tostring(value))
      return
    end
    local keys = {}
    for key in pairs(value) do
      keys[#keys + 1] = key
    end
    table.sort(keys)
    for _, key in ipairs(keys) do
      show(value[key], path .. "." .. key)
    end
  end
  local function run(options)
    local report, message, code = zvm.run(options)
    if report then
      report.times, report.usage = nil, nil
    end
    show(report or { message, code }, "report")
  end
  local guests = %q
  run { program = guests .. "channel_ops.zvm",
    args = { "list", "put", "3", "0", "text", "drain", "4", "100" },
    channels = { a = { buffer = true, etag = true },
      b = { data = ("0123456789"):rep(100), etag = true } } }
  run { program = guests .. "arguments.zvm", args = { "one" },
    env = { C = "3", B = "2", A = "1" } }
  run { program = guests .. "faults.zvm", args = { "null-write" } }
  run { program = guests .. "faults.zvm", channels = { x = { fdd = 1 } } }
  run { program = "/nowhere" }
]]

describe("a report", function()
  it("is the same in every interpreter", function()
    local script = host.temporary()
    host.write_file(script, SCRIPT:format(host.build() .. "/guest/"))
    local first
    for _, lua in ipairs(INTERPRETERS) do
      local pipe = io.popen(("%s %s 2>&1"):format(lua, script))
      local text = pipe:read "*a"
      pipe:close()
      first = first or text
      assert.truthy(text:find("report.fault.kind\tmemory", 1, true), text)
      assert.equal(first, text, lua)
    end
    os.remove(script)
  end)
end)
