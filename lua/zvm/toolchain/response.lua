--- Response files: `@file` stands for the arguments in the file.
--
-- As in gcc: words are parted by white space, quotes group, a backslash
-- takes the next character as it is, files nest. A file that cannot be read
-- leaves its word as it was.
--
-- SPDX-License-Identifier: Apache-2.0

local M = {}

local NESTED = 20 -- deeper than this is a file that names itself

local function words(text)
  local list, word, quote = {}, nil, nil
  local i = 1
  while i <= #text do
    local c = text:sub(i, i)
    if c == "\\" then
      i = i + 1
      word = (word or "") .. text:sub(i, i)
    elseif quote then
      if c == quote then quote = nil else word = word .. c end
    elseif c == '"' or c == "'" then
      quote, word = c, word or ""
    elseif c:find "%s" then
      if word then list[#list + 1] = word end
      word = nil
    else
      word = (word or "") .. c
    end
    i = i + 1
  end
  if word then list[#list + 1] = word end
  return list
end

local function expand(args, out, depth)
  for _, arg in ipairs(args) do
    local path = arg:match "^@(.+)$"
    local file = path and depth < NESTED and io.open(path, "rb")
    local text = file and file:read "*a"
    if file then file:close() end
    if text then
      expand(words(text), out, depth + 1)
    else
      out[#out + 1] = arg
    end
  end
  return out
end

--- All arguments, those in files in their places.
function M.expand(args)
  return expand(args, {}, 0)
end

--- A response file's text that means `args`.
function M.text(args)
  local list = {}
  for i, arg in ipairs(args) do
    list[i] = arg == "" and '""' or arg:gsub("[%s\\'\"]", "\\%0")
  end
  return table.concat(list, "\n") .. "\n"
end

return M
