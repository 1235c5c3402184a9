--- The corpora of the fuzzers survive being unpacked and packed again.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"

local function run(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

local function sorted(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  table.sort(lines)
  return lines
end

describe("spec/fuzz/corpus.lua", function()
  for _, name in ipairs { "text", "module" } do
    it("gives back the corpus of " .. name, function()
      local path = "spec/fuzz/corpus/" .. name .. ".txt"
      local folder = os.tmpname()
      os.remove(folder)
      run("mkdir " .. folder .. " && luajit spec/fuzz/corpus.lua unpack "
        .. path .. " " .. folder)
      local packed = run("luajit spec/fuzz/corpus.lua pack " .. folder)
      local size = tonumber(run("du -sk --apparent-size " .. folder)
        :match "^%d+")
      run("rm -rf " .. folder)
      assert.same(sorted(host.read_file(path)), sorted(packed))
      assert.is_true(size < 20000, tostring(size))
    end)
  end
end)
