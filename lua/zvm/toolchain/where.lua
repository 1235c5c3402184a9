--- Where a line of assembly came from, for messages.
--
-- Looks back from the line only once something is wrong: line markers of
-- the preprocessor first, then .loc, then the function's label. A place in
-- the compiler's own headers is none: their user is meant.
--
-- SPDX-License-Identifier: Apache-2.0

local M = {}

--- "file:line", or "file: in function f (name:line)" when only that is known;
-- and whether it is the line of the source.
function M.locate(text, number, name)
  local all, n = {}, 0
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    n = n + 1
    all[n] = line
    if n == number then break end
  end
  local files, unit = {}, nil
  for _, line in ipairs(all) do
    local id, rest = line:match '^%s*%.file%s+(%d*)%s*(".*)$'
    if id then
      local last
      for part in rest:gmatch '"([^"]*)"' do last = part end
      if id == "" then unit = last else files[id] = last end
    end
  end
  local func
  for i = n, 1, -1 do
    local line = all[i]
    local at, file = line:match '^#%s*(%d+)%s+"([^"]*)"'
    if at and file ~= "" then
      return ("%s:%d"):format(file, at + (n - i - 1)), true
    elseif at then
      break
    end
    local id, row = line:match "^%s*%.loc%s+(%d+)%s+(%d+)"
    if id and files[id] and not files[id]:find "/lib/gcc/.*/include" then
      return files[id] .. ":" .. row, true
    end
    func = func or line:match "^([%a_][%w_.$]*):"
  end
  if unit and func then
    return ("%s: in function %s (%s:%d)"):format(unit, func, name, n), false
  end
  return ("%s:%d"):format(name, n), true
end

return M
