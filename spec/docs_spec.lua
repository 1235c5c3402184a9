--- The code in the documentation runs.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"

describe("the Lua code in", function()
  teardown(function()
    require "zvm.re".close() -- its instance would stay, and take a worker
  end)

  for _, path in ipairs { "README.md", "docs/lua.md",
    "docs/etags.md", "docs/manifest.md", "docs/mapreduce.md",
    "docs/pipelines.md", "docs/jobs.md", "docs/memo.md", "docs/re.md",
    "docs/sandbox.md" } do
    local text = host.read_file(path)
    local n = 0
    for block in text:gmatch "\n```lua\n(.-)\n```" do
      n = n + 1
      it(("%s, block %d, runs"):format(path, n), function()
        local printed = {}
        -- Named by its text: functions in it may be sent to a sandbox.
        local chunk = assert(loadstring(block))
        setfenv(chunk, setmetatable({ print = function(...)
          printed[#printed + 1] = select("#", ...)
        end }, { __index = _G }))
        chunk()
      end)
    end
  end
end)
