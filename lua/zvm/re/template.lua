--- What gsub puts in: strings with %0 to %9, %{name} and %%, tables, functions.
--
-- SPDX-License-Identifier: Apache-2.0

local M = {}

local captured = require "zvm".host.captured
local sub = string.sub

-- The groups of a name or a number in braces, a list; nil: there are none.
local function groups_of(name, p)
  local index = name:find "^%d+$" and tonumber(name)
  return p.names[name] or index and index <= p.captures and { index } or nil
end

-- A template as a list of strings and of lists of groups, of which the first
-- that took part is meant; or nil, message.
local function parse(text, p)
  local parts, at = {}, 1
  while true do
    local from = text:find("%", at, true)
    if not from then break end
    if from > at then parts[#parts + 1] = sub(text, at, from - 1) end
    local char = sub(text, from + 1, from + 1)
    local name = text:match("^{([%w_\128-\255]+)}", from + 1)
    at = from + 2
    if name then
      local groups = groups_of(name, p)
      if not groups then
        return nil, ("no group %q in the pattern"):format(name)
      end
      parts[#parts + 1] = groups
      at = from + #name + 3
    elseif char == "%" then
      parts[#parts + 1] = "%"
    elseif char:find "%d" then
      local index = tonumber(char)
      -- %1 of a pattern without groups is the whole, as in string.gsub
      if index == 1 and p.captures == 0 then index = 0 end
      if index > p.captures then
        return nil, ("no group %d in the pattern"):format(index)
      end
      parts[#parts + 1] = { index }
    else
      return nil, "a digit, {name} or % expected after %"
    end
  end
  parts[#parts + 1] = sub(text, at)
  return parts
end

--- Of a string or number, a list for zvm.host.replace: strings, and lists of
-- groups. Of others a function(subject, matches, at) that gives what takes the
-- place of the match whose pairs begin at `at`, from 0, or nil to keep it. Or
-- nil, message.
function M.compile(replacement, p)
  local kind = type(replacement)
  if kind == "number" then
    replacement, kind = tostring(replacement), "string"
  end
  if kind == "string" then
    return parse(replacement, p)
  end
  local first = p.captures > 0 and 1 or 0
  local function checked(value)
    if not value then return nil end
    if type(value) ~= "string" and type(value) ~= "number" then
      error("invalid replacement value (a " .. type(value) .. ")", 0)
    end
    return tostring(value)
  end
  if kind == "table" then
    return function(subject, matches, at)
      return checked(replacement[captured(subject, matches, at + first, 1)])
    end
  end
  return function(subject, matches, at)
    return checked(replacement(captured(subject, matches, at + first,
      p.captures - first + 1)))
  end
end

return M
