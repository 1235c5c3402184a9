--- Pipelines: their description.
--
-- SPDX-License-Identifier: Apache-2.0
local cases = require "cases.pipeline"
local zvm = require "zvm"

describe("a description of a pipeline", function()
  for i, case in ipairs(cases) do
    it(("that is wrong is refused, case %d"):format(i), function()
      local p, message, code = zvm.pipeline(case[1])
      assert.is_nil(p)
      assert.equal(case[2], message)
      assert.equal("OPTION", code)
    end)
  end
end)
