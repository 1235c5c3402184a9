--- Where the functions of a Lua source begin and end.
--
-- Reads tokens only: what is no Lua gives functions that are none, and who
-- compiles them finds out.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local find, match, sub = string.find, string.match, string.sub

local OPENS = { ["function"] = true, ["if"] = true, ["do"] = true,
  ["repeat"] = true }
local CLOSES = { ["end"] = true, ["until"] = true }

local function count_lines(text, from, to)
  local n, at = 0, from
  while true do
    at = find(text, "\n", at, true)
    if not at or at > to then
      return n
    end
    n, at = n + 1, at + 1
  end
end

-- The place behind a long bracket that begins at `at`, if one does.
local function skip_long(text, at)
  local level = match(text, "^%[(=*)%[", at)
  if level then
    local _, last = find(text, "]" .. level .. "]", at, true)
    return (last or #text) + 1
  end
end

local function skip_comment(text, at)
  return skip_long(text, at + 2) or find(text, "\n", at, true) or #text + 1
end

-- The place behind, and the last escape in it that Lua 5.1 takes for a letter.
local function skip_quoted(text, at)
  local quote = sub(text, at, at)
  local escape
  at = at + 1
  while true do
    at = find(text, '[\\"\'\n]', at)
    local c = at and sub(text, at, at)
    if not at then
      return #text + 1, escape
    elseif c == "\\" then
      escape = match(text, "^\\[xzu]", at) or escape
      at = match(text, "^z%s*()", at + 1) or at + 2
    elseif c == quote then
      return at + 1, escape
    elseif c == "\n" then
      return at, escape
    else
      at = at + 1
    end
  end
end

-- The place behind the token at `at`; the word, if it is one; of a string what
-- skip_quoted says.
local function token(text, at)
  local c = sub(text, at, at)
  if find(c, "[%a_]") then
    local word, behind = match(text, "^([%w_]+)()", at)
    return behind, word
  elseif find(c, "%d") then
    return match(text, "^[%w_.]+()", at)
  elseif c == "-" and sub(text, at + 1, at + 1) == "-" then
    return skip_comment(text, at)
  elseif c == "[" then
    return skip_long(text, at) or at + 1
  elseif c == '"' or c == "'" then
    local behind, escape = skip_quoted(text, at)
    return behind, nil, escape
  end
  return at + 1
end

local function close(found, text, open, behind, line)
  if open.word ~= "function" then
    return
  end
  local head, params = match(text, "^function([%w_.:%s]*)%(()", open.at)
  if head then
    local is_method = find(head, ":", 1, true)
    local comma = find(text, "^%s*%)", params) and "" or ", "
    found[#found + 1] = {
      first = open.line,
      head_last = open.line + count_lines(head, 1, #head),
      last = line,
      escape = found.escape_at and found.escape_at > open.at
        and found.escape or nil,
      text = "function(" .. (is_method and "self" .. comma or "")
        .. sub(text, params, behind - 1),
    }
  end
end

--- A list of all: `first` and `last` line, `head_last`, the line of the
-- parameters, and the `text` as an expression. `escape`, of each and of the
-- list: the last one in its strings that LuaJIT knows and Lua 5.1 does not.
function M.list(text)
  local found, open = {}, {}
  local at, line = match(text, "^#[^\n]*()") or 1, 1
  while true do
    at = find(text, "[%w_\"'%-%[\n]", at)
    if not at then
      return found
    end
    local behind, word, escape = token(text, at)
    if escape then
      found.escape, found.escape_at = escape, at
    end
    line = line + count_lines(text, at, behind - 1)
    if OPENS[word] then
      open[#open + 1] = { word = word, at = at, line = line }
    elseif CLOSES[word] and #open > 0 then
      close(found, text, table.remove(open), behind, line)
    end
    at = behind
  end
end

return M
