--- What is found wrong while a manifest is read.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}
M.__index = M

--- `strict`: what could be passed over is an error too.
function M.new(strict)
  return setmetatable({ strict = strict, errors = {}, warnings = {} }, M)
end

local function add(list, line, column, key, reason)
  list[#list + 1] = { line = line, column = column, key = key,
    reason = reason }
end

function M:fail(line, column, key, reason)
  add(self.errors, line, column, key, reason)
end

--- What strict = false lets pass.
function M:object(line, column, key, reason)
  add(self.strict and self.errors or self.warnings, line, column, key,
    reason)
end

--- By place; those of one place in the order in which they were found.
function M:sort()
  local at = {}
  for i, problem in ipairs(self.errors) do
    at[problem] = i
  end
  table.sort(self.errors, function(a, b)
    if a.line ~= b.line then
      return a.line < b.line
    elseif a.column ~= b.column then
      return a.column < b.column
    end
    return at[a] < at[b]
  end)
end

return M
