--- Assembly text in pieces: comments, statements, operands.
--
-- Knows GNU as syntax for x86 (AT&T) and nothing about instructions.
-- Every function keeps the number of lines, so that gas's messages and
-- line tables stay those of the input.
--
-- SPDX-License-Identifier: Apache-2.0

local M = {}

local find, sub = string.find, string.sub

--- Stop with a message; `rewrite` adds file and line.
function M.fail(message, remedy)
  error({ message = message, remedy = remedy }, 0)
end

-- End of the string literal that opens at `at`.
local function string_end(text, at)
  local i = at + 1
  while true do
    local j = find(text, '["\\\n]', i)
    if not j then return #text end
    local c = sub(text, j, j)
    if c == "\\" then
      i = j + 2
    elseif c == '"' then
      return j
    else
      return j - 1
    end
  end
end

--- Replace /* */ by a space, keeping newlines and string literals.
function M.strip_blocks(text)
  if not find(text, "/*", 1, true) then return text end
  local out, from, i = {}, 1, 1
  while true do
    local j = find(text, '["/#]', i)
    if not j then break end
    local c = sub(text, j, j)
    if c == '"' then
      i = string_end(text, j) + 1
    elseif c == "#" then
      i = find(text, "\n", j, true) or #text + 1
    elseif sub(text, j + 1, j + 1) == "*" then
      local stop = find(text, "*/", j + 2, true)
      if not stop then M.fail("comment does not end", "close it with */") end
      out[#out + 1] = sub(text, from, j - 1)
      out[#out + 1] = " "
      out[#out + 1] = (sub(text, j, stop):gsub("[^\n]", ""))
      from, i = stop + 2, stop + 2
    else
      i = j + 1
    end
  end
  out[#out + 1] = sub(text, from)
  return table.concat(out)
end

--- Cut one line into statements; `#` comments go.
function M.statements(line)
  local list, from, i = {}, 1, 1
  while true do
    local j = find(line, "[\"';#]", i)
    local c = j and sub(line, j, j)
    if c == '"' then
      i = string_end(line, j) + 1
    elseif c == "'" then
      i = j + (sub(line, j + 1, j + 1) == "\\" and 3 or 2)
    else
      local piece = sub(line, from, (j or 0) - 1):match "^%s*(.-)%s*$"
      if piece ~= "" then list[#list + 1] = piece end
      if c ~= ";" then return list end
      from, i = j + 1, j + 1
    end
  end
end

--- Cut operands at the commas outside parentheses and strings.
function M.operands(text)
  local list, from, i, depth = {}, 1, 1, 0
  if text == "" then return list end
  while true do
    local j = find(text, '[,()"]', i)
    local c = j and sub(text, j, j)
    if c == "(" then
      depth, i = depth + 1, j + 1
    elseif c == ")" then
      depth, i = depth - 1, j + 1
    elseif c == '"' then
      i = string_end(text, j) + 1
    elseif c == "," and depth > 0 then
      i = j + 1
    else
      list[#list + 1] = sub(text, from, (j or 0) - 1):match "^%s*(.-)%s*$"
      if not j then return list end
      from, i = j + 1, j + 1
    end
  end
end

return M
