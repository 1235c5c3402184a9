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

-- A whole number as a word of 4 bytes.
local function word(n)
  return string.char(n % 0x100, math.floor(n / 0x100) % 0x100,
    math.floor(n / 0x10000) % 0x100, math.floor(n / 0x1000000))
end

local GROUPS = 2 ^ 31

local function put_text(parts, text)
  parts[#parts + 1] = word(#text) .. text
end

local function put_groups(parts, groups)
  parts[#parts + 1] = word(GROUPS + #groups)
  for _, index in ipairs(groups) do
    parts[#parts + 1] = word(index)
  end
end

-- As zvm.host.replace takes it; or nil, message.
local function parse(text, p)
  local parts, at = {}, 1
  while true do
    local from = text:find("%", at, true)
    if not from then break end
    if from > at then put_text(parts, sub(text, at, from - 1)) end
    local char = sub(text, from + 1, from + 1)
    local name = text:match("^{([%w_\128-\255]+)}", from + 1)
    at = from + 2
    if name then
      local groups = groups_of(name, p)
      if not groups then
        return nil, ("no group %q in the pattern"):format(name)
      end
      put_groups(parts, groups)
      at = from + #name + 3
    elseif char == "%" then
      put_text(parts, "%")
    elseif char:find "%d" then
      local index = tonumber(char)
      -- %1 of a pattern without groups is the whole, as in string.gsub
      if index == 1 and p.captures == 0 then index = 0 end
      if index > p.captures then
        return nil, ("no group %d in the pattern"):format(index)
      end
      put_groups(parts, { index })
    else
      return nil, "a digit, {name} or % expected after %"
    end
  end
  put_text(parts, sub(text, at))
  return table.concat(parts)
end

--- Of a string or number, a template for zvm.host.replace. Of others a
-- function(subject, matches, at) that gives what takes the place of the match
-- whose pairs begin at `at`, from 0, or nil to keep it. Or nil, message.
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
