--- Whether two functions are compiled from the same text.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local byte = string.byte

-- A number of LuaJIT's dumps, and the place behind it.
local function uleb(text, at)
  local value, scale = 0, 1
  while true do
    local b = byte(text, at)
    value, scale, at = value + b % 128 * scale, scale * 128, at + 1
    if b < 128 then
      return value, at
    end
  end
end

-- Where a prototype finds its upvalues: two bytes each, behind the code.
local function upvalues(body, is_stripped)
  local _, at = uleb(body, select(2, uleb(body, 5)))
  local size
  size, at = uleb(body, at)
  if not is_stripped then
    local lines
    lines, at = uleb(body, at)
    if lines > 0 then
      at = select(2, uleb(body, select(2, uleb(body, at))))
    end
  end
  return at + 4 * size, 2 * byte(body, 4)
end

-- LuaJIT's dump without places of upvalues: those are the surrounding
-- function's.
local function without_places(dump)
  local flags, at = uleb(dump, 5)
  local is_stripped, parts = flags % 4 >= 2, {}
  if not is_stripped then
    local length, name = uleb(dump, at)
    at = name + length
  end
  while true do
    local length
    length, at = uleb(dump, at)
    if length == 0 then
      return table.concat(parts)
    end
    local body = dump:sub(at, at + length - 1)
    local first, size = upvalues(body, is_stripped)
    parts[#parts + 1] = body:sub(1, first - 1)
    parts[#parts + 1] = body:sub(first + size)
    at = at + length
  end
end

--- Compare them, names and lines included.
function M.is_same(f, g)
  local a, b = string.dump(f), string.dump(g)
  if a ~= b and a:sub(1, 4) == "\27LJ\2" and b:sub(1, 4) == "\27LJ\2" then
    return without_places(a) == without_places(b)
  end
  return a == b
end

return M
