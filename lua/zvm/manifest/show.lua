--- What a user wrote, as part of a message of one line.
--
-- SPDX-License-Identifier: Apache-2.0
local distance = require "zvm.distance"

local M = {}

local LONGEST = 60

local function escape(byte)
  return ("\\%03d"):format(byte:byte())
end

--- At most 60 bytes of it, printable.
function M.text(text)
  local cut = #text > LONGEST
  local shown = text:sub(1, LONGEST):gsub("[^\32-\126]", escape)
  return shown .. (cut and "..." or "")
end

function M.quote(text)
  return '"' .. M.text(text) .. '"'
end

--- Any Lua value: a string quoted, a number, else its type.
function M.value(value)
  if type(value) == "string" then
    return M.quote(value)
  elseif type(value) == "number" then
    return ("%.14g"):format(value)
  end
  return type(value)
end

--- The name in a list that is nearest to another one; the first of several. An
-- abbreviation is as near as can be.
function M.nearest(name, list)
  local best, least
  name = name:sub(1, 40):lower()
  for _, candidate in ipairs(list) do
    local known = candidate:lower()
    local d = name ~= "" and known:sub(1, #name) == name and 0
      or distance(name, known)
    if not least or d < least then
      best, least = candidate, d
    end
  end
  return best
end

return M
