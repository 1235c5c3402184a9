--- Every example with an expected.txt prints what that says.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local lfs = require "lfs"

local LUA = os.getenv "ZVM_TEST_LUA" or "lua5.1"

describe("example", function()
  local names = {}
  for name in lfs.dir "examples" do
    if lfs.attributes("examples/" .. name .. "/expected.txt") then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    it(name .. " prints what it should", function()
      local folder = "examples/" .. name
      local pipe = io.popen(LUA .. " " .. folder .. "/run.lua 2>&1")
      local text = pipe:read "*a"
      pipe:close()
      assert.equal(host.read_file(folder .. "/expected.txt"), text)
    end)
  end
end)
