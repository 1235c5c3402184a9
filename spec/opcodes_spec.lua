--- The allow-list as a text: one line for each encoding.
--
-- SPDX-License-Identifier: Apache-2.0

-- Cells of the decoder's table that a line fills, as strings.
local function cells(line)
  local kind, where, pp, at = line:match "^(%u+)%((%w+), *(%w+), *(%w+), "
  local first = tonumber(at)
  local list = {}
  if not (kind == "OP" or kind == "OPR" or kind == "EXT" or kind == "GROUP")
  then
    return list
  end
  for _, prefix in ipairs(pp == "OS" and { "NP", "P66" } or { pp }) do
    for opcode = first, first + (kind == "OPR" and 7 or 0) do
      list[#list + 1] = ("%s %s %x"):format(where, prefix, opcode)
    end
  end
  return list
end

describe("core/isa/opcodes.def", function()
  local lines = {}
  for line in io.lines "core/isa/opcodes.def" do
    lines[#lines + 1] = line
  end

  it("has lines of six kinds and comments, and nothing else", function()
    local kinds = { OP = 5, OPR = 5, EXT = 5, GROUP = 4, BAD = 4,
      BADEXT = 4 }
    local comment = false
    local count = 0
    for _, line in ipairs(lines) do
      comment = comment or line:find "^/%*" ~= nil
      if not comment and line ~= "" then
        local kind, fields = line:match '^(%u+)(%b())'
        assert(kinds[kind], line)
        fields = fields:gsub('".-"', "name")
        local _, commas = fields:gsub(",", "")
        assert.equal(kinds[kind] - 1, commas, line)
        count = count + 1
      end
      comment = comment and line:find "%*/$" == nil
    end
    assert(count > 800)
  end)

  it("allows each encoding in one line only", function()
    local seen = {}
    for _, line in ipairs(lines) do
      for _, cell in ipairs(cells(line)) do
        assert(seen[cell] == nil or line:find '"nop"', line)
        seen[cell] = true
      end
    end
  end)
end)
